"""Tax over HTTP: own rates applied, invoices taxed here and at Stripe, credited with their tax; refused whole."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from billflow.client import AsyncClient, tax
from billflow.domain.scopes import Scope
from billflow.models.contracts.reconciliation import FindingRecord, ReconciliationInput, ReconciliationScope
from billflow.models.contracts.tax_rates import TaxDocument
from billflow.temporal.workflow_starts import reconciliation_workflow
from tests.api.shop import TEAM, Shop, opened
from tests.api.test_seller import SELLER
from tests.api_environment import ApiEnvironment, until

RATES: dict[str, Any] = {
    "mode": "own_rates",
    "oss": True,
    "rates": [
        {"country": "DE", "name": "USt", "percent": "19"},
        {"country": "FR", "name": "TVA", "percent": "20"},
    ],
}


@pytest.fixture
async def shop(env: ApiEnvironment) -> AsyncIterator[Shop]:
    """Yield an organization in Germany that sells a tier."""
    async with opened(env) as shop:
        await shop.sells(team=TEAM)
        await shop.asked("PUT", "/seller", **SELLER)
        yield shop


async def bought(
    shop: Shop, country: str, tax_id: str | None = None, language: str = "de-DE", **place: str
) -> dict[str, Any]:
    """Return the paid purchase of a new customer in that country: 4 licenses for 100.00 a quarter."""
    customer_id, clock_id = await shop.customer(4, 0)
    address = {"street": "1, rue de la Paix", "city": "Paris", "country": country, **place}
    await shop.asked("PATCH", f"/customers/{customer_id}", billing_address=address, default_language=language)
    if tax_id:
        await shop.asked("PUT", f"/customers/{customer_id}/settings", company={"tax_id": tax_id})
    plan = await shop.plan(customer_id, clock_id)
    [invoice] = (await shop.asked("GET", f"/plans/{plan['id']}/invoices"))["invoices"]
    return await shop.asked("GET", f"/invoices/{invoice['id']}")


async def is_reported(shop: Shop, invoice: dict[str, Any], invoiced: int, tax: int) -> bool:
    """Tell whether the customer's report has these sums, as it has once Stripe has carried out what was asked."""
    report = await shop.asked("GET", f"/customers/{invoice['customer_id']}/report")
    return [(one["invoiced"], one["tax"]) for one in report["plans"]] == [(invoiced, tax)]


async def test_an_invoice_has_its_tax_here_and_at_stripe_and_adjustments_take_it_along(shop: Shop) -> None:
    applied = await shop.asked("PUT", "/tax", **RATES, reason="ours")
    assert (applied["version"], applied["mode"], applied["versions"][0]["holds"]) == (1, "own_rates", True)

    invoice = await bought(shop, "FR")
    assert [(line["kind"], line["amount"], line["tax"]) for line in invoice["lines"]] == [
        ("initial_upgrade", 10_000, 2000),
        ("tax", 2000, 2000),
    ]
    [shown] = invoice["taxes"]
    assert (shown["category"], shown["jurisdiction"], shown["percent"]) == ("standard", "FR", "20")
    assert (shown["base"], shown["tax"], invoice["total"], invoice["status"]) == (10_000, 2000, 12_000, "paid")
    held = await shop.at_stripe(invoice)
    assert (held.total, held.amount_paid) == (12_000, 12_000)
    told = await shop.asked("GET", f"/invoices/{invoice['id']}/explain")
    assert told["lines"][1]["sentence"] == "TVA 20% for FR: 20% of EUR 100 = EUR 20."

    [license_line, tax_line] = invoice["lines"]
    asked = {"lines": [{"line_id": license_line["id"], "amount": 2501}], "refund_method": "balance"}
    note = await shop.asked("POST", f"/invoices/{invoice['id']}/credit-notes", **asked)
    assert (note["amount"], [line["amount"] for line in note["lines"]]) == (3001, [2501, 500])
    assert [(one["base"], one["tax"]) for one in note["taxes"]] == [(2501, 500)]
    await until(lambda: is_reported(shop, invoice, 12_000, 1500))
    refund = await shop.asked("POST", f"/invoices/{invoice['id']}/refund")
    assert [(one["base"], one["tax"]) for one in refund["taxes"]] == [(7499, 1500)]
    await until(lambda: is_reported(shop, invoice, 12_000, 0))
    tax_alone = {"lines": [{"line_id": tax_line["id"]}]}
    refused = await shop.api.post(f"/api/v1/invoices/{invoice['id']}/credit-notes", json=tax_alone)
    assert refused.json()["code"] == "line_not_creditable"


