"""Tax rates of one's own: made, archived, and put on items, lines and invoices, to the cent."""

from collections.abc import Callable
from typing import Any

import pytest
import stripe
from stripe import StripeClient

from tests.stripe_emulator.clients import client_for
from tests.stripe_emulator.control_plane import Sim
from tests.stripe_emulator.flows import customer_with, draft, event_types, rate, refusal, sums, taxes


def test_a_rate_is_made_renamed_archived_and_listed(client: StripeClient) -> None:
    given: Any = {"country": "DE", "state": "BY", "jurisdiction": "DE", "description": "standard", "tax_type": "vat"}
    made = client.v1.tax_rates.retrieve(rate(client, 19.25, **given, metadata={"k": "v"}))
    assert (made.percentage, made.effective_percentage, made.inclusive, made.active) == (19.25, 19.25, False, True)
    assert {name: getattr(made, name) for name in given} == given
    assert (made.rate_type, made.jurisdiction_level, made.flat_amount) == (None, None, None)

    inclusive = rate(client, 7, inclusive=True)
    archived = client.v1.tax_rates.update(made.id, {"active": False, "display_name": "MwSt", "metadata": {"k": ""}})
    assert (archived.display_name, archived.to_dict()["metadata"], archived.percentage) == ("MwSt", {}, 19.25)

    def listed(**wanted: Any) -> list[str]:
        params: Any = wanted
        return [one.id for one in client.v1.tax_rates.list(params).data]

    assert listed() == [inclusive, made.id]
    assert (listed(active=True), listed(active=False)) == ([inclusive], [made.id])
    assert (listed(inclusive=True), listed(inclusive=False)) == ([inclusive], [made.id])
    assert (listed(limit=1), listed(starting_after=inclusive)) == ([inclusive], [made.id])
    assert listed(created={"lt": made.created}) == []
    assert event_types(client) == ["tax_rate.created", "tax_rate.created", "tax_rate.updated"]

    with pytest.raises(stripe.InvalidRequestError) as nameless:
        client.v1.tax_rates.update(made.id, {"display_name": ""})
    assert refusal(nameless) == (400, "parameter_invalid_empty", "display_name")


@pytest.mark.parametrize(
    ("wrong", "code", "param"),
    [
        ({"percentage": 100.01}, None, "percentage"),
        ({"percentage": -1}, None, "percentage"),
        ({"percentage": 19.00001}, None, "percentage"),
        ({"percentage": "nineteen"}, None, "percentage"),
        ({"percentage": None}, "parameter_missing", "percentage"),
        ({"inclusive": None}, "parameter_missing", "inclusive"),
        ({"display_name": ""}, "parameter_missing", "display_name"),
        ({"country": "Germany"}, "country_code_invalid", "country"),
        ({"state": "Bavaria"}, None, "state"),
        ({"percent": 19}, "parameter_unknown", "percent"),
    ],
)
def test_a_rate_that_cannot_be_is_refused(sim: Sim, wrong: dict[str, Any], code: str | None, param: str) -> None:
    unchecked = client_for(sim.url, sim.key, checked=False)
    given: Any = {"display_name": "VAT", "percentage": 19, "inclusive": False, **wrong}
    params: Any = {name: value for name, value in given.items() if value is not None}
    with pytest.raises(stripe.InvalidRequestError) as refused:
        unchecked.v1.tax_rates.create(params)
    assert refusal(refused) == (400, code, param)
    assert unchecked.v1.tax_rates.list().data == []


