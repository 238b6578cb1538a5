"""A portal is its seller's: its name, its logo, and where questions go."""

from base64 import b64encode
from http import HTTPStatus

import httpx
import pytest

from tests.api_environment import ApiEnvironment
from tests.portal.visitors import visiting

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><rect width="9" height="9"/></svg>'
SELLER = {
    "legal_name": "Example Software GmbH",
    "address": {"street": "Lindenstr. 1", "postal_code": "10969", "city": "Berlin", "country": "DE"},
    "email": "billing@example.com",
}


@pytest.mark.full
async def test_the_pages_have_the_sellers_name_logo_and_address(env: ApiEnvironment) -> None:
    org_id = await env.engine.repositories.organizations.ensure("portal-seller")
    async with env.client(await env.key(org_id=org_id)) as api:
        customer = await _customer(api)
        async with visiting(env, api, customer) as browser:
            before, none = await browser.get("/"), await browser.get("/logo")
            (await api.put("/api/v1/seller", json=SELLER)).raise_for_status()
            named = await browser.get("/")
            (await api.put("/api/v1/seller/logo", json={"image": b64encode(SVG).decode()})).raise_for_status()
            drawn, logo = await browser.get("/"), await browser.get("/logo")

    assert "portal-seller" in before.text
    assert none.status_code == HTTPStatus.NOT_FOUND
    assert '<span class="brand">Example Software GmbH</span>' in named.text
    assert "Questions? Write to billing@example.com." in named.text
    assert '<img src="/portal/logo" alt="Example Software GmbH">' in drawn.text
    assert (logo.headers["content-type"], b"<rect" in logo.content) == ("image/svg+xml", True)
    assert logo.headers["content-security-policy"] == "default-src 'none'; style-src 'unsafe-inline'"


async def _customer(api: httpx.AsyncClient) -> str:
    made = await api.post("/api/v1/customers", json={"name": "Acme", "email": "acme@acme.example"})
    return str(made.raise_for_status().json()["id"])
