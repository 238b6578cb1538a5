"""A change that is scheduled and taken back leaves nothing behind: same dates, same licenses, same invoices."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from hypothesis import assume, given
from hypothesis import strategies as st

from billflow.domain import commands as c
from billflow.domain.billing_dates import live_through
from billflow.domain.cycle import next_billing_cycle
from billflow.domain.errors import NeedsAttention, Refused
from billflow.domain.plan import CollectionMethod, LicenseManagement, Schedule
from billflow.domain.plan_start import StartPlan
from billflow.domain.preview import forecast
from billflow.domain.step import Facts, Step
from tests.domain.builders import DAY, START, at, seats
from tests.domain.life import Life, Reporting, life_of

SECOND = timedelta(seconds=1)
HORIZON = timedelta(days=400)

Words = Callable[[Life, datetime], list[c.PlanCommand]]


@dataclass(frozen=True)
class Detour:
    """Commands that schedule something on a plan that stands as it does, and those that take it back."""

    there: Words
    back: Words


def cycle_end(life: Life, moment: datetime) -> datetime:
    step = Step.begin(life.known(moment), moment)
    live_through(step)
    return next_billing_cycle(step)


SWITCHED = (Schedule.MONTHLY, Schedule.ANNUAL)
"""The schedules that a command can switch back to, and on which a fixed price is paid."""


def end_with_cycle(life: Life, moment: datetime) -> list[c.PlanCommand]:
    return [c.SetEndDate(end_date=cycle_end(life, moment))]


def tier_at_end(fixed_price: int | None, tier: str) -> Words:
    def follow(life: Life) -> c.PlanCommand:
        takes_one = life.facts.plan.schedule in SWITCHED
        return c.ScheduleTierAtPlanEnd(tier=tier, fixed_price=fixed_price if takes_one else None)

    return lambda life, moment: [*end_with_cycle(life, moment), follow(life)]


def other_licenses(life: Life, _moment: datetime) -> list[c.PlanCommand]:
    return [c.SetLicensesAtRenewal(licenses=life.facts.ledger[-1].licenses_at_next_renewal + 7)]


def earlier_licenses(life: Life, _moment: datetime) -> list[c.PlanCommand]:
    return [c.SetLicensesAtRenewal(licenses=life.facts.ledger[-1].licenses_at_next_renewal - 7)]


def ends_in(days: int) -> Words:
    return lambda _life, moment: [c.SetEndDate(end_date=moment + days * DAY)]


def other_schedule(life: Life, _moment: datetime) -> list[c.PlanCommand]:
    return [c.SwitchToAnnual() if life.facts.plan.schedule is Schedule.MONTHLY else c.SwitchToMonthly()]


def trials_schedule(life: Life, moment: datetime) -> list[c.PlanCommand]:
    assume(life.facts.plan.status.in_trial and life.facts.plan.schedule in SWITCHED)
    return other_schedule(life, moment)


def always(*commands: c.PlanCommand) -> Words:
    return lambda _life, _moment: list(commands)


CANCEL = always(c.CancelScheduledChange())
CANCEL_TIER = always(c.CancelScheduledChange(), c.RemoveEndDate())
DETOURS = {
    "downgrade": Detour(always(c.DowngradeAtEndOfCycle()), CANCEL),
    "trial_downgrade": Detour(always(c.DowngradeAtEndOfFreeTrial()), CANCEL),
    "schedule": Detour(other_schedule, CANCEL),
    "trial_schedule": Detour(trials_schedule, trials_schedule),
    "schedule_then_downgrade": Detour(
        lambda life, moment: [*other_schedule(life, moment), c.DowngradeAtEndOfCycle()], CANCEL
    ),
    "end_date": Detour(ends_in(100), always(c.RemoveEndDate())),
    "early_end_date": Detour(ends_in(1), always(c.RemoveEndDate())),
    "licenses_at_renewal": Detour(other_licenses, earlier_licenses),
    "cloud_tier": Detour(tier_at_end(None, "cloud_plus"), CANCEL_TIER),
    "cloud_tier_at_fixed_price": Detour(tier_at_end(120_000, "cloud_plus"), CANCEL_TIER),
    "server_tier": Detour(tier_at_end(None, "self_hosted_business"), CANCEL_TIER),
}


@dataclass
class Twins:
    """The same plan twice: one makes the detour, the other never does."""

    detoured: Life
    straight: Life

    def seats_are(self, members: int, moment: datetime) -> None:
        for life in (self.detoured, self.straight):
            life.observe(seats(moment, members))

    def backfill(self, moment: datetime) -> None:
        for life in (self.detoured, self.straight):
            life.backfill(moment)


wishes = st.builds(
    StartPlan,
    tier=st.just(""),
    schedule=st.sampled_from(Schedule),
    licenses=st.integers(60, 80),
    license_management=st.sampled_from(LicenseManagement),
    trial_days=st.sampled_from([0, 0, 45]),
    collection_method=st.just(CollectionMethod.CHARGE_AUTOMATICALLY),
)
lives = st.builds(
    life_of, st.sampled_from(["cloud_standard", "self_hosted_basic"]), wishes, st.integers(1, 40), exempt=st.booleans()
)
moments = st.integers(0, 400 * 86_400).map(lambda seconds: START + timedelta(seconds=seconds))
spans = st.one_of(st.integers(0, 3600), st.integers(0, 60 * 86_400)).map(lambda seconds: timedelta(seconds=seconds))


@given(
    life=lives,
    moment=moments,
    span=spans,
    before=st.integers(1, 60),
    meanwhile=st.one_of(st.none(), st.integers(1, 60)),
    name=st.sampled_from(sorted(DETOURS)),
)
def test_what_is_scheduled_and_taken_back_leaves_dates_licenses_and_invoices_as_they_were(
    *, life: Life, moment: datetime, span: timedelta, before: int, meanwhile: int | None, name: str
) -> None:
    twins, detour, back_at = Twins(life, copied(life)), DETOURS[name], moment + span + 2 * SECOND
    twins.seats_are(before, max(moment - DAY, START))
    reported(twins, moment)
    assume(obeyed(twins, detour.there, moment))
    if meanwhile is not None:
        twins.seats_are(meanwhile, moment + span / 2 + SECOND)
    reported(twins, back_at)
    assume(obeyed(twins, detour.back, back_at))

    detoured, straight = twins.detoured.facts, twins.straight.facts
    assert licenses(detoured) == licenses(straight)
    assert dates(detoured) == dates(straight)
    if len(twins.detoured.billing_dates) == len(twins.straight.billing_dates):
        assert foreseen(detoured) == foreseen(straight)
    until = back_at + HORIZON
    twins.seats_are(before, back_at + SECOND)
    reported(twins, until)
    twins.backfill(until)
    assert billed(twins.detoured) == billed(twins.straight)


def obeyed(twins: Twins, words: Words, moment: datetime) -> bool:
    """Give the commands to the twin that makes the detour; tell whether the plan took all of them."""
    try:
        twins.backfill(moment)
        for command in words(twins.detoured, moment):
            twins.detoured.command(command, moment)
        # The other twin takes in what was reported, as a command does.
        twins.straight.command(c.Retry(), moment)
    except (Refused, NeedsAttention):
        return False
    return True


def reported(twins: Twins, until: datetime) -> None:
    """Let the servers report unchanged seats at every billing date, as they do in life."""
    for life in (twins.detoured, twins.straight):
        known = sorted(life.observations, key=lambda one: one.observed_at)
        life.observations = known
        if known and known[-1].observed_at < until:
            life.observe(replace(known[-1], observed_at=until))


def copied(life: Life) -> Life:
    return Reporting(
        life.facts, list(life.observations), list(life.invoices), list(life.credits), list(life.entries), []
    )


def licenses(facts: Facts) -> tuple[int, int]:
    """Return the licenses held and those of the next cycle; what is held in a trial is never billed (rules 10)."""
    newest = facts.ledger[-1]
    return 0 if facts.plan.status.in_trial else newest.licenses, newest.licenses_at_next_renewal


def dates(facts: Facts) -> tuple[object, ...]:
    plan = facts.plan
    return plan.status, plan.schedule, plan.due_at, plan.next_invoice_date, plan.end_date, plan.billing_cycle_anchor


def foreseen(facts: Facts) -> tuple[object, ...]:
    """Return the next three invoices, but for the numbers of the ledger entries that they bill."""
    told = forecast(facts, 3)
    invoices = [replace(one, lines=tuple(replace(line, entries=()) for line in one.lines)) for one in told.invoices]
    return invoices, told.on_hold and told.on_hold.code, told.ends_at


def billed(life: Life) -> int:
    return sum(invoice.total for invoice in life.invoices) - sum(life.credits)


def test_licenses_of_a_scheduled_tier_go_when_it_is_taken_back() -> None:
    life = life_of("cloud_standard", StartPlan(tier="", schedule=Schedule.MONTHLY), 3, exempt=False)
    ends = cycle_end(life, START)
    life.command(c.SetEndDate(end_date=ends), START + DAY)
    life.command(c.ScheduleTierAtPlanEnd(tier="cloud_plus"), START + DAY)
    assert licenses(life.facts) == (3, 10)
    life.command(c.CancelScheduledChange(), START + DAY)
    assert licenses(life.facts) == (3, 3)


def test_an_annual_plan_goes_back_to_its_monthly_billing_dates() -> None:
    life = life_of("cloud_standard", StartPlan(tier="", schedule=Schedule.ANNUAL), 10, exempt=False)
    due, ends = life.facts.plan.due_at, cycle_end(life, START)
    life.command(c.SetEndDate(end_date=ends), START + DAY)
    life.command(c.ScheduleTierAtPlanEnd(tier="cloud_plus"), START + DAY)
    assert life.facts.plan.due_at == ends
    life.command(c.CancelScheduledChange(), START + DAY)
    assert life.facts.plan.due_at == due == at("2024-02-29T10:00")
