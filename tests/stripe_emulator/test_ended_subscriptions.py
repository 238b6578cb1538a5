"""How subscriptions end: when, what is still billed and collected, and whose schedule decides."""

from typing import Any

import pytest
import stripe
from stripe import StripeClient

from tests.stripe_emulator.flows import event_types
from tests.stripe_emulator.test_clocks import advance
from tests.stripe_emulator.test_subscriptions import HOUR, billed, moment, on_a_clock, price, subscribed


def test_an_end_that_lies_periods_ahead_comes_with_the_end_of_a_period(client: StripeClient) -> None:
    clock, customer = on_a_clock(client, "2026-01-01")
    made = subscribed(client, customer, price(client))
    changed = client.v1.subscriptions.update(made.id, {"cancel_at": moment("2026-03-01")})
    assert (changed.cancel_at, changed.cancel_at_period_end) == (moment("2026-03-01"), False)

    advance(client, clock, moment("2026-02-15"))
    advance(client, clock, moment("2026-03-15"))

    after = client.v1.subscriptions.retrieve(made.id)
    assert (after.status, after.ended_at) == ("canceled", moment("2026-03-01"))
    assert [period for _, _, _, *period in billed(client, made)] == [
        [moment("2026-01-01"), moment("2026-02-01")],
        [moment("2026-02-01"), moment("2026-03-01")],
    ]
    assert event_types(client).count("customer.subscription.deleted") == 1


def test_what_is_pending_is_collected_when_the_last_period_ends(client: StripeClient) -> None:
    clock, customer = on_a_clock(client, "2026-01-01")
    made = subscribed(client, customer, price(client), cancel_at_period_end=True)
    client.v1.invoice_items.create({"customer": customer.id, "amount": 400, "currency": "usd"})

    advance(client, clock, moment("2026-02-01") + 2 * HOUR)

    assert client.v1.subscriptions.retrieve(made.id).status == "canceled"
    assert [(why, status, total) for why, status, total, *_ in billed(client, made)] == [
        ("subscription_create", "paid", 2400),
        ("subscription_cycle", "paid", 400),
    ]


def test_open_invoices_of_a_canceled_subscription_are_collected_no_more(client: StripeClient) -> None:
    clock, customer = on_a_clock(client, "2026-01-01")
    made = subscribed(client, customer, price(client))
    declining = client.v1.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": customer.id})
    client.v1.customers.update(customer.id, {"invoice_settings": {"default_payment_method": declining.id}})
    advance(client, clock, moment("2026-02-01") + 2 * HOUR)
    unpaid = client.v1.invoices.list({"subscription": made.id}).data[0]
    assert (unpaid.status, unpaid.auto_advance) == ("open", True)

    client.v1.subscriptions.cancel(made.id)

    left = client.v1.invoices.retrieve(unpaid.id)
    assert (left.status, left.auto_advance) == ("open", False)


@pytest.mark.parametrize(
    "change", [{"cancel_at_period_end": True}, {"cancel_at": moment("2026-02-01")}], ids=["at period end", "on a day"]
)
def test_a_subscription_that_follows_a_schedule_ends_by_its_schedule_alone(client: StripeClient, change: Any) -> None:
    _, customer = on_a_clock(client, "2026-01-01")
    made = subscribed(client, customer, price(client))
    schedule = client.v1.subscription_schedules.create({"from_subscription": made.id})

    with pytest.raises(stripe.InvalidRequestError, match=f"managed by the subscription schedule `{schedule.id}`"):
        client.v1.subscriptions.update(made.id, change)
    client.v1.subscriptions.update(made.id, {"description": "still changes"})
    client.v1.subscription_schedules.release(schedule.id)

    assert client.v1.subscriptions.update(made.id, change).cancel_at == moment("2026-02-01")
