"""End dates move, and what was charged up to them follows: licenses are paid for as long as they are held."""

from dataclasses import replace
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from math import floor

from hypothesis import given
from hypothesis import strategies as st

from billflow.domain import commands as c
from billflow.domain.calendar import Period, first_step_after
from billflow.domain.errors import InvalidInput, Refused
from billflow.domain.invoicing.draft import Line, LineKind
from billflow.domain.invoicing.end_dates import additions_after, credit_to_balance, end_date_changes
from billflow.domain.invoicing.explain import explain
from billflow.domain.plan import LicenseManagement, PlanStatus, Schedule
from billflow.domain.plan_start import StartPlan
from billflow.domain.preview import forecast
from billflow.domain.proration import Derivation, prorated
from billflow.domain.settings import BillingSettings
from billflow.domain.step import Step
from tests.domain.builders import DAY, START, at, seats
from tests.domain.life import Life, life_of

# One line per entry, so that every license can be followed second by second.
UNBUNDLED = BillingSettings(bundle_additions_by_date=False)
ANNUAL = StartPlan(tier="", schedule=Schedule.ANNUAL)
PRICES = {Schedule.ANNUAL: 8000, Schedule.HALF_YEARLY: 4800, Schedule.QUARTERLY: 2400, Schedule.MONTHLY: 800}

Move = tuple[timedelta, int | None, int | None]
"""So long after the move before: so many members are reported, the plan ends so many days later (0: it runs on)."""

gaps = st.integers(1, 70 * 86_400).map(lambda seconds: timedelta(seconds=seconds))
moves = st.lists(
    st.tuples(gaps, st.one_of(st.none(), st.integers(1, 60)), st.one_of(st.none(), st.just(0), st.integers(1, 400))),
    max_size=8,
)


def lived(life: Life, moved: list[Move]) -> datetime:
    """Live through the moves and a year more; return when that ends."""
    now = START
    for gap, members, days in moved:
        now += gap
        if members is not None:
            life.observe(seats(now, members))
        if days is not None:
            command = c.SetEndDate(end_date=now + days * DAY) if days else c.RemoveEndDate()
            given_to(life, command, now)
    now += 370 * DAY
    life.backfill(now)
    return now


def given_to(life: Life, command: c.PlanCommand, now: datetime) -> None:
    try:
        life.command(command, now)
    except (Refused, InvalidInput):
        return


def owed(life: Life) -> int:
    """Return what the entries cost: each cycle whole, each license added for as long as it is held in the cycle."""
    plan, price = life.facts.plan, PRICES[life.facts.plan.schedule]
    first, *_ = entries = life.facts.ledger
    total, begun = first.licenses * price, first.event_time
    for before, entry in pairwise(entries):
        if entry.is_renewal:
            total, begun = total + entry.licenses * price, entry.event_time
        elif entry.licenses > before.licenses and entry.allocated:
            cycle_end = first_step_after(plan.billing_cycle_anchor, plan.schedule.months, entry.event_time)
            until = min(cycle_end, plan.end_date or cycle_end)
            share = Fraction((until - entry.event_time) / timedelta(microseconds=1)) / Fraction(
                (cycle_end - begun) / timedelta(microseconds=1)
            )
            total += floor(price * share + Fraction(1, 2)) * (entry.licenses - before.licenses)
    return total


def paid(life: Life) -> int:
    return sum(invoice.total for invoice in life.invoices) - sum(life.credits)


@given(schedule=st.sampled_from(Schedule), members=st.integers(1, 20), moved=moves)
def test_license_seconds_billed_are_license_seconds_held_whatever_the_end_date_did(
    schedule: Schedule, members: int, moved: list[Move]
) -> None:
    life = life_of("cloud_standard", replace(ANNUAL, schedule=schedule), members, settings=UNBUNDLED)
    lived(life, moved)
    assert paid(life) == owed(life)
    assert all(invoice.total >= 0 for invoice in life.invoices)
    for invoice in life.invoices:
        explained = [explain(line, invoice.currency) for line in invoice.lines]
        assert invoice.total == sum((one.rounded_unit - one.less) * one.quantity for one in explained)


