"""Changes of a subscription's items within a period: prorated with the next invoice, the last, or not at all."""

from typing import Any

import pytest
import stripe
from stripe import StripeClient

from tests.stripe_emulator.test_clocks import advance
from tests.stripe_emulator.test_subscriptions import HOUR, billed, moment, on_a_clock, price, subscribed


def test_a_quantity_that_changes_without_proration_counts_from_the_next_period(client: StripeClient) -> None:
    clock, customer = on_a_clock(client, "2026-01-01")
    made = subscribed(client, customer, price(client))
    item = made["items"]["data"][0]["id"]
    with pytest.raises(stripe.InvalidRequestError, match="An invoice at once is not simulated"):
        client.v1.subscription_items.update(item, {"quantity": 5, "proration_behavior": "always_invoice"})
    client.v1.subscription_items.update(item, {"quantity": 5, "proration_behavior": "none"})

    advance(client, clock, moment("2026-02-01") + 2 * HOUR)

    assert [total for _, _, total, *_ in billed(client, made)] == [2400, 4000]


def test_a_quantity_that_changes_within_a_period_is_prorated_with_the_next_invoice(client: StripeClient) -> None:
    clock, customer = on_a_clock(client, "2026-01-01")
    made = subscribed(client, customer, price(client))
    item = made["items"]["data"][0]["id"]
    advance(client, clock, moment("2026-01-11"))
    client.v1.subscription_items.update(item, {"quantity": 5})
    advance(client, clock, moment("2026-01-21"))
    client.v1.subscriptions.update(made.id, {"items": [{"id": item, "quantity": 4}]})

    advance(client, clock, moment("2026-02-01") + 2 * HOUR)

    invoice = client.v1.invoices.list({"subscription": made.id}).data[0]
    end = moment("2026-02-01")
    assert [(line.amount, line.quantity, line.period.start, line.period.end) for line in invoice.lines.data] == [
        (round(3200 * 11 / 31), 4, moment("2026-01-21"), end),
        (-round(4000 * 11 / 31), 5, moment("2026-01-21"), end),
        (round(4000 * 21 / 31), 5, moment("2026-01-11"), end),
        (-round(2400 * 21 / 31), 3, moment("2026-01-11"), end),
        (3200, 4, end, moment("2026-03-01")),
    ]
    assert invoice.lines.data[0].description == "Remaining time on 4 × Seats after 21 Jan 2026"
    parents = [line.parent.subscription_item_details for line in invoice.lines.data if line.parent]
    assert [(one.proration, one.subscription_item) for one in parents if one] == [*4 * [(True, item)], (False, item)]


@pytest.mark.parametrize("ends", [False, True], ids=["renewed", "ended"])
def test_a_change_within_a_period_is_prorated_on_the_next_invoice_or_the_last(client: StripeClient, ends: bool) -> None:
    clock, customer = on_a_clock(client, "2026-01-01")
    made = subscribed(client, customer, price(client), cancel_at_period_end=ends)
    advance(client, clock, moment("2026-01-11"))
    client.v1.subscription_items.update(made["items"]["data"][0]["id"], {"quantity": 5})
    pending = client.v1.invoice_items.list({"customer": customer.id, "pending": True}).data

    advance(client, clock, moment("2026-02-01") + 2 * HOUR)

    unused, remaining = -round(2400 * 21 / 31), round(4000 * 21 / 31)
    assert [(item.amount, item.quantity, item.proration) for item in pending[::-1]] == [
        (unused, 3, True),
        (remaining, 5, True),
    ]
    invoice = client.v1.invoices.list({"subscription": made.id}).data[0]
    lines = [line for line in invoice.lines.data if line.parent and _source(line)["proration"]]
    assert sorted((line.amount, line.description) for line in lines) == [
        (unused, "Unused time on 3 × Seats after 11 Jan 2026"),
        (remaining, "Remaining time on 5 × Seats after 11 Jan 2026"),
    ]
    assert {_source(line)["subscription"] for line in lines} == {made.id}
    assert (invoice.total, invoice.status) == (unused + remaining + (0 if ends else 4000), "paid")
    assert client.v1.subscriptions.retrieve(made.id).status == ("canceled" if ends else "active")


def _source(line: stripe.InvoiceLineItem) -> Any:
    return line.to_dict()["parent"]["subscription_item_details"] or {"proration": False}