@pytest.mark.parametrize(
    ("amount", "rates", "expected", "totals"),
    [
        (1000, [(19, False)], [(190, "exclusive", 1000)], (1000, [190], 1190, 1000)),
        (1000, [(19, True)], [(160, "inclusive", 840)], (1000, [160], 1000, 840)),
        (1050, [(9.975, False)], [(105, "exclusive", 1050)], (1050, [105], 1155, 1050)),
        (10, [(5, False)], [(1, "exclusive", 10)], (10, [1], 11, 10)),
        (-10, [(5, False)], [(-1, "exclusive", -10)], (-10, [-1], -11, -10)),
        (
            1000,
            [(5, False), (9.975, False)],
            [(50, "exclusive", 1000), (100, "exclusive", 1000)],
            (1000, [50, 100], 1150, 1000),
        ),
        (
            1000,
            [(5, True), (20, True)],
            [(40, "inclusive", 800), (160, "inclusive", 800)],
            (1000, [40, 160], 1000, 800),
        ),
        (
            1000,
            [(25, True), (10, False)],
            [(200, "inclusive", 800), (80, "exclusive", 800)],
            (1000, [200, 80], 1080, 800),
        ),
        (1000, [(0, False)], [(0, "exclusive", 1000)], (1000, [0], 1000, 1000)),
    ],
)
def test_a_line_is_taxed_by_its_rates(
    client: StripeClient, amount: int, rates: list[tuple[float, bool]], expected: Any, totals: Any
) -> None:
    ids = [rate(client, percentage, inclusive=inclusive) for percentage, inclusive in rates]
    invoice = draft(client, customer_with(client).id)
    taxed = client.v1.invoices.add_lines(invoice.id, {"lines": [{"amount": amount, "tax_rates": ids}]})

    [line] = taxed.lines.data
    assert (taxes(line), sums(taxed)) == (expected, totals)
    named = [tax.tax_rate_details and tax.tax_rate_details.tax_rate for tax in line.taxes or []]
    assert named == ids
    assert {tax.taxability_reason for tax in line.taxes or []} == {"not_available"}
    assert taxed.amount_due == max(taxed.total, 0)


def test_default_rates_tax_the_lines_that_have_none_of_their_own(client: StripeClient) -> None:
    standard, reduced = rate(client, 19), rate(client, 7)
    invoice = draft(client, customer_with(client).id, 333, 333, 333, default_tax_rates=[standard])
    assert sums(invoice) == (999, [189], 1188, 999)
    assert [one.id for one in invoice.default_tax_rates] == [standard]

    first, _, third = (line.id for line in invoice.lines.data)
    changed = client.v1.invoices.update_lines(invoice.id, {"lines": [{"id": first, "tax_rates": [reduced]}]})
    assert [tax[0] for line in changed.lines.data for tax in taxes(line)] == [23, 63, 63]
    assert sums(changed) == (999, [23, 126], 1148, 999)

    none = client.v1.invoices.update(invoice.id, {"default_tax_rates": ""})
    assert (none.default_tax_rates, sums(none)) == ([], (999, [23], 1022, 999))
    client.v1.invoices.line_items.update(invoice.id, third, {"tax_rates": [standard]})
    client.v1.invoices.line_items.update(invoice.id, first, {"tax_rates": ""})
    opened = client.v1.invoices.finalize_invoice(invoice.id)
    assert (sums(opened), opened.amount_due) == ((999, [63], 1062, 999), 1062)
    with pytest.raises(stripe.InvalidRequestError) as final:
        client.v1.invoices.update(invoice.id, {"default_tax_rates": [standard]})
    assert final.value.code == "invoice_not_editable"


def test_a_pending_item_brings_its_rates_along(client: StripeClient) -> None:
    customer, vat = customer_with(client), rate(client, 20)
    item = client.v1.invoice_items.create(
        {"customer": customer.id, "amount": 500, "currency": "usd", "tax_rates": [vat]}
    )
    assert [one.id for one in item.tax_rates or []] == [vat]
    preview = client.v1.invoices.create_preview({"customer": customer.id})
    assert sums(preview) == (500, [100], 600, 500)

    invoice = draft(client, customer.id, pending_invoice_items_behavior="include")
    assert sums(invoice) == (500, [100], 600, 500)
    client.v1.invoice_items.update(item.id, {"tax_rates": "", "amount": 700})
    assert sums(client.v1.invoices.retrieve(invoice.id)) == (700, [], 700, 700)


def test_an_archived_rate_stays_where_it_is_and_goes_nowhere_else(client: StripeClient) -> None:
    vat = rate(client, 19)
    customer = customer_with(client)
    invoice = draft(client, customer.id, 1000, default_tax_rates=[vat])
    client.v1.tax_rates.update(vat, {"active": False})

    kept = client.v1.invoices.update(invoice.id, {"default_tax_rates": [vat], "description": "same"})
    assert (kept.total, kept.default_tax_rates[0].active) == (1190, False)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        draft(client, customer.id, default_tax_rates=[vat])
    assert refusal(refused) == (400, None, "default_tax_rates[0]")
    with pytest.raises(stripe.InvalidRequestError) as on_item:
        client.v1.invoice_items.create({"customer": customer.id, "amount": 1, "tax_rates": [vat]})
    assert refusal(on_item) == (400, None, "tax_rates[0]")
    assert client.v1.invoice_items.list({"pending": True}).data == []