@pytest.mark.full
async def test_a_business_abroad_reads_why_it_is_charged_no_tax_and_what_follows_has_none(
    shop: Shop, env: ApiEnvironment
) -> None:
    await shop.asked("PUT", "/tax", **RATES)
    invoice = await bought(shop, "FR", "FR83404833048", "fr-FR")
    [told] = invoice["taxes"]
    assert (invoice["total"], told["category"], told["percent"]) == (10_000, "reverse_charge", "0")
    page = await env.engine.documents.html(shop.env.org_id, invoice["id"])
    assert "Autoliquidation" in page
    assert "FR83404833048" in page


@pytest.mark.full
async def test_two_rates_are_told_in_one_order_and_credited_to_the_cent(shop: Shop) -> None:
    federal = {"country": "CA", "name": "GST", "percent": "5"}
    provincial = {"country": "CA", "region": "QC", "name": "QST", "percent": "9.975", "adds_to_country": True}
    await shop.asked("PUT", "/tax", **RATES | {"rates": [*RATES["rates"], federal, provincial]})
    invoice = await bought(shop, "CA", state="QC")
    told = [(one["name"], one["percent"], one["base"], one["tax"]) for one in invoice["taxes"]]
    assert told == [("GST", "5", 10_000, 500), ("QST", "9.975", 10_000, 998)]

    credited = []
    for amount in (3333, 3333, 4832):
        asked = {"amount": amount, "refund_method": "balance"}
        note = await shop.asked("POST", f"/invoices/{invoice['id']}/credit-notes", **asked)
        credited.append([(one["name"], one["base"], one["tax"]) for one in note["taxes"]])
    assert credited == [
        [("GST", 2899, 145), ("QST", 2899, 289)],
        [("GST", 2898, 145), ("QST", 2898, 290)],
        [("GST", 4203, 210), ("QST", 4203, 419)],
    ]


@pytest.mark.full
async def test_an_invoice_that_lacked_a_vat_number_is_issued_again_without_tax(shop: Shop) -> None:
    await shop.asked("PUT", "/tax", **RATES)
    old = await bought(shop, "FR")
    same = await shop.asked("POST", f"/invoices/{old['id']}/reissue/preview")
    assert (same["invoice"]["total"], [line["amount"] for line in same["invoice"]["lines"]]) == (12_000, [10_000, 2000])
    company = {"tax_id": "FR83404833048"}
    await shop.asked("PUT", f"/customers/{old['customer_id']}/settings", company=company)
    made = await shop.asked("POST", f"/invoices/{old['id']}/reissue")
    assert (made["total"], [one["category"] for one in made["taxes"]]) == (10_000, ["reverse_charge"])
    [note] = (await shop.asked("GET", f"/invoices/{old['id']}/adjustments"))["credit_notes"]
    assert (note["amount"], [one["tax"] for one in note["taxes"]]) == (12_000, [2000])


@pytest.mark.full
async def test_invoices_by_own_rates_are_the_same_at_stripe_and_void_with_their_tax(shop: Shop) -> None:
    await shop.asked("PUT", "/tax", **RATES)
    paid = await bought(shop, "FR")
    customer_id, clock_id = await shop.customer(4, 0)
    await shop.asked("PATCH", f"/customers/{customer_id}", billing_address={"country": "DE"})
    plan = await shop.plan(customer_id, clock_id, collection_method="send_invoice", licenses=4)
    [sent] = await invoices_of(shop, plan)
    assert (paid["total"], sent["total"], sent["status"]) == (12_000, 11_900, "open")
    assert await found(shop) == ()
    await shop.asked("POST", f"/invoices/{sent['id']}/void", waived=True)
    await shop.until_void_at_stripe(sent)
    report = await shop.asked("GET", f"/customers/{customer_id}/report")
    assert sum(one["tax"] for one in report["plans"]) == 0
    assert await found(shop) == ()


