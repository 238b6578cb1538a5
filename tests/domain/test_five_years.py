"""Five years of a random customer, against a second opinion: nobody pays twice, nobody gets anything free."""

from datetime import timedelta
from itertools import pairwise

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from billflow.domain import commands as c
from billflow.domain.invoicing.draft import InvoiceDraft, LineKind
from billflow.domain.plan import LicenseManagement, PlanStatus, Schedule
from billflow.domain.plan_start import StartFacts, StartPlan, activate, start_plan
from billflow.domain.preview import invoices_of, preview
from billflow.domain.settings import BillingSettings
from billflow.domain.step import Facts, Outcome
from tests.domain.builders import START, a_customer, catalog, seats
from tests.domain.life import Life
from tests.domain.model import Charge, Model

END = START + timedelta(days=5 * 365)
# One line per entry, so that every license can be followed second by second.
SETTINGS = BillingSettings(bundle_additions_by_date=False)

people = st.integers(min_value=1, max_value=60)
seconds = st.integers(1, 86_399)
short = st.builds(
    timedelta, days=st.one_of(st.integers(0, 2), st.integers(0, 12), st.integers(10, 40)), seconds=seconds
)
long = st.builds(timedelta, days=st.integers(30, 400), seconds=seconds)


def charged(invoices: list[InvoiceDraft]) -> list[Charge]:
    lines = [line for invoice in invoices for line in invoice.lines]
    return sorted(
        Charge(line.derivation.period.start, line.derivation.period.end, line.quantity, line.unit_amount)
        for line in lines
        if line.kind is not LineKind.CREDIT_TO_BALANCE
    )