def test_rates_that_are_unknown_too_many_or_double_are_refused(client: StripeClient) -> None:
    customer, many = customer_with(client).id, [rate(client, n) for n in range(1, 7)]
    for wrong, expected in (
        (["txr_none"], ("resource_missing", "default_tax_rates[0]")),
        (many, (None, "default_tax_rates")),
        ([many[0], many[0]], (None, "default_tax_rates")),
    ):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            draft(client, customer, default_tax_rates=wrong)
        assert refusal(refused) == (400, *expected)
    assert len(draft(client, customer, default_tax_rates=many[:5]).default_tax_rates) == 5
    with pytest.raises(stripe.InvalidRequestError) as missing:
        client.v1.tax_rates.retrieve("txr_none")
    assert refusal(missing) == (404, "resource_missing", "id")


AUTOMATIC: Any = {"automatic_tax": {"enabled": True}}
BY_HAND = {"display_name": "VAT", "inclusive": False, "percentage": 7.0}
AMOUNTS = [{"amount": 70, "taxable_amount": 1000, "tax_rate_data": BY_HAND}]


def add(client: StripeClient, invoice: stripe.Invoice, **line: Any) -> stripe.Invoice:
    wanted: Any = {"lines": [{"amount": 1000, **line}]}
    return client.v1.invoices.add_lines(invoice.id, wanted)


def test_tax_rates_do_not_go_with_automatic_tax(client: StripeClient) -> None:
    vat, customer = rate(client, 19), customer_with(client, address={"country": "AT"}).id
    taxed = draft(client, customer, 1000, **AUTOMATIC)
    rated = draft(client, customer, 1000, default_tax_rates=[vat])
    attempts: list[Callable[[], object]] = [
        lambda: add(client, taxed, tax_rates=[vat]),
        lambda: client.v1.invoices.update(taxed.id, {"default_tax_rates": [vat]}),
        lambda: client.v1.invoices.update(rated.id, AUTOMATIC),
        lambda: draft(client, customer, default_tax_rates=[vat], **AUTOMATIC),
    ]
    for attempt in attempts:
        with pytest.raises(stripe.InvalidRequestError) as refused:
            attempt()
        assert refusal(refused) == (400, None, "automatic_tax[enabled]")
    assert [client.v1.invoices.retrieve(one.id).total for one in (taxed, rated)] == [1200, 1190]


def test_tax_amounts_go_with_neither(client: StripeClient) -> None:
    vat, customer = rate(client, 19), customer_with(client, address={"country": "AT"}).id
    taxed = draft(client, customer, 1000, **AUTOMATIC)
    rated = draft(client, customer, 1000, default_tax_rates=[vat])
    given = add(client, draft(client, customer), tax_amounts=AMOUNTS)
    attempts: list[Callable[[], object]] = [
        lambda: add(client, taxed, tax_amounts=AMOUNTS),
        lambda: add(client, rated, tax_amounts=AMOUNTS),
        lambda: add(client, given, tax_rates=[vat]),
        lambda: client.v1.invoices.update(given.id, AUTOMATIC),
    ]
    for attempt in attempts:
        with pytest.raises(stripe.InvalidRequestError) as refused:
            attempt()
        assert refusal(refused) == (400, None, "tax_amounts")
    assert client.v1.invoices.retrieve(given.id).total == 1070


def test_a_rate_that_was_made_for_an_amount_is_found_again_and_not_to_be_set(client: StripeClient) -> None:
    data: Any = {"display_name": "VAT", "inclusive": True, "percentage": 7.0, "country": "DE"}
    line: Any = {"amount": 1070, "tax_amounts": [{"amount": 70, "taxable_amount": 1000, "tax_rate_data": data}]}
    invoice = draft(client, customer_with(client).id)
    added = client.v1.invoices.add_lines(invoice.id, {"lines": [line, line]})
    assert sums(added) == (2140, [140], 2140, 2000)

    [made] = client.v1.tax_rates.list().data
    assert (made.active, made.percentage, made.inclusive, made.country) == (False, 7.0, True, "DE")
    with pytest.raises(stripe.InvalidRequestError) as refused:
        draft(client, str(invoice.customer), default_tax_rates=[made.id])
    assert refusal(refused) == (400, None, "default_tax_rates[0]")
