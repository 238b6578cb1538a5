"""Who sells over HTTP: on documents from the next invoice on, refused whole where something is wrong."""

from base64 import b64encode
from collections.abc import AsyncIterator
from typing import Any

import pytest

from billflow.client import AsyncClient, seller
from billflow.domain.scopes import Scope
from billflow.models.contracts.seller import SellerDocument
from tests.api.shop import TEAM, Shop, opened
from tests.api_environment import ApiEnvironment
from tests.documents.test_logo import png, svg

ADDRESS = {"street": "Lindenstr. 1", "postal_code": "10969", "city": "Berlin", "country": "DE"}
BANK = {"account_holder": "Muster GmbH", "iban": "DE89 3704 0044 0532 0130 00", "bic": "COBADEFFXXX"}
SELLER: dict[str, Any] = {
    "legal_name": "Muster GmbH",
    "address": ADDRESS,
    "vat_number": "DE136695976",
    "bank": BANK,
    "numbering": {"prefix": "INV"},
    "payment_terms": {"days_until_due": 30, "purchase_days_until_due": 7},
}


@pytest.fixture
async def shop(env: ApiEnvironment) -> AsyncIterator[Shop]:
    """Yield an organization of its own."""
    async with opened(env) as shop:
        yield shop


async def sent_purchase(shop: Shop) -> dict[str, Any]:
    """Return the invoice of a purchase that was sent, once it is at Stripe."""
    customer_id, clock_id = await shop.customer(4, 0)
    buyer = {"billing_address": ADDRESS, "erp_customer_number": f"K-{customer_id[:6]}"}
    await shop.asked("PATCH", f"/customers/{customer_id}", **buyer)
    company = {"legal_name": "Käufer AG", "tax_id": "DE129273398"}
    await shop.asked("PUT", f"/customers/{customer_id}/settings", company=company)
    plan = await shop.plan(customer_id, clock_id, collection_method="send_invoice", licenses=4)
    [invoice] = (await shop.asked("GET", f"/plans/{plan['id']}/invoices"))["invoices"]
    return await shop.asked("GET", f"/invoices/{invoice['id']}")


async def pdf(shop: Shop, invoice: dict[str, Any]) -> tuple[bytes, str]:
    """Return an invoice as PDF, and what the file is called."""
    answer = await shop.api.get(f"/api/v1/invoices/{invoice['id']}/pdf")
    return answer.content, answer.headers["content-disposition"]


async def test_an_invoice_is_issued_by_the_seller_and_never_changes_with_it(shop: Shop, env: ApiEnvironment) -> None:
    await shop.sells(team=TEAM)
    applied = await shop.asked("PUT", "/seller", **SELLER, reason="ours")
    await shop.asked("PUT", "/seller/logo", image=b64encode(png()).decode())
    assert (applied["version"], applied["reason"], applied["bank"]["iban"]) == (1, "ours", "DE89370400440532013000")

    invoice = await sent_purchase(shop)
    number, year = invoice["number"], invoice["issued_at"][:4]
    before = await pdf(shop, invoice)

    held = await env.engine.gateway.client.v1.invoices.retrieve_async(invoice["stripe_invoice_id"])
    assert (number, held.number) == (f"INV-{year}-00001", number)
    assert before[1] == f"inline; filename*=UTF-8''{number}.pdf"
    assert (invoice["buyer"]["legal_name"], invoice["buyer"]["tax_id"]) == ("Käufer AG", "DE129273398")
    found = (await shop.asked("GET", f"/invoices?number={number.lower()}"))["invoices"]
    assert [one["id"] for one in found] == [invoice["id"]]
    page = await env.engine.documents.html(shop.env.org_id, invoice["id"])
    for text in ("Käufer AG", "DE129273398", "DE136695976", "DE89 3704 0044 0532 0130 00", number, "data:image/png"):
        assert text in page

    await shop.asked("DELETE", "/seller/logo")
    await shop.asked("PUT", "/seller", legal_name="Neu SE", address=ADDRESS | {"city": "Bonn"})
    await shop.asked("PATCH", f"/customers/{invoice['customer_id']}", name="Neuer Name", billing_address=None)

    assert await pdf(shop, invoice) == before


async def test_what_is_wrong_is_one_sentence_with_its_field_and_nothing_is_applied(shop: Shop) -> None:
    applied = await shop.asked("PUT", "/seller", **SELLER)
    wrong: list[tuple[dict[str, Any], str, str]] = [
        ({"vat_number": "ATU13585627"}, "vat_number", "is of AT, but address.country is DE; correct one of them."),
        ({"vat_number": "DE136695977"}, "vat_number", "is no VAT number of DE"),
        ({"bank": BANK | {"iban": "DE88 3704 0044 0532 0130 00"}}, "bank.iban", "is no IBAN; copy it"),
        ({"bank": BANK | {"bic": "COBA"}}, "bank.bic", "is no BIC"),
        ({"numbering": {"prefix": "inv/"}}, "numbering.prefix", "use 1 to 12 of A to Z and 0 to 9"),
        ({"default_currency": "EURO"}, "default_currency", "is no ISO 4217 currency"),
        ({"address": {"street": "Lindenstr. 1", "country": "DE"}}, "address.city", "is missing; add it."),
        ({"logo": "logo.png"}, "logo", "leave it out."),
        (
            {"vat_number": None, "e_invoice": True},
            "e_invoice",
            "add vat_number or registration_number, or leave it out",
        ),
    ]
    for change, field, said in wrong:
        answer = await shop.api.put("/api/v1/seller", json=SELLER | change)
        assert answer.status_code == 422, answer.text
        [error] = answer.json()["errors"]
        assert (error["field"], said in error["message"]) == (field, True), answer.text

    script = b64encode(svg("<script>alert(1)</script>")).decode()
    refused = await shop.api.put("/api/v1/seller/logo", json={"image": script})
    assert (refused.status_code, refused.json()["code"]) == (422, "bad_logo")
    large = b64encode(bytes(20 * 1024 * 1024)).decode()
    refused = await shop.api.put("/api/v1/seller/logo", json={"image": large})
    assert (refused.status_code, refused.json()["detail"]) == (413, "The body is too large; send less at once.")
    assert await shop.asked("GET", "/seller") == applied


async def test_an_administrator_applies_a_seller_and_everyone_may_look(shop: Shop, env: ApiEnvironment) -> None:
    org_id = shop.env.org_id
    async with AsyncClient(env.api_url, await env.key(org_id=org_id), trust_env=False) as admin:
        applied = await admin.do(
            seller.apply(SellerDocument.model_validate({"legal_name": "Muster GmbH", "address": ADDRESS}))
        )
        drawn = await admin.do(seller.upload_logo(svg("<rect width='9' height='9'/>")))
        assert (applied.version, drawn.version, drawn.logo) == (1, 2, "image/svg+xml")
        assert await admin.do(seller.show()) == drawn
        assert b"<rect" in await admin.do(seller.logo())
        picture = await shop.api.get("/api/v1/seller/logo")
        assert (picture.headers["content-type"], b"<rect" in picture.content) == ("image/svg+xml", True)
        assert (await admin.do(seller.remove_logo())).logo is None

    async with env.client(await env.key(Scope.READ, Scope.WRITE, Scope.SUPPORT, org_id=org_id)) as others:
        assert (await others.get("/api/v1/seller")).json()["legal_name"] == "Muster GmbH"
        for method, path in (("PUT", "seller"), ("PUT", "seller/logo"), ("DELETE", "seller/logo")):
            answer = await others.request(method, f"/api/v1/{path}", json={})
            assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")