@given(members=st.integers(1, 20), moved=moves)
def test_a_forecast_foresees_what_moved_end_dates_will_cost(members: int, moved: list[Move]) -> None:
    life = life_of("cloud_standard", ANNUAL, members)
    now = START
    for gap, reported, days in moved[:4]:
        now += gap
        if reported is not None:
            life.observe(seats(now, reported))
        if days is not None:
            given_to(life, c.SetEndDate(end_date=now + days * DAY) if days else c.RemoveEndDate(), now)
    life.backfill(now)
    if not life.facts.plan.status.is_live:
        return
    made = len(life.invoices)
    foreseen = forecast(life.known(now), 2, now=now).invoices
    life.backfill(now + 800 * DAY)
    assert tuple(life.invoices[made : made + len(foreseen)]) == foreseen


def year_with_an_end() -> Life:
    """Return the life of a year of ten licenses that ends on 1 August, with an eleventh billed up to then."""
    life = life_of("cloud_standard", ANNUAL, 10)
    life.command(c.SetEndDate(end_date=at("2024-07-31T22:00")), START + DAY)
    life.observe(seats(at("2024-04-03T10:00"), 11))
    life.backfill(at("2024-05-01"))
    return life


def test_a_later_end_date_is_topped_up_at_the_next_billing_date() -> None:
    life = year_with_an_end()
    assert life.invoices[-1].total == 2612  # 8000 x 119.5 of 366 days
    life.command(c.RemoveEndDate(), at("2024-05-02"))
    life.backfill(at("2024-06-01"))
    [line] = life.invoices[-1].lines
    assert (line.kind, line.amount) == (LineKind.END_DATE_CHANGE, 6623 - 2612)  # 8000 x 303 of 366 days
    assert explain(line, "USD").sentence == (
        "Additional Cloud Standard license, end date moved, from 2024-07-31 22:00 to 2025-01-31 10:00 UTC: "
        "1 x USD 80 x 303 of 366 days, rounded half up to USD 66.23 each, less USD 26.12 each that were billed before"
        " = USD 40.11."
    )


def test_an_earlier_end_date_is_credited_to_the_balance_where_nothing_else_is_charged() -> None:
    life = year_with_an_end()
    life.command(c.SetEndDate(end_date=at("2024-06-15T10:00")), at("2024-05-02"))
    life.backfill(at("2024-06-16"))
    invoice = life.invoices[-1]
    assert [(line.kind, line.amount) for line in invoice.lines] == [
        (LineKind.END_DATE_CHANGE, 1596 - 2612),  # 8000 x 73 of 366 days
        (LineKind.CREDIT_TO_BALANCE, 2612 - 1596),
    ]
    assert (invoice.total, life.credits) == (0, [2612 - 1596])


def test_an_end_date_that_comes_back_before_a_billing_date_changes_nothing() -> None:
    life = year_with_an_end()
    made = len(life.invoices)
    life.command(c.RemoveEndDate(), at("2024-05-02"))
    life.command(c.SetEndDate(end_date=at("2024-07-31T22:00")), at("2024-05-03"))
    life.backfill(at("2024-07-30"))
    assert len(life.invoices) == made


def test_nothing_is_credited_for_licenses_that_were_credited_before() -> None:
    life = year_with_an_end()
    life.facts = replace(life.facts, additions=tuple(replace(one, credited=True) for one in life.facts.additions))
    made = len(life.invoices)
    life.command(c.SetEndDate(end_date=at("2024-06-15T10:00")), at("2024-05-02"))
    life.backfill(at("2024-06-16"))
    assert (len(life.invoices), life.credits) == (made, [])


def test_an_upgrade_bills_up_to_now_what_an_earlier_end_left_out() -> None:
    life = year_with_an_end()
    life.command(c.RemoveEndDate(), at("2024-07-31T21:00"))
    life.command(c.UpgradeTierNow(tier="cloud_plus"), at("2024-08-05T10:00"))
    changes = [line for invoice in life.invoices for line in invoice.lines if line.kind is LineKind.END_DATE_CHANGE]
    # The billing date of 31 July at 10:00 came before; what the year has left of the line is billed up to the upgrade.
    assert [line.derivation.period.end for line in changes] == [at("2024-08-05T10:00")]


