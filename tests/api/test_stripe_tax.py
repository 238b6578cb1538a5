"""Tax by Stripe over HTTP: what Stripe adds is kept line by line, and both sides agree to the cent."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.api.shop import TEAM, Shop, opened
from tests.api.test_seller import SELLER
from tests.api.test_tax import RATES, bought, found, invoices_of
from tests.api_environment import ApiEnvironment, until


@pytest.fixture
async def shop(env: ApiEnvironment) -> AsyncIterator[Shop]:
    """Yield an organization in Germany that sells a tier."""
    async with opened(env) as shop:
        await shop.sells(team=TEAM)
        await shop.asked("PUT", "/seller", **SELLER)
        yield shop


async def paid(shop: Shop, invoice: dict[str, Any]) -> dict[str, Any]:
    """Return an invoice once it is paid."""

    async def is_paid() -> bool:
        return bool((await shop.asked("GET", f"/invoices/{invoice['id']}"))["status"] == "paid")

    await until(is_paid)
    return await shop.asked("GET", f"/invoices/{invoice['id']}")


@pytest.mark.full
async def test_an_invoice_keeps_what_stripe_adds_and_adjustments_take_it_along(shop: Shop) -> None:
    applied = await shop.asked("PUT", "/tax", mode="stripe")
    assert (applied["mode"], applied["versions"][0]["holds"]) == ("stripe", True)
    invoice = await bought(shop, "FR")
    assert [(line["kind"], line["amount"], line["tax"]) for line in invoice["lines"]] == [
        ("initial_upgrade", 10_000, 2000),
        ("tax", 2000, 2000),
    ]
    [shown] = invoice["taxes"]
    assert [shown[name] for name in ("category", "jurisdiction", "percent", "base", "tax", "inclusive")] == [
        "standard",
        "FR",
        "20",
        10_000,
        2000,
        False,
    ]
    assert (invoice["total"], invoice["amount_paid"], invoice["status"]) == (12_000, 12_000, "paid")
    assert (invoice["automatic_tax"], invoice["tax_known"]) == (True, True)
    there = await shop.at_stripe(invoice)
    assert (there.total, there.amount_paid, there.automatic_tax.status) == (12_000, 12_000, "complete")
    told = await shop.asked("GET", f"/invoices/{invoice['id']}/explain")
    assert told["lines"][1]["sentence"] == "VAT 20% for FR: 20% of EUR 100 = EUR 20, as Stripe computed it."
    assert "VAT" in await shop.env.engine.documents.html(shop.env.org_id, invoice["id"])

    asked = {"lines": [{"line_id": invoice["lines"][0]["id"], "amount": 2501}], "refund_method": "balance"}
    note = await shop.asked("POST", f"/invoices/{invoice['id']}/credit-notes", **asked)
    assert (note["amount"], [(one["base"], one["tax"]) for one in note["taxes"]]) == (3001, [(2501, 500)])
    notes = await shop.env.engine.gateway.client.v1.credit_notes.list_async({"invoice": there.id})
    assert [one.total for one in notes.data] == [3001]
    refund = await shop.asked("POST", f"/invoices/{invoice['id']}/refund")
    assert [(one["base"], one["tax"]) for one in refund["taxes"]] == [(7499, 1500)]
    report = await shop.asked("GET", f"/customers/{invoice['customer_id']}/report")
    assert [(one["invoiced"], one["tax"]) for one in report["plans"]] == [(12_000, 0)]
    assert await found(shop) == ()


@pytest.mark.full
async def test_a_renewal_is_forecast_net_and_issued_with_tax(shop: Shop) -> None:
    await shop.asked("PUT", "/tax", mode="stripe")
    invoice = await bought(shop, "DE")
    plan = await shop.asked("GET", f"/plans/{invoice['plan_id']}")
    [coming, *_] = (await shop.asked("GET", f"/plans/{plan['id']}/forecast"))["invoices"]
    assert (coming["total"], coming["automatic_tax"], len(coming["lines"])) == (10_000, True, 1)
    await shop.asked("POST", f"/test-clocks/{plan['test_clock_id']}/advance", to="2026-04-15T10:00:00Z")
    [made, _] = await invoices_of(shop, plan)
    renewal = await paid(shop, made)
    assert (renewal["total"], renewal["tax_known"], (await shop.at_stripe(renewal)).total) == (11_900, True, 11_900)
    assert await found(shop) == ()


@pytest.mark.full
async def test_prices_contain_the_tax_where_they_do_at_stripe(shop: Shop) -> None:
    await shop.asked("PUT", "/tax", mode="stripe")
    await shop.env.control("POST", "/settings", tax_behavior="inferred_by_currency")
    try:
        invoice = await bought(shop, "DE")
    finally:
        await shop.env.control("POST", "/settings", tax_behavior="exclusive")
    [shown] = invoice["taxes"]
    assert [shown[name] for name in ("base", "tax", "inclusive")] == [8403, 1597, True]
    assert (invoice["total"], invoice["tax"], (await shop.at_stripe(invoice)).total) == (10_000, 1597, 10_000)
    note = await shop.asked("POST", f"/invoices/{invoice['id']}/credit-notes", amount=2000, refund_method="balance")
    assert (note["amount"], [(one["base"], one["tax"]) for one in note["taxes"]]) == (2000, [(1681, 319)])
    assert await found(shop) == ()


@pytest.mark.full
async def test_a_vat_number_reaches_stripe_and_reverses_the_charge(shop: Shop) -> None:
    await shop.asked("PUT", "/tax", mode="stripe")
    invoice = await bought(shop, "FR", "FR83404833048", "fr-FR")
    assert (invoice["total"], invoice["taxes"][0]["category"]) == (10_000, "reverse_charge")
    there = await shop.at_stripe(invoice)
    assert [(one.type, one.value) for one in there.customer_tax_ids or []] == [("eu_vat", "FR83404833048")]
    assert there.customer_address is not None
    assert (there.customer_address.city, there.customer_address.country) == ("Paris", "FR")
    assert "Autoliquidation" in await shop.env.engine.documents.html(shop.env.org_id, invoice["id"])


@pytest.mark.full
async def test_an_invoice_that_was_made_by_own_rates_is_not_taxed_twice(shop: Shop) -> None:
    await shop.asked("PUT", "/tax", **RATES)
    old = await bought(shop, "FR")
    await shop.asked("PUT", "/tax", mode="stripe", starts_on="2026-02-01")
    again = await shop.asked("POST", f"/invoices/{old['id']}/reissue")
    assert (again["total"], again["automatic_tax"]) == (12_000, False)
    assert (await shop.at_stripe(await paid(shop, again))).total == 12_000
    assert await found(shop) == ()


@pytest.mark.full
async def test_a_taxed_invoice_is_void_with_its_tax(shop: Shop) -> None:
    await shop.asked("PUT", "/tax", mode="stripe")
    customer_id, clock_id = await shop.customer(4, 0)
    await shop.asked("PATCH", f"/customers/{customer_id}", billing_address={"country": "DE"})
    plan = await shop.plan(customer_id, clock_id, collection_method="send_invoice", licenses=4)
    [invoice] = await invoices_of(shop, plan)
    assert (invoice["total"], invoice["status"]) == (11_900, "open")
    await shop.asked("POST", f"/invoices/{invoice['id']}/void", waived=True)
    await shop.until_void_at_stripe(invoice)
    report = await shop.asked("GET", f"/customers/{customer_id}/report")
    assert [(one["invoiced"], one["tax"]) for one in report["plans"]] in ([], [(0, 0)])
    assert await found(shop) == ()
