"""A customer that has lived through all that moves money, for tests that look at what it left."""

import httpx
import pytest

from tests.api_environment import ApiEnvironment
from tests.customers.fixtures import Json, at
from tests.customers.test_money import subscriber


async def invoices_of(api: httpx.AsyncClient, customer: Json) -> list[Json]:
    """Return the customer's invoices in full, the oldest first."""
    listed = (await api.get("/api/v1/invoices", params={"customer_id": customer["id"]})).json()["invoices"]
    return [(await api.get(f"/api/v1/invoices/{one['id']}")).json() for one in reversed(listed)]


@pytest.fixture(scope="package")
async def lived(api: httpx.AsyncClient, env: ApiEnvironment) -> Json:
    """Return a customer that had a credit, a refund, notes, a reissue, a bank transfer, a write-off and a debt.

    Nothing changes it any more: what it left is looked at from several sides.
    """
    customer, clock = await subscriber(api, env, "monthly")
    plan = (await api.get("/api/v1/plans", params={"customer_id": customer["id"]})).json()["plans"][0]["id"]

    async def month(until: str, asked: dict[str, Json]) -> None:
        await api.post(f"/api/v1/test-clocks/{clock}/advance", json={"to": f"2026-{until}T00:00:00Z"})
        newest = (await invoices_of(api, customer))[-1]["id"]
        for path, body in asked.items():
            (await api.post(f"/api/v1/invoices/{newest}/{path}", json=body)).raise_for_status()

    await api.post(at(customer, "credits"), json={"amount": 2500, "reason": "outage"})
    await month("01-20", {"refund": {"amount": 1000}, "credit-notes": {"amount": 500, "refund_method": "balance"}})
    await month("02-16", {"credit-notes": {"amount": 700}})
    command = {"type": "set_collection_method", "collection_method": "send_invoice"}
    (await api.post(f"/api/v1/plans/{plan}/commands", json=command)).raise_for_status()
    await month("03-16", {"credit-notes": {"amount": 300}, "reissue": {}})
    await month("03-17", {"mark-paid": {"reference": "transfer 4711"}})
    await month("04-16", {"mark-uncollectible": {"reason": "insolvent"}})
    await month("05-16", {})
    return customer
