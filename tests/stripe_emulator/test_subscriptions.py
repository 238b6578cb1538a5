"""Subscriptions on test clocks: periods, renewals, trials, discounts and ends, with Stripe's own client."""

from datetime import UTC, datetime
from typing import Any

import pytest
import stripe
from stripe import StripeClient

from tests.stripe_emulator.flows import customer_with, event_types
from tests.stripe_emulator.test_clocks import advance

HOUR, DAY = 3_600, 86_400


def moment(text: str) -> int:
    """Return a day's first second."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def on_a_clock(client: StripeClient, day: str, card: str = "pm_card_visa") -> tuple[str, stripe.Customer]:
    clock = client.v1.test_helpers.test_clocks.create({"frozen_time": moment(day)})
    return clock.id, customer_with(client, card, test_clock=clock.id)


def price(client: StripeClient, amount: int = 800, **recurring: Any) -> str:
    params: Any = {"unit_amount": amount, "currency": "usd", "product_data": {"name": "Seats"}}
    params["recurring"] = {"interval": "month", **recurring}
    return client.v1.prices.create(params).id


def subscribed(client: StripeClient, customer: stripe.Customer, price_id: str, **terms: Any) -> stripe.Subscription:
    params: Any = {"customer": customer.id, "items": [{"price": price_id, "quantity": 3}], **terms}
    return client.v1.subscriptions.create(params)


def billed(client: StripeClient, subscription: stripe.Subscription) -> list[tuple[str, str, int, int, int]]:
    """Return reason, status, total and period of the first line of each invoice, the oldest first."""
    found = client.v1.invoices.list({"subscription": subscription.id, "limit": 100}).data[::-1]
    return [(str(one.billing_reason), str(one.status), one.total, *_period(one)) for one in found]


def _period(invoice: stripe.Invoice) -> tuple[int, int]:
    line = invoice.lines.data[0].period
    return line.start, line.end


def test_the_first_period_is_charged_at_once_and_the_next_at_its_end(client: StripeClient) -> None:
    clock, customer = on_a_clock(client, "2026-01-31")
    made = subscribed(client, customer, price(client))
    assert (made.status, made.billing_cycle_anchor) == ("active", moment("2026-01-31"))
    item = made["items"]["data"][0]
    assert (item["current_period_start"], item["current_period_end"]) == (moment("2026-01-31"), moment("2026-02-28"))

    advance(client, clock, moment("2026-03-01"))
    advance(client, clock, moment("2026-03-31") + 2 * HOUR)

    assert billed(client, made) == [
        ("subscription_create", "paid", 2400, moment("2026-01-31"), moment("2026-02-28")),
        ("subscription_cycle", "paid", 2400, moment("2026-02-28"), moment("2026-03-31")),
        ("subscription_cycle", "paid", 2400, moment("2026-03-31"), moment("2026-04-30")),
    ]
    after = client.v1.subscriptions.retrieve(made.id, {"expand": ["latest_invoice", "items.data.price.product"]})
    assert after["latest_invoice"]["total"] == 2400
    assert after["items"]["data"][0]["price"]["product"]["name"] == "Seats"
    newest = client.v1.invoices.list({"subscription": made.id}).data[0]
    assert (newest.period_start, newest.period_end) == (moment("2026-02-28"), moment("2026-03-31"))
    assert newest.parent is not None
    assert newest.parent.subscription_details is not None
    assert newest.parent.subscription_details.subscription == made.id


def test_a_refused_renewal_is_past_due_until_it_is_paid(client: StripeClient) -> None:
    clock, customer = on_a_clock(client, "2026-01-01")
    made = subscribed(client, customer, price(client))
    declining = client.v1.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": customer.id})
    client.v1.customers.update(customer.id, {"invoice_settings": {"default_payment_method": declining.id}})

    advance(client, clock, moment("2026-02-01") + 2 * HOUR)

    assert client.v1.subscriptions.retrieve(made.id).status == "past_due"
    newest = client.v1.invoices.list({"subscription": made.id}).data[0]
    client.v1.invoices.pay(newest.id, {"paid_out_of_band": True})
    assert client.v1.subscriptions.retrieve(made.id).status == "active"


def test_a_first_charge_that_is_refused_leaves_the_subscription_incomplete_for_a_day(client: StripeClient) -> None:
    clock, customer = on_a_clock(client, "2026-01-01", "pm_card_chargeCustomerFail")
    made = subscribed(client, customer, price(client))
    assert made.status == "incomplete"
    with pytest.raises(stripe.CardError):
        subscribed(client, customer, price(client), payment_behavior="error_if_incomplete")
    assert len(client.v1.subscriptions.list({"customer": customer.id, "status": "all"}).data) == 1

    advance(client, clock, moment("2026-01-02"))

    assert client.v1.subscriptions.retrieve(made.id).status == "incomplete_expired"
    assert [one.id for one in client.v1.subscriptions.list({"customer": customer.id, "status": "ended"}).data] == [
        made.id
    ]


def test_a_trial_costs_nothing_and_the_anchor_is_its_end(client: StripeClient) -> None:
    clock, customer = on_a_clock(client, "2026-01-01")
    made = subscribed(client, customer, price(client), trial_period_days=14)
    assert (made.status, made.trial_end) == ("trialing", moment("2026-01-15"))

    advance(client, clock, moment("2026-01-15") + 2 * HOUR)

    assert client.v1.subscriptions.retrieve(made.id).status == "active"
    assert billed(client, made) == [
        ("subscription_create", "paid", 0, moment("2026-01-01"), moment("2026-01-15")),
        ("subscription_cycle", "paid", 2400, moment("2026-01-15"), moment("2026-02-15")),
    ]
    assert "customer.subscription.trial_will_end" in event_types(client)


@pytest.mark.parametrize("how", ["at_period_end", "on_a_day", "at_once"])
def test_a_canceled_subscription_bills_nothing_more(client: StripeClient, how: str) -> None:
    clock, customer = on_a_clock(client, "2026-01-01")
    made = subscribed(client, customer, price(client))
    if how == "at_once":
        assert client.v1.subscriptions.cancel(made.id).status == "canceled"
    elif how == "on_a_day":
        client.v1.subscriptions.update(made.id, {"cancel_at": moment("2026-01-20")})
    else:
        changed = client.v1.subscriptions.update(made.id, {"cancel_at_period_end": True})
        assert (changed.cancel_at, changed.canceled_at) == (moment("2026-02-01"), moment("2026-01-01"))

    advance(client, clock, moment("2026-02-25"))

    ended = {"at_period_end": "2026-02-01", "on_a_day": "2026-01-20", "at_once": "2026-01-01"}[how]
    after = client.v1.subscriptions.retrieve(made.id)
    assert (after.status, after.ended_at) == ("canceled", moment(ended))
    assert len(billed(client, made)) == 1
    assert client.v1.subscriptions.list({"customer": customer.id}).data == []
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.subscriptions.update(made.id, {"description": "again"})


def test_an_end_that_is_taken_back_does_not_come(client: StripeClient) -> None:
    clock, customer = on_a_clock(client, "2026-01-01")
    made = subscribed(client, customer, price(client), cancel_at_period_end=True)
    client.v1.subscriptions.update(made.id, {"cancel_at_period_end": False})

    advance(client, clock, moment("2026-02-01") + 2 * HOUR)

    assert client.v1.subscriptions.retrieve(made.id).status == "active"
    assert [total for _, _, total, *_ in billed(client, made)] == [2400, 2400]


@pytest.mark.parametrize(
    ("coupon", "totals"),
    [
        ({"percent_off": 25, "duration": "repeating", "duration_in_months": 2}, [1800, 1800, 2400]),
        ({"percent_off": 12.5, "duration": "forever"}, [2100, 2100, 2100]),
        ({"amount_off": 500, "currency": "usd", "duration": "once"}, [1900, 2400, 2400]),
    ],
    ids=["repeating", "forever", "once"],
)
def test_a_coupon_is_taken_off_for_as_long_as_it_holds(client: StripeClient, coupon: Any, totals: list[int]) -> None:
    clock, customer = on_a_clock(client, "2026-01-01")
    known = client.v1.coupons.create(coupon)
    made = subscribed(client, customer, price(client), discounts=[{"coupon": known.id}])

    advance(client, clock, moment("2026-02-10"))
    advance(client, clock, moment("2026-03-01") + 2 * HOUR)

    assert [total for _, _, total, *_ in billed(client, made)] == totals
    first = client.v1.invoices.list({"subscription": made.id}).data[-1]
    assert first.total_discount_amounts is not None
    assert first.subtotal - first.total_discount_amounts[0].amount == first.total
    assert [one.amount for one in first.lines.data[0].discount_amounts or []] == [first.subtotal - first.total]
    shown = client.v1.subscriptions.retrieve(made.id, {"expand": ["discounts.source.coupon"]})
    held = [one["source"]["coupon"]["id"] for one in shown["discounts"]]
    assert held == ([known.id] if coupon["duration"] == "forever" else [])
    assert client.v1.coupons.retrieve(known.id).times_redeemed == 1


def test_invoices_that_are_sent_fall_due_after_their_days(client: StripeClient) -> None:
    _, customer = on_a_clock(client, "2026-01-01")
    with pytest.raises(stripe.InvalidRequestError, match="days_until_due"):
        subscribed(client, customer, price(client), collection_method="send_invoice")
    made = subscribed(client, customer, price(client), collection_method="send_invoice", days_until_due=30)

    invoice = client.v1.invoices.retrieve(str(made.latest_invoice))

    assert (made.status, invoice.status, invoice.due_date) == ("active", "open", moment("2026-01-31"))


def test_a_schedule_leads_from_monthly_to_annual_and_then_is_released(client: StripeClient) -> None:
    clock, customer = on_a_clock(client, "2026-01-01")
    monthly, annual = price(client), price(client, 8000, interval="year")
    made = subscribed(client, customer, monthly)
    schedule = client.v1.subscription_schedules.create({"from_subscription": made.id})
    first = schedule.phases[0]
    now: Any = {
        "items": [{"price": monthly, "quantity": 3}],
        "start_date": first.start_date,
        "end_date": first.end_date,
    }
    then: Any = {"items": [{"price": annual, "quantity": 4}], "duration": {"interval": "year", "interval_count": 1}}
    client.v1.subscription_schedules.update(schedule.id, {"phases": [now, then], "end_behavior": "release"})
    assert client.v1.subscriptions.retrieve(made.id).schedule == schedule.id

    advance(client, clock, moment("2026-02-01") + 2 * HOUR)
    running = client.v1.subscription_schedules.retrieve(schedule.id)
    assert running.current_phase is not None
    assert (running.current_phase.start_date, running.current_phase.end_date) == (
        moment("2026-02-01"),
        moment("2027-02-01"),
    )
    advance(client, clock, moment("2027-02-01") + 2 * HOUR)

    assert billed(client, made) == [
        ("subscription_create", "paid", 2400, moment("2026-01-01"), moment("2026-02-01")),
        ("subscription_cycle", "paid", 32000, moment("2026-02-01"), moment("2027-02-01")),
        ("subscription_cycle", "paid", 32000, moment("2027-02-01"), moment("2028-02-01")),
    ]
    assert client.v1.subscription_schedules.retrieve(schedule.id).status == "released"


def test_a_schedule_may_start_later_and_cancel_at_its_end(client: StripeClient) -> None:
    clock, customer = on_a_clock(client, "2026-01-01")
    phase: Any = {"items": [{"price": price(client), "quantity": 2}], "end_date": moment("2026-03-10")}
    schedule = client.v1.subscription_schedules.create(
        {"customer": customer.id, "phases": [phase], "start_date": moment("2026-01-10"), "end_behavior": "cancel"}
    )
    assert (schedule.status, schedule.subscription) == ("not_started", None)

    advance(client, clock, moment("2026-02-20"))
    advance(client, clock, moment("2026-03-20"))

    after = client.v1.subscription_schedules.retrieve(schedule.id)
    assert (after.status, after.completed_at) == ("completed", moment("2026-03-10"))
    made = client.v1.subscriptions.retrieve(str(after.subscription))
    assert (made.status, made.ended_at) == ("canceled", moment("2026-03-10"))
    assert len(billed(client, made)) == 2


def test_a_clock_with_a_subscription_moves_by_two_intervals_at_most(client: StripeClient) -> None:
    clock, customer = on_a_clock(client, "2026-01-01")
    subscribed(client, customer, price(client))

    with pytest.raises(stripe.InvalidRequestError, match="two intervals"):
        client.v1.test_helpers.test_clocks.advance(clock, {"frozen_time": moment("2026-03-02")})


def test_subscriptions_are_read_by_page_and_found_by_price(client: StripeClient) -> None:
    clock, customer = on_a_clock(client, "2026-01-01")
    one, other = price(client), price(client, 900)
    made = [subscribed(client, customer, one).id for _ in range(3)] + [subscribed(client, customer, other).id]

    assert client.v1.subscriptions.list({}).data == []
    read = [sub.id for sub in client.v1.subscriptions.list({"limit": 2, "test_clock": clock}).auto_paging_iter()]

    assert read == made[::-1]
    assert [sub.id for sub in client.v1.subscriptions.list({"price": other, "test_clock": clock}).data] == made[3:]
    shown = client.v1.customers.retrieve(customer.id, {"expand": ["subscriptions"]})
    assert [sub["id"] for sub in shown["subscriptions"]["data"]] == made[::-1]
    client.v1.customers.delete(customer.id)
    assert client.v1.subscriptions.list({"test_clock": clock}).data == []


@pytest.mark.parametrize(
    ("terms", "names"),
    [
        ({"items": []}, "items"),
        ({"items": [{"price": "price_none"}]}, "items[0][price]"),
        ({"cancel_at": 1, "cancel_at_period_end": True}, "cancel_at"),
        ({"trial_end": 9_999_999_999, "trial_period_days": 3}, "trial_end"),
        ({"days_until_due": 3}, "days_until_due"),
    ],
    ids=["no items", "unknown price", "two ends", "two trials", "days without invoices"],
)
def test_what_does_not_fit_is_refused_by_the_name_of_its_parameter(
    client: StripeClient, terms: dict[str, Any], names: str
) -> None:
    _, customer = on_a_clock(client, "2026-01-01")

    with pytest.raises(stripe.InvalidRequestError) as refused:
        subscribed(client, customer, price(client), **terms)

    assert refused.value.param == names
