"""When a plan has a price that was announced (rules 14.1), and how amounts are written wherever they stand."""

from datetime import timedelta

from billflow.domain.amount_fields import with_amounts_written
from billflow.domain.plan import PlanStatus, Schedule
from billflow.domain.price_change import first_renewal_from
from tests.domain.builders import DAY, START, a_plan, at

DUE, NEXT, APRIL = at("2024-02-29T10:00"), at("2024-03-31T10:00"), at("2024-04-30T10:00")
INSTANT = timedelta(microseconds=1)


def test_an_announced_price_begins_with_the_first_renewal_at_its_date_or_later() -> None:
    trial = a_plan(status=PlanStatus.FREE_TRIAL, next_invoice_date=at("2024-03-10T10:00"))
    for plan, not_before, now, first in (
        (a_plan(), DUE, START, DUE),
        (a_plan(), DUE + INSTANT, START, NEXT),
        (a_plan(), START, DUE - INSTANT, DUE),
        (a_plan(), START, DUE, NEXT),
        (a_plan(schedule=Schedule.ANNUAL), DUE, START, at("2025-01-31T10:00")),
        (a_plan(end_date=DUE), DUE, START, None),
        (a_plan(end_date=DUE + INSTANT), DUE, START, DUE),
        (a_plan(status=PlanStatus.DOWNGRADE_AT_END_OF_CYCLE), DUE, START, None),
        (a_plan(status=PlanStatus.ENDED), DUE, START, None),
        # the first cycle after a trial is no renewal
        (trial, START, START, at("2024-04-10T10:00")),
        (trial, at("2024-04-10T10:00"), START, at("2024-04-10T10:00")),
        (trial, APRIL, START, at("2024-05-10T10:00")),
    ):
        assert first_renewal_from(plan, not_before, now) == first, (plan.status, not_before, now)
    assert first_renewal_from(a_plan(), DUE, START + DAY) == DUE


def test_each_amount_is_written_in_the_currency_beside_it() -> None:
    told = {
        "currency": "JPY",
        "amount": 1500,
        "licenses": 3,
        "active": True,
        "total": True,
        "lines": [{"unit_amount": 500}, {"unit_amount": 700, "currency": "USD"}],
        "price": [800, None],
        "note": {"balance": -5, "memo": "5"},
    }

    assert with_amounts_written("", told, "EUR") == {
        "currency": "JPY",
        "amount": "JPY 1,500",
        "licenses": 3,
        "active": True,
        "total": True,
        "lines": [{"unit_amount": "JPY 500"}, {"unit_amount": "USD 7", "currency": "USD"}],
        "price": ["JPY 800", None],
        "note": {"balance": "JPY -5", "memo": "5"},
    }
    assert with_amounts_written("amount", 1250, "EUR") == "EUR 12.50"
    assert with_amounts_written("amount", 1250, None) == 1250
    assert with_amounts_written("quantity", 1250, "EUR") == 1250
    assert with_amounts_written("", {"amount": 1250}, "EUR") == {"amount": "EUR 12.50"}
