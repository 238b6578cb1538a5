"""`automatic_tax`: by the customer's country and exemption, anew when the invoice is finalized."""

from typing import Any

import pytest
import stripe
from stripe import StripeClient

from tests.stripe_emulator.control_plane import Sim

ADDRESSES: list[tuple[Any, str]] = [
    ({"country": "US"}, "requires_location_inputs"),
    ({"country": "US", "state": "OR"}, "requires_location_inputs"),
    ({"country": "US", "postal_code": "9771"}, "requires_location_inputs"),
    ({"country": "US", "postal_code": "00000"}, "requires_location_inputs"),
    ({"country": "US", "postal_code": "97712"}, "complete"),
    ({"country": "US", "postal_code": "97712-4918"}, "complete"),
    ({"country": "CA"}, "requires_location_inputs"),
    ({"country": "CA", "state": "QC"}, "complete"),
    ({"country": "CA", "postal_code": "H2X 1Y4"}, "complete"),
    ({"country": "NZ"}, "complete"),
]
"""Addresses, and whether Stripe documents them as precise enough to calculate tax."""


def draft(client: StripeClient, customer_id: str, *amounts: int) -> stripe.Invoice:
    """Return a draft that is taxed automatically."""
    made = client.v1.invoices.create({"customer": customer_id, "automatic_tax": {"enabled": True}, "currency": "eur"})
    return client.v1.invoices.add_lines(made.id, {"lines": [{"amount": amount} for amount in amounts]})


def customer_in(client: StripeClient, country: str | None, **terms: Any) -> str:
    params: Any = {"name": "Muster", **terms}
    if country:
        params["address"] = {"country": country, "postal_code": "97712"}
    return client.v1.customers.create(params).id


@pytest.mark.parametrize(
    ("country", "terms", "taxes", "reason"),
    [
        ("DE", {}, [190, -19], "standard_rated"),
        ("CH", {}, [81, -8], "standard_rated"),
        ("US", {}, [0, 0], "not_collecting"),
        ("FR", {"tax_exempt": "reverse"}, [0, 0], "reverse_charge"),
        ("DE", {"tax_exempt": "exempt"}, [0, 0], "customer_exempt"),
    ],
)
def test_each_line_is_taxed_by_the_customers_country(
    client: StripeClient, country: str, terms: dict[str, str], taxes: list[int], reason: str
) -> None:
    invoice = draft(client, customer_in(client, country, **terms), 1000, -100)

    told = [tax for line in invoice.lines.data for tax in line.taxes or []]
    assert [tax.amount for tax in told] == taxes
    assert {tax.taxability_reason for tax in told} == {reason}
    assert (invoice.automatic_tax.status, invoice.total) == ("complete", 900 + sum(taxes))
    assert invoice.total_excluding_tax == 900


def test_without_a_country_it_is_not_finalized_until_the_customer_has_one(client: StripeClient) -> None:
    customer_id = customer_in(client, None)
    invoice = draft(client, customer_id, 1000)
    assert (invoice.automatic_tax.status, invoice.total) == ("requires_location_inputs", 1000)

    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.invoices.finalize_invoice(invoice.id)
    assert refused.value.code == "customer_tax_location_invalid"

    client.v1.customers.update(customer_id, {"address": {"country": "AT"}})
    opened = client.v1.invoices.finalize_invoice(invoice.id)
    assert (opened.status, opened.total, opened.amount_due) == ("open", 1200, 1200)


def test_what_is_not_asked_for_is_not_taxed(client: StripeClient) -> None:
    customer_id = customer_in(client, "DE")
    invoice = draft(client, customer_id, 1000)
    plain = client.v1.invoices.update(invoice.id, {"automatic_tax": {"enabled": False}})
    assert (invoice.total, plain.total, plain.automatic_tax.enabled) == (1190, 1000, False)


def test_a_business_with_a_vat_number_of_another_member_state_reverses_the_charge(client: StripeClient) -> None:
    customer_id = customer_in(client, "FR")
    tax_ids = client.v1.customers.tax_ids
    with pytest.raises(stripe.InvalidRequestError) as refused:
        tax_ids.create(customer_id, {"type": "eu_vat", "value": "mine"})
    assert (refused.value.code, refused.value.param) == ("tax_id_invalid", "value")
    made = tax_ids.create(customer_id, {"type": "eu_vat", "value": "FR83404833048"})
    assert (made.country, tax_ids.retrieve(customer_id, made.id)) == ("FR", made)
    assert [one.id for one in tax_ids.list(customer_id).data] == [made.id]
    shown = client.v1.customers.retrieve(customer_id, {"expand": ["tax_ids"]}).tax_ids
    assert shown is not None
    assert [one.value for one in shown.data] == ["FR83404833048"]

    opened = client.v1.invoices.finalize_invoice(draft(client, customer_id, 1000).id)
    assert [(one.type, one.value) for one in opened.customer_tax_ids or []] == [("eu_vat", "FR83404833048")]
    [tax] = opened.lines.data[0].taxes or []
    assert (opened.total, tax.taxability_reason) == (1000, "reverse_charge")

    assert tax_ids.delete(customer_id, made.id).deleted
    assert draft(client, customer_id, 1000).total == 1200


def test_a_tax_names_its_rate(client: StripeClient) -> None:
    invoice = draft(client, customer_in(client, "CH"), 1000, 2000)

    rates = [tax.tax_rate_details for line in invoice.lines.data for tax in line.taxes or []]
    [rate_id] = {rate.tax_rate for rate in rates if rate}
    rate = client.v1.tax_rates.retrieve(str(rate_id))
    assert (rate.percentage, rate.country, rate.jurisdiction, rate.inclusive) == (8.1, "CH", "CH", False)


@pytest.mark.parametrize(("address", "status"), ADDRESSES)
def test_an_address_is_taxed_where_it_is_precise_enough(client: StripeClient, address: Any, status: str) -> None:
    customer = client.v1.customers.create({"name": "Muster", "address": address})
    assert draft(client, customer.id, 1000).automatic_tax.status == status


@pytest.mark.parametrize(
    ("behavior", "currency", "expected"),
    [
        ("exclusive", "eur", ("exclusive", 1000, 190, 1190)),
        ("inclusive", "eur", ("inclusive", 840, 160, 1000)),
        ("inclusive", "usd", ("inclusive", 840, 160, 1000)),
        ("inferred_by_currency", "eur", ("inclusive", 840, 160, 1000)),
        ("inferred_by_currency", "usd", ("exclusive", 1000, 190, 1190)),
    ],
)
def test_amounts_contain_their_tax_where_the_settings_say_so(
    sim: Sim, behavior: str, currency: str, expected: tuple[str, int, int, int]
) -> None:
    sim.post("/settings", tax_behavior=behavior)
    client = sim.client()
    given: Any = {"customer": customer_in(client, "DE"), "automatic_tax": {"enabled": True}, "currency": currency}
    made = client.v1.invoices.create(given)
    invoice = client.v1.invoices.add_lines(made.id, {"lines": [{"amount": 1000}]})

    [tax] = invoice.lines.data[0].taxes or []
    assert (tax.tax_behavior, tax.taxable_amount, tax.amount, invoice.total) == expected
    assert invoice.total_excluding_tax == expected[1]
    rate = client.v1.tax_rates.retrieve(str(tax.tax_rate_details and tax.tax_rate_details.tax_rate))
    assert rate.inclusive is (tax.tax_behavior == "inclusive")