def test_licenses_by_hand_are_charged_to_the_end_like_those_of_seats() -> None:
    wish = replace(ANNUAL, license_management=LicenseManagement.MANUAL, licenses=10)
    life = life_of("cloud_standard", wish, 10, settings=UNBUNDLED)
    life.command(c.SetLicenses(licenses=12), START + 60 * DAY)
    life.backfill(START + 100 * DAY)
    life.command(c.SetEndDate(end_date=START + 200 * DAY), START + 101 * DAY)
    life.backfill(START + 300 * DAY)
    assert life.facts.plan.status is PlanStatus.ENDED
    assert paid(life) == owed(life)


def test_a_change_in_parts_changes_a_license_once() -> None:
    life = year_with_an_end()
    life.command(c.RemoveEndDate(), at("2024-05-02"))
    [change] = end_date_changes(Step.begin(life.known(at("2024-06-01")), at("2024-06-01")))
    parts = [replace(change, derivation=replace(change.derivation, quantity=part)) for part in (3, 2)]

    whole, divided = (additions_after(life.facts.additions, lines) for lines in ([change], parts))

    assert (whole[0].unit, divided) == (2612 + change.unit_amount, whole)
    assert (whole[0].unit, whole[0].until) == (6623, at("2025-01-31T10:00"))


def test_one_minor_unit_is_billed_or_put_onto_the_balance_as_well() -> None:
    life = year_with_an_end()
    life.command(c.RemoveEndDate(), at("2024-05-02"))
    facts = life.known(at("2024-06-01"))
    [billed] = facts.additions

    def changed(unit: int) -> list[Line]:
        known = replace(facts, additions=(replace(billed, unit=unit),))
        return end_date_changes(Step.begin(known, at("2024-06-01")))

    assert [[line.amount for line in changed(unit)] for unit in (6622, 6623, 6624)] == [[1], [], [-1]]
    [less] = changed(6624)
    assert credit_to_balance([less]) == Line(
        LineKind.CREDIT_TO_BALANCE,
        "Credit to the balance",
        Derivation(price=1, quantity=1, period=less.derivation.period),
    )
    assert credit_to_balance([less, replace(less, derivation=replace(less.derivation, less=6622))]) is None


def test_an_upgrade_credits_what_is_left_of_an_addition_once_and_bills_no_change_of_it() -> None:
    life = life_of("cloud_standard", ANNUAL, 10)
    life.observe(seats(at("2024-04-03T10:00"), 11))
    life.backfill(at("2024-05-01"))
    assert life.invoices[-1].total == 6623  # 8000 x 303 of 366 days

    outcome = life.command(c.UpgradeTierNow(tier="cloud_plus"), at("2024-08-01T10:00"))

    # 183 of 366 days of 80,000 and 183 of 303 days of 6623, which are 4000.03, rounded up once
    assert (outcome.credit, outcome.invoices) == (44_001, ())
    assert outcome.successor is not None
    assert [line.kind for invoice in outcome.successor.invoices for line in invoice.lines] == [LineKind.RENEWAL]


def test_the_parts_of_an_addition_are_billed_as_one() -> None:
    year = Period(START, at("2025-01-31T10:00"))
    derivation = prorated(8000, 3, charged=Period(START + 183 * DAY, year.end), cycle=year)
    first = Line(LineKind.ADDITIONAL_LICENSES, "Additional license", derivation, (4, 5))
    second = replace(first, derivation=replace(derivation, quantity=2), entries=(), adjusts=4)
    unknown = replace(first, kind=LineKind.END_DATE_CHANGE, entries=(), adjusts=99)

    [addition] = additions_after((), [first, second, unknown])

    assert (addition.seq, addition.unit, addition.until) == (4, 4000, year.end)
    assert addition.derivation == replace(derivation, quantity=5)
    assert not addition.of_add_on
