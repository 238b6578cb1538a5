"""The tax of credit notes: the invoice's share, to the cent, or by rates and amounts of their own."""

from collections import Counter
from typing import Any

import pytest
import stripe
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stripe import StripeClient

from tests.sizes import sized
from tests.stripe_emulator.clients import client_for
from tests.stripe_emulator.control_plane import Sim
from tests.stripe_emulator.flows import customer_with, draft, opened, rate, refusal, sums, taxes


def test_an_amount_contains_its_share_of_each_rate(client: StripeClient) -> None:
    standard, reduced = rate(client, 19), rate(client, 7)
    invoice = draft(client, customer_with(client).id, default_tax_rates=[standard])
    lines: Any = [{"amount": 1000}, {"amount": 1000, "tax_rates": [reduced]}]
    client.v1.invoices.add_lines(invoice.id, {"lines": lines})
    client.v1.invoices.finalize_invoice(invoice.id)
    wanted: Any = {"invoice": invoice.id, "amount": 753}

    seen = client.v1.credit_notes.preview(wanted)
    first = client.v1.credit_notes.create(wanted)
    # 753 of 2260 in proportion: 63.31 of 190.00 and 23.32 of 70.00.
    assert sums(first) == sums(seen) == (667, [63, 23], 753, 667)
    assert (first.amount, first.subtotal_excluding_tax) == (753, 667)
    assert taxes(first.lines.data[0]) == [(63, "exclusive", 667), (23, "exclusive", 667)]
    rest = client.v1.credit_notes.create({"invoice": invoice.id, "amount": 1507})
    assert sums(rest) == (1333, [127, 47], 1507, 1333)


@pytest.mark.parametrize(
    ("inclusive", "parts"),
    [
        (False, [(333, [63], 396, 333), (333, [63], 396, 333), (334, [64], 398, 334)]),
        (True, [(333, [53], 333, 280), (333, [53], 333, 280), (334, [54], 334, 280)]),
    ],
)
def test_a_line_that_is_credited_in_parts_is_credited_with_all_its_tax(
    client: StripeClient, *, inclusive: bool, parts: list[tuple[int, list[int], int, int]]
) -> None:
    vat = rate(client, 19, inclusive=inclusive)
    invoice = opened(client, customer_with(client).id, 1000, default_tax_rates=[vat])
    [line] = invoice.lines.data

    def credit(amount: int) -> stripe.CreditNote:
        one: Any = {"type": "invoice_line_item", "invoice_line_item": line.id, "amount": amount}
        return client.v1.credit_notes.create({"invoice": invoice.id, "lines": [one]})

    notes = [credit(part[0]) for part in parts]
    assert [sums(note) for note in notes] == parts
    assert [[one.id for one in note.lines.data[0].tax_rates] for note in notes] == [[vat]] * 3
    with pytest.raises(stripe.InvalidRequestError) as nothing_left:
        credit(1)
    assert refusal(nothing_left) == (400, None, "lines")
    assert client.v1.invoices.retrieve(invoice.id).status == "paid"


def test_a_quantity_of_a_line_is_credited_with_its_tax(client: StripeClient) -> None:
    invoice = draft(client, customer_with(client).id, default_tax_rates=[rate(client, 8.1)])
    wanted: Any = {"quantity": 3, "price_data": {"currency": "usd", "product": "prod_a", "unit_amount": 999}}
    client.v1.invoices.add_lines(invoice.id, {"lines": [wanted]})
    line = client.v1.invoices.finalize_invoice(invoice.id).lines.data[0]
    assert taxes(line) == [(243, "exclusive", 2997)]

    one: Any = {"type": "invoice_line_item", "invoice_line_item": line.id, "quantity": 1}
    assert sums(client.v1.credit_notes.create({"invoice": invoice.id, "lines": [one]})) == (999, [81], 1080, 999)


def test_a_line_of_ones_own_is_taxed_by_the_rates_it_names(client: StripeClient) -> None:
    vat, other = rate(client, 19), rate(client, 7)
    invoice = opened(client, customer_with(client).id, 1000, default_tax_rates=[vat])
    for archived in (vat, other):
        client.v1.tax_rates.update(archived, {"active": False})

    def credit(**extra: Any) -> stripe.CreditNote:
        line: Any = {"type": "custom_line_item", "description": "Goodwill", "quantity": 1, "unit_amount": 200, **extra}
        return client.v1.credit_notes.create({"invoice": invoice.id, "lines": [line]})

    # The invoice has this rate, so that it is archived does not matter.
    assert sums(credit(tax_rates=[vat])) == (200, [38], 238, 200)
    assert sums(credit()) == (200, [], 200, 200)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        credit(tax_rates=[other])
    assert refusal(refused) == (400, None, "lines[tax_rates][0]")