class FiveYears(RuleBasedStateMachine):
    """The same history lived twice, day by day and in one go, and told by the model."""

    def __init__(self) -> None:
        super().__init__()
        self.now = START

    @initialize(
        schedule=st.sampled_from(Schedule),
        automatic=st.booleans(),
        count=people,
        trial_days=st.sampled_from([0, 0, 14, 60]),
        moment=st.integers(0, 60 * 86_400),
    )
    def start(self, schedule: Schedule, automatic: bool, count: int, trial_days: int, moment: int) -> None:
        self.now = START + timedelta(seconds=moment)
        self.begin(schedule, automatic, count, trial_days)

    def begin(self, schedule: Schedule, automatic: bool, count: int, trial_days: int) -> None:
        # Manual plans go without the license gate here: it has tests of its own.
        customer = a_customer(exempt_from_license_number_check=not automatic)
        management = LicenseManagement.AUTOMATIC if automatic else LicenseManagement.MANUAL
        asked = StartPlan(
            tier="cloud_standard",
            schedule=schedule,
            licenses=count,
            license_management=management,
            trial_days=trial_days,
        )
        facts = StartFacts(
            plan_id="plan",
            customer=customer,
            catalog=catalog(),
            last_observation=seats(self.now, count),
            settings=SETTINGS,
        )
        started = start_plan(facts, asked, self.now)
        self.prompt, self.lazy = self.begun(started, count), self.begun(started, count)
        ends = self.now + timedelta(days=trial_days) if trial_days else None
        self.model = Model(self.now, schedule, count, count, automatic, trial_ends=ends)

    def begun(self, started: Outcome, count: int) -> Life:
        life = Life(Facts(plan=started.plan, customer=started.customer, catalog=catalog(), settings=SETTINGS))
        life.take(started)
        if started.plan.status is PlanStatus.NEVER_STARTED:
            life.take(activate(life.facts, self.now))
        return life

    @property
    def status(self) -> PlanStatus:
        return self.prompt.facts.plan.status

    def is_(self, *statuses: PlanStatus) -> bool:
        return self.status in statuses

    @rule(span=st.one_of(short, long))
    def time_passes(self, span: timedelta) -> None:
        # Time always moves, if only by a second once the five years are over.
        self.now += span if self.now + span <= END else timedelta(seconds=1)
        self.prompt.backfill(self.now)
        self.model.pass_to(self.now)

    @rule(span=short, count=people)
    def seats_change(self, span: timedelta, count: int) -> None:
        self.time_passes(span)
        observation = seats(self.now, count)
        self.prompt.observe(observation)
        self.lazy.observe(observation)
        self.model.observe(self.now, count)

    def do(self, command: c.PlanCommand) -> None:
        # A second of its own keeps the command apart from what else happens.
        self.time_passes(timedelta(seconds=1))
        foreseen = preview(self.lazy.known(self.now), command, self.now)
        self.prompt.command(command, self.now)
        outcome = self.lazy.command(command, self.now)
        assert (foreseen.plan, invoices_of(foreseen), foreseen.entries, foreseen.credit) == (
            outcome.plan,
            invoices_of(outcome),
            outcome.entries,
            outcome.credit,
        )

    def stays(self, *statuses: PlanStatus) -> bool:
        """Tell whether the plan is in one of *statuses*, a second from now too."""
        due = self.prompt.facts.plan.due_at
        return self.status in statuses and (due is None or due > self.now + timedelta(seconds=1))

    @precondition(lambda self: self.stays(PlanStatus.ACTIVE))
    @rule()
    def downgrade(self) -> None:
        self.do(c.DowngradeAtEndOfCycle())
        self.model.ending = True

    @precondition(lambda self: not self.status.is_live and not self.model.suspended)
    @rule(schedule=st.sampled_from(Schedule), automatic=st.booleans(), count=people)
    def buy_again(self, schedule: Schedule, automatic: bool, count: int) -> None:
        self.teardown()
        self.begin(schedule, automatic, count, trial_days=0)

    @precondition(lambda self: self.stays(PlanStatus.FREE_TRIAL))
    @rule()
    def downgrade_trial(self) -> None:
        self.do(c.DowngradeAtEndOfFreeTrial())
        self.model.ending = True

    @precondition(lambda self: self.stays(PlanStatus.ACTIVE))
    @rule()
    def switch(self) -> None:
        monthly = self.prompt.facts.plan.schedule is Schedule.MONTHLY
        self.do(c.SwitchToAnnual() if monthly else c.SwitchToMonthly())
        self.model.switching = True

    @precondition(
        lambda self: self.stays(
            PlanStatus.DOWNGRADE_AT_END_OF_CYCLE,
            PlanStatus.DOWNGRADE_AT_END_OF_FREE_TRIAL,
            PlanStatus.SWITCH_TO_ANNUAL_AT_END_OF_CYCLE,
            PlanStatus.SWITCH_TO_MONTHLY_AT_END_OF_CYCLE,
        )
    )
    @rule()
    def cancel(self) -> None:
        self.do(c.CancelScheduledChange())
        self.model.ending = self.model.switching = False

    @precondition(lambda self: self.stays(PlanStatus.ACTIVE))
    @rule(days=st.integers(1, 500))
    def set_end_date(self, days: int) -> None:
        ends = self.now + timedelta(days=days)
        self.do(c.SetEndDate(end_date=ends))
        self.model.end_date = ends

    @precondition(lambda self: self.stays(PlanStatus.ACTIVE) and self.model.end_date is not None)
    @rule()
    def remove_end_date(self) -> None:
        self.do(c.RemoveEndDate())
        self.model.end_date = None

    @precondition(lambda self: self.stays(PlanStatus.ACTIVE) and not self.model.automatic and not self.model.suspended)
    @rule(more=people)
    def buy_licenses(self, more: int) -> None:
        wanted = self.model.held + more
        self.do(c.SetLicenses(licenses=wanted))
        self.model.buy(self.now, wanted)

    @precondition(lambda self: self.stays(PlanStatus.ACTIVE) and not self.model.automatic)
    @rule(count=people)
    def renew_with(self, count: int) -> None:
        if count != self.model.following:
            self.do(c.SetLicensesAtRenewal(licenses=count))
            self.model.following = count

    @precondition(
        lambda self: (
            self.stays(PlanStatus.ACTIVE)
            and self.prompt.facts.plan.tier == "cloud_standard"
            and not self.model.suspended
        )
    )
    @rule()
    def upgrade(self) -> None:
        self.do(c.UpgradeTierNow(tier="cloud_plus"))
        self.model.upgrade(self.now)

    @precondition(lambda self: self.stays(PlanStatus.ACTIVE))
    @rule(lucky=st.integers(0, 9))
    def end_now(self, lucky: int) -> None:
        if lucky == 0:
            self.do(c.EndNow())
            self.model.end()

    @precondition(lambda self: self.status.is_live and not self.model.suspended)
    @rule(span=short)
    def suspend(self, span: timedelta) -> None:
        self.time_passes(span)
        if self.status.is_live:
            self.prompt.suspend(self.now)
            self.lazy.suspend(self.now)
            self.model.suspended = True

    @precondition(lambda self: self.model.suspended)
    @rule(span=st.one_of(short, long))
    def come_back(self, span: timedelta) -> None:
        self.time_passes(span)
        self.prompt.resume(self.now)
        self.lazy.resume(self.now)
        self.model.come_back(self.now)

    @invariant()
    def the_invoices_are_those_of_the_model(self) -> None:
        if hasattr(self, "model"):
            assert charged(self.prompt.invoices) == sorted(self.model.charges)
            assert self.prompt.credits == self.model.credits
            assert self.status.is_live == self.model.alive

    @invariant()
    def the_ledger_grows_in_time_order(self) -> None:
        if hasattr(self, "prompt"):
            ledger = self.prompt.facts.ledger
            assert [entry.seq for entry in ledger] == list(range(1, len(ledger) + 1))
            assert all(one.event_time <= next_.event_time for one, next_ in pairwise(ledger))

    @invariant()
    def no_step_repeats(self) -> None:
        if hasattr(self, "prompt"):
            assert len(set(self.prompt.billing_dates)) == len(self.prompt.billing_dates)

    def teardown(self) -> None:
        if hasattr(self, "lazy"):
            self.lazy.backfill(self.now)
            self.prompt.backfill(self.now)
            assert self.lazy.invoices == self.prompt.invoices
            assert self.lazy.facts.ledger == self.prompt.facts.ledger
            assert self.lazy.facts.plan == self.prompt.facts.plan


TestFiveYears = FiveYears.TestCase
