"""A command is accepted or refused by what the plan is, never by how near a billing date it comes."""

from datetime import datetime, timedelta

from hypothesis import assume, given
from hypothesis import strategies as st

from billflow.domain import commands as c
from billflow.domain.billing_dates import process_billing_date
from billflow.domain.errors import InvalidInput, NeedsAttention, Refused
from billflow.domain.lifecycle import take_command
from billflow.domain.plan import LicenseManagement, PlanStatus, Schedule
from billflow.domain.plan_start import StartPlan
from billflow.domain.projection import after
from billflow.domain.step import Facts
from tests.domain.any_life import commands
from tests.domain.builders import DAY, START, seats
from tests.domain.life import Life, life_of

INSTANT = timedelta(microseconds=1)
near = st.one_of(
    st.integers(0, 5_000_000).map(lambda count: timedelta(microseconds=count)),
    st.integers(0, 86_000).map(lambda count: timedelta(seconds=count)),
)
wishes = st.builds(
    StartPlan,
    tier=st.just(""),
    schedule=st.sampled_from(Schedule),
    licenses=st.integers(30, 50),
    license_management=st.sampled_from(LicenseManagement),
    trial_days=st.sampled_from([0, 20]),
)


def answer(facts: Facts, command: c.PlanCommand, moment: datetime) -> object:
    """Return what became of the plan's status, or the code of the refusal."""
    try:
        outcome = take_command(facts, command, moment)
    except (Refused, InvalidInput) as error:
        return error.code
    return outcome.plan.status, outcome.successor is not None


def at_billing_date(life: Life, cycles: int) -> datetime | None:
    """Close so many billing dates, and return the next one."""
    for _ in range(cycles):
        if life.facts.plan.due_at is None:
            return None
        life.backfill(life.facts.plan.due_at)
    return life.facts.plan.due_at


@given(
    wish=wishes,
    first=st.one_of(st.none(), commands),
    command=commands,
    cycles=st.integers(0, 13),
    members=st.integers(1, 30),
    distance=near,
)
def test_around_a_billing_date_the_answer_changes_only_with_the_billing_date(
    *,
    wish: StartPlan,
    first: c.PlanCommand | None,
    command: c.PlanCommand,
    cycles: int,
    members: int,
    distance: timedelta,
) -> None:
    life = life_of("cloud_standard", wish, members)
    due = at_billing_date(life, cycles)
    assume(due is not None and due - DAY > START)
    assert due is not None
    if first is not None:
        try:
            life.command(first, due - DAY)
        except (Refused, InvalidInput):
            assume(False)
    assume(life.facts.plan.due_at == due and life.facts.plan.status is not PlanStatus.ENDED)

    # Before: however near, the command finds the plan that it found in the second after the one before.
    before = answer(life.known(due), command, due - DAY + timedelta(seconds=1))
    assert answer(life.known(due), command, due - INSTANT - distance) == before

    # A plan on hold at the billing date takes what it took the instant before.
    assert answer(life.known(due), command, due + distance) == before

    # After: from the billing date on it finds the plan that the billing date left.
    try:
        closed = after(life.known(due), process_billing_date(life.known(due), due))
    except NeedsAttention:
        return
    settled = answer(closed, command, due + timedelta(seconds=1))
    assert answer(closed, command, due) == settled
    assert answer(closed, command, due + distance) == settled


@given(distance=near, more=st.integers(1, 5))
def test_licenses_can_be_bought_from_the_instant_on_at_which_a_trial_has_ended(distance: timedelta, more: int) -> None:
    wish = StartPlan(
        tier="",
        schedule=Schedule.MONTHLY,
        licenses=10,
        trial_days=20,
        license_management=LicenseManagement.MANUAL,
    )
    life = life_of("cloud_standard", wish, 3)
    ends = START + 20 * DAY
    life.observe(seats(ends, 4))
    life.command(c.SetLicenses(licenses=10 + more), ends + distance)
    assert life.facts.ledger[-1].licenses == 10 + more