def test_amounts_of_tax_name_a_rate_that_was_made_for_them(client: StripeClient) -> None:
    data: Any = {"display_name": "VAT", "inclusive": False, "percentage": 7.0}
    given: Any = {"amount": 1000, "tax_amounts": [{"amount": 70, "taxable_amount": 1000, "tax_rate_data": data}]}
    invoice = draft(client, customer_with(client).id)
    client.v1.invoices.add_lines(invoice.id, {"lines": [given]})
    source = client.v1.invoices.finalize_invoice(invoice.id).lines.data[0]
    details = (source.taxes or [])[0].tax_rate_details
    made = str(details and details.tax_rate)

    def credit(tax_rate: str, **extra: Any) -> stripe.CreditNote:
        amounts = [{"amount": 7, "taxable_amount": 100, "tax_rate": tax_rate}]
        line: Any = {"type": "custom_line_item", "unit_amount": 100, "quantity": 1, "tax_amounts": amounts, **extra}
        return client.v1.credit_notes.create({"invoice": invoice.id, "lines": [line]})

    assert sums(credit(made)) == (100, [7], 107, 100)
    with pytest.raises(stripe.InvalidRequestError) as foreign:
        credit(rate(client, 7))
    assert refusal(foreign) == (400, None, "lines[tax_amounts]")
    with pytest.raises(stripe.InvalidRequestError) as both:
        credit(made, tax_rates=[rate(client, 7)])
    assert refusal(both) == (400, "parameters_exclusive", "tax_rates")


def test_an_automatically_taxed_invoice_is_credited_with_its_tax(client: StripeClient) -> None:
    customer = customer_with(client, address={"country": "AT"}).id
    invoice = opened(client, customer, 1000, automatic_tax={"enabled": True})
    [source] = invoice.lines.data

    note = client.v1.credit_notes.create({"invoice": invoice.id, "amount": 300})
    assert sums(note) == (250, [50], 300, 250)
    line: Any = {"type": "invoice_line_item", "invoice_line_item": source.id, "amount": 100}
    assert sums(client.v1.credit_notes.create({"invoice": invoice.id, "lines": [line]})) == (100, [20], 120, 100)

    wrong: list[tuple[dict[str, Any], str]] = [
        ({"type": "custom_line_item", "unit_amount": 100, "quantity": 1}, "lines[type]"),
        ({**line, "tax_rates": [rate(client, 20)]}, "lines[tax_rates]"),
        ({**line, "tax_amounts": [{"amount": 1, "taxable_amount": 5, "tax_rate": "txr_a"}]}, "lines[tax_amounts]"),
    ]
    for one, param in wrong:
        wanted: Any = {"invoice": invoice.id, "lines": [one]}
        with pytest.raises(stripe.InvalidRequestError) as refused:
            client.v1.credit_notes.create(wanted)
        assert refusal(refused) == (400, None, param)


def by_rate(*held: stripe.Invoice | stripe.CreditNote) -> Counter[str]:
    found: Counter[str] = Counter()
    for one in held:
        for tax in one.total_taxes or []:
            found[str(tax.tax_rate_details and tax.tax_rate_details.tax_rate)] += tax.amount
    return found


PERCENTS = st.integers(min_value=0, max_value=300_000).map(lambda n: n / 10_000)
RATES = st.lists(st.tuples(PERCENTS, st.booleans()), max_size=3)
LINES = st.lists(
    st.tuples(st.integers(min_value=-5_000, max_value=90_000), st.sets(st.integers(0, 2))), min_size=1, max_size=5
)


@settings(max_examples=sized(4, 20, 20), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    rates=RATES,
    lines=LINES,
    by_default=st.booleans(),
    credited=st.lists(st.integers(1, 60_000), min_size=1, max_size=3),
)
def test_lines_rates_and_totals_add_up_and_notes_credit_all_of_it(
    sim: Sim, rates: list[tuple[float, bool]], lines: list[tuple[int, set[int]]], by_default: bool, credited: list[int]
) -> None:
    sim.post("/reset")
    client = client_for(sim.url, sim.key, checked=False)
    ids = [rate(client, percentage, inclusive=inclusive) for percentage, inclusive in rates]
    invoice = draft(client, customer_with(client).id, default_tax_rates=ids if by_default else [])
    wanted: Any = [{"amount": amount, "tax_rates": [ids[n] for n in which if n < len(ids)]} for amount, which in lines]
    client.v1.invoices.add_lines(invoice.id, {"lines": wanted})
    final = client.v1.invoices.finalize_invoice(invoice.id)
    assert sim.get("/invariants") == {"broken": []}
    if final.status != "open":
        return

    notes, left = [], final.amount_remaining
    for amount in [*credited, left]:
        if left:
            note = client.v1.credit_notes.create({"invoice": invoice.id, "amount": min(amount, left)})
            left -= note.total
            notes.append(note)
    assert (left, sim.get("/invariants")) == (0, {"broken": []})
    assert sum(note.total for note in notes) == final.total
    assert by_rate(*notes) == by_rate(final)
