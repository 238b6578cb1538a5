"""Invoices handed out by the API, to their own organization only."""

import httpx
import pytest

from tests.api_environment import ApiEnvironment
from tests.documents.test_pdf_and_html import pages

ASKED = {"tier": "cloud_standard", "schedule": "monthly", "license_management": "manual", "licenses": 7}


@pytest.mark.full
async def test_an_invoice_can_be_fetched_as_pdf(api: httpx.AsyncClient, env: ApiEnvironment) -> None:
    customer = await env.customer()
    bought = await api.post("/api/v1/plans", json={"customer_id": customer.customer_id, **ASKED})
    plan = bought.json()["plan"]
    [invoice] = (await api.get(f"/api/v1/plans/{plan['id']}/invoices")).json()["invoices"]

    answer = await api.get(f"/api/v1/invoices/{invoice['id']}/pdf")

    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    assert pages(answer.content) == 1


async def test_an_invoice_of_nobody_is_not_found(api: httpx.AsyncClient) -> None:
    answer = await api.get("/api/v1/invoices/00000000-0000-4000-8000-000000000000/pdf")

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