async def found(shop: Shop) -> tuple[FindingRecord, ...]:
    """Return what reconciliation of everything finds, and repairs nothing of."""
    run = ReconciliationInput(org_id=shop.env.org_id, repair=False, scope=ReconciliationScope(grace_minutes=0))
    run_id = await shop.env.engine.control.run(reconciliation_workflow(run, datetime.now(UTC)))
    return (await shop.env.engine.repositories.reconciliation.report(shop.env.org_id, run_id)).findings


async def invoices_of(shop: Shop, plan: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the invoices of a plan, the newest first."""
    found = await shop.asked("GET", f"/plans/{plan['id']}/invoices")
    return list(found["invoices"])


async def test_what_is_wrong_with_rates_is_one_sentence_and_nothing_is_applied(shop: Shop) -> None:
    applied = await shop.asked("PUT", "/tax", **RATES)
    german = {"country": "DE", "name": "USt", "percent": "19"}
    wrong: list[tuple[list[dict[str, Any]], str]] = [
        ([german, german], "Two rates of DE are valid on the same day"),
        ([german | {"inclusive": True}], "can't go with reverse charge"),
        ([german | {"percent": "a lot"}], "is no percentage"),
        ([german | {"percent": "19.12345"}], "at most 4 decimals"),
        ([german | {"country": "Germany"}], "at most 2"),
        ([], "There is no rate"),
        ([german | {"since": "2027-01-01", "until": "2026-01-01"}], "until is after since"),
    ]
    for rates, said in wrong:
        answer = await shop.api.put("/api/v1/tax", json=RATES | {"rates": rates})
        assert answer.status_code == 422, answer.text
        assert said in answer.text
    refused = await shop.api.put("/api/v1/tax", json=RATES | {"rates": RATES["rates"][1:]})
    assert (refused.status_code, refused.json()["code"]) == (409, "no_tax_rate")
    customer_id, _ = await shop.customer(1, 0)
    await shop.asked("PATCH", f"/customers/{customer_id}", billing_address={"country": "FR"})
    for number, code in (("DE136695977", "invalid_vat_number"), ("DE136695976", "vat_number_of_another_country")):
        company = {"company": {"tax_id": number}}
        answer = await shop.api.put(f"/api/v1/customers/{customer_id}/settings", json=company)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, code), answer.text
    assert await shop.asked("GET", "/tax") == applied


@pytest.mark.full
async def test_the_monthly_revenue_is_without_tax_whether_prices_contain_it_or_not(shop: Shop) -> None:
    swiss = {"country": "CH", "name": "MWST", "percent": "8.1", "inclusive": True}
    rates = RATES | {"rates": [*RATES["rates"], swiss]}
    await shop.asked("PUT", "/tax", **rates)
    for country, total, tax_in_it, monthly in (("DE", 11_900, 1900, 3333), ("CH", 10_000, 749, 3084)):
        invoice = await bought(shop, country)
        assert (invoice["total"], invoice["tax"]) == (total, tax_in_it)
        report = await shop.asked("GET", f"/customers/{invoice['customer_id']}/report")
        assert report["monthly_recurring_revenue"] == [{"amount": monthly, "currency": "EUR"}]


@pytest.mark.full
async def test_an_administrator_sees_what_rates_change_before_they_are_applied(shop: Shop, env: ApiEnvironment) -> None:
    customer_id, clock_id = await shop.customer(4, 0)
    await shop.asked("PATCH", f"/customers/{customer_id}", billing_address={"country": "DE"})
    await shop.plan(customer_id, clock_id)
    document = TaxDocument.model_validate(RATES)
    async with AsyncClient(env.api_url, await shop.env.key(), trust_env=False) as admin:
        found = await admin.do(tax.diff(document))
        assert {one.field for one in found.changes} >= {"mode", "rates.DE.percent"}
        [touched] = found.touched
        assert (touched.before.total, touched.after.total) == (10_000, 11_900)
        applied = await admin.do(tax.apply(document, reason="ours"))
        assert await admin.do(tax.show()) == applied
    async with shop.env.client(await shop.env.key(Scope.READ, Scope.WRITE)) as others:
        assert (await others.put("/api/v1/tax", json=RATES)).status_code == 403
