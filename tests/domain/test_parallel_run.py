"""Plans that another system bills up to their cutover: each period by exactly one of both (rules 41.1)."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billflow.domain.billing_dates import process_billing_date
from billflow.domain.calendar import add_months
from billflow.domain.commands import (
    AddItem,
    PlanCommand,
    ScheduleTierAtPlanEnd,
    SetLicenses,
    SetLicensesAtRenewal,
    SwitchToAnnual,
    UpgradeTierNow,
)
from billflow.domain.discounts import preview_command
from billflow.domain.errors import NeedsAttention, Refused
from billflow.domain.invoicing.draft import Line
from billflow.domain.ledger import Disposition
from billflow.domain.notices import NoticeDays, NoticeOccasion, notices_until, upcoming_invoice
from billflow.domain.plan import Schedule
from billflow.domain.plan_import import import_plan
from billflow.domain.step import Facts
from tests.domain.builders import DAY, a_customer, at, catalog
from tests.domain.life import Life
from tests.domain.test_plan_import import NOW, asked, known

FIRST, LATER = at("2026-02-15"), at("2027-03-16")
additions = st.lists(st.tuples(st.integers(1, 400), st.integers(1, 4)), max_size=4, unique_by=lambda one: one[0]).map(
    sorted
)


def imported(*, parallel_run: bool = True, cutover: datetime | None = None, **terms: Any) -> Life:
    """Return the life of a plan that was imported, with a cutover where one is given."""
    outcome = import_plan(known(customer=a_customer(card_since=NOW)), asked(parallel_run=parallel_run, **terms), NOW)
    ledger = tuple(replace(entry, allocated=True) for entry in outcome.entries)
    plan = replace(outcome.plan, cutover_at=cutover)
    return Life(Facts(plan=plan, customer=outcome.customer, catalog=catalog(), ledger=ledger))


def lived(life: Life, changes: list[tuple[int, int]]) -> Life:
    """Let licenses be added, so many days after the import, and all dates be billed."""
    held = 6
    for days, more in changes:
        held += more
        life.command(SetLicenses(licenses=held), NOW + timedelta(days=days, hours=1))
    life.backfill(LATER)
    return life


def lines(life: Life, *, parallel_run: bool) -> list[Line]:
    return [line for one in life.invoices if one.parallel_run is parallel_run for line in one.lines]


def shown(found: list[Line]) -> list[tuple[str, int, int, datetime]]:
    return sorted((line.kind.value, line.quantity, line.unit_amount, line.derivation.period.start) for line in found)


@given(changes=additions, renewals=st.integers(0, 12), schedule=st.sampled_from([Schedule.MONTHLY, Schedule.ANNUAL]))
def test_each_line_is_billed_by_one_system_and_it_is_the_other_one_s_up_to_the_cutover(
    changes: list[tuple[int, int]], renewals: int, schedule: Schedule
) -> None:
    terms: dict[str, Any] = {"schedule": schedule, "price_per_license": 700}
    begin = "2026-01-15" if schedule is Schedule.MONTHLY else "2025-02-15"
    end = at("2026-02-15")
    cutover = add_months(end, renewals if schedule is Schedule.MONTHLY else renewals // 12 * 12)

    alone = lived(imported(parallel_run=False, start=begin, **terms), changes)
    both = lived(imported(cutover=cutover, start=begin, **terms), changes)

    theirs, ours = lines(both, parallel_run=True), lines(both, parallel_run=False)
    assert shown([*theirs, *ours]) == shown(lines(alone, parallel_run=False))
    assert all(line.derivation.period.start < cutover for line in theirs)
    assert all(line.derivation.period.start >= cutover for line in ours)
    assert both.credits == []


def test_the_renewal_at_the_cutover_is_ours_and_what_was_added_before_is_theirs() -> None:
    life = imported(cutover=FIRST, price_per_license=700)
    life.command(SetLicenses(licenses=8), NOW + DAY)

    life.backfill(FIRST)

    theirs, ours = life.invoices
    assert (theirs.parallel_run, [(line.quantity, line.derivation.period.end) for line in theirs.lines]) == (
        True,
        [(2, FIRST)],
    )
    assert (ours.parallel_run, [(line.quantity, line.amount) for line in ours.lines]) == (False, [(8, 5600)])


def test_entries_of_the_other_system_are_entered_as_imported() -> None:
    life = imported()
    life.command(SetLicenses(licenses=8), NOW + DAY)

    outcome = process_billing_date(life.facts, FIRST)

    assert outcome.allocated == {2: Disposition.IMPORTED, 3: Disposition.IMPORTED}


def test_a_plan_whose_cutover_lies_within_a_cycle_is_on_hold_at_the_renewal_before() -> None:
    life = imported(cutover=FIRST + 10 * DAY)

    with pytest.raises(NeedsAttention) as held:
        life.backfill(FIRST)

    assert held.value.code == "cutover_within_cycle"


@pytest.mark.parametrize(
    "command",
    [AddItem(description="Training", unit_amount=500), UpgradeTierNow(tier="cloud_plus")],
    ids=["item", "tier"],
)
def test_what_the_other_system_would_have_to_follow_is_refused_until_the_cutover(command: PlanCommand) -> None:
    life = imported(cutover=FIRST)

    with pytest.raises(Refused) as refused:
        life.command(command, NOW + DAY)

    assert refused.value.code == "in_parallel_run"
    life.backfill(FIRST)
    assert life.command(command, FIRST + DAY).plan is not None


def test_a_plan_that_takes_over_is_in_the_parallel_run_too() -> None:
    life = imported()
    life.command(SwitchToAnnual(), NOW + DAY)
    life.command(SetLicensesAtRenewal(licenses=7), NOW + 2 * DAY)

    life.backfill(FIRST)

    assert life.facts.plan.schedule is Schedule.ANNUAL
    assert (life.facts.plan.parallel_run_since, life.facts.plan.cutover_at) == (NOW, None)
    assert [one.parallel_run for one in life.invoices] == [True]


def test_a_tier_that_follows_at_the_plan_s_end_has_the_cutover_of_then() -> None:
    life = imported(end_date=FIRST)
    life.command(ScheduleTierAtPlanEnd(tier="cloud_plus"), NOW + DAY)
    life.facts = replace(life.facts, plan=replace(life.facts.plan, cutover_at=FIRST))

    life.backfill(FIRST)

    assert (life.facts.plan.tier, life.facts.plan.cutover_at) == ("cloud_plus", FIRST)
    assert [(one.parallel_run, one.lines[0].derivation.period.start) for one in life.invoices] == [(False, FIRST)]


def test_nobody_is_told_ahead_of_what_the_other_system_bills() -> None:
    days, parallel = NoticeDays(), imported(cutover=FIRST + 28 * DAY)
    alone = imported(parallel_run=False)

    def notices(life: Life, until: datetime) -> list[NoticeOccasion]:
        return [notice.occasion for notice in notices_until(life.facts.plan, days, until)]

    assert notices(alone, FIRST - DAY) == [NoticeOccasion.INVOICE_UPCOMING]
    assert notices(parallel, FIRST - DAY) == []
    parallel.backfill(FIRST)
    assert notices(parallel, FIRST + 27 * DAY) == [NoticeOccasion.INVOICE_UPCOMING]
    invoice = upcoming_invoice(parallel.facts, FIRST + 28 * DAY, FIRST + 27 * DAY)
    assert invoice is not None
    assert (invoice.parallel_run, invoice.total) == (False, 4800)


def test_the_periods_of_both_systems_follow_each_other() -> None:
    life = imported(cutover=at("2026-06-15"))
    life.backfill(LATER)

    periods = [one.lines[0].derivation.period for one in life.invoices]
    assert all(before.end == following.start for before, following in pairwise(periods))
    assert [one.parallel_run for one in life.invoices] == [True] * 4 + [False] * 10


@pytest.mark.parametrize(
    ("cutover", "first"),
    [(None, None), (FIRST, FIRST), (FIRST + 28 * DAY, FIRST + 28 * DAY), (FIRST + 10 * DAY, None)],
    ids=["none", "at the next date", "a date later", "within a cycle"],
)
def test_a_preview_shows_the_first_invoice_that_is_ours(cutover: datetime | None, first: datetime | None) -> None:
    now = NOW + DAY

    shown_next = preview_command(imported(cutover=cutover).facts, None, now, now=now).comparison.next_invoice_before

    assert (shown_next and (shown_next.at, shown_next.total, shown_next.parallel_run)) == (
        first and (first, 4800, False)
    )
