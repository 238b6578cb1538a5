"""What any life may meet, and a life that is watched: strategies and facts for tests/domain/test_any_life.py."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from math import floor

from hypothesis import strategies as st

from billflow.domain import commands as c
from billflow.domain.calendar import Period
from billflow.domain.coupons import Coupon, CouponDuration
from billflow.domain.errors import NeedsAttention
from billflow.domain.invoicing.draft import InvoiceDraft, InvoiceKind, LineKind
from billflow.domain.items import Item, ItemStatus
from billflow.domain.plan import CollectionMethod, LicenseManagement, PlanStatus, Schedule
from billflow.domain.plan_start import StartPlan
from billflow.domain.preview import invoices_of
from billflow.domain.step import Facts, Outcome
from tests.domain.builders import START, an_entry
from tests.domain.life import Life

SECOND = timedelta(seconds=1)
GRANTED = 12
GIVES = (
    LineKind.FLAT_DISCOUNT,
    LineKind.COUPON,
    LineKind.END_DATE_CHANGE,
    LineKind.ADD_ON_END_DATE_CHANGE,
    LineKind.TAX,
)
CHARGES = (LineKind.INITIAL_UPGRADE, LineKind.RENEWAL, LineKind.ADDITIONAL_LICENSES)
ADD_ONS = (LineKind.ADD_ON, LineKind.ADDITIONAL_ADD_ON)
NONE_HELD = an_entry(0, START, 0)
TIERS = ("cloud_standard", "cloud_plus", "self_hosted_basic", "self_hosted_business", "self_hosted_complimentary")

FIXED = (Schedule.ANNUAL, Schedule.MONTHLY)

counts = st.integers(0, 60)
licenses = st.integers(1, 80)
days = st.one_of(st.integers(0, 2), st.integers(0, 40), st.integers(30, 400))
spans = st.builds(timedelta, days=days, seconds=counts)
wishes = st.builds(
    StartPlan,
    tier=st.sampled_from(TIERS),
    schedule=st.sampled_from(Schedule),
    licenses=st.just(60),
    license_management=st.sampled_from(LicenseManagement),
    collection_method=st.sampled_from(CollectionMethod),
    fixed_price=st.sampled_from([None, None, None, 120_005]),
    trial_days=st.sampled_from([0, 0, 30]),
)
coupons = st.builds(
    Coupon,
    code=st.just("SPRING25"),
    percent_off=st.decimals("0.01", "100", places=2),
    duration=st.just(CouponDuration.REPEATING),
    duration_in_months=st.integers(1, 20),
    tiers=st.sampled_from([(), (), TIERS[:1], TIERS[1:]]),
).flatmap(
    lambda one: st.sampled_from(
        [
            one,
            replace(one, duration=CouponDuration.FOREVER, duration_in_months=None),
            replace(one, percent_off=None, amount_off={"USD": 4000}),
        ]
    )
)
commands = st.one_of(
    st.builds(c.SetLicenses, licenses=licenses),
    st.builds(c.SetLicensesAtRenewal, licenses=licenses),
    st.builds(c.SetLicenseManagement, license_management=st.sampled_from(LicenseManagement)),
    st.sampled_from([c.SwitchToAnnual(), c.SwitchToMonthly(), c.CancelScheduledChange(), c.Retry()]),
    st.sampled_from([c.DowngradeAtEndOfCycle(), c.DowngradeAtEndOfFreeTrial(), c.ExtendTrial(days=9)]),
    st.just(c.RemoveEndDate()),
    st.builds(c.UpgradeTierNow, tier=st.sampled_from(TIERS), schedule=st.sampled_from([None, *Schedule])),
    st.builds(
        c.ScheduleTierAtPlanEnd,
        tier=st.sampled_from(TIERS),
        schedule=st.sampled_from([None, *Schedule]),
        fixed_price=st.sampled_from([None, 100_003]),
    ),
    st.builds(
        c.AddItem, description=st.just("Training"), unit_amount=counts.map(lambda n: n + 1), own_invoice=st.booleans()
    ),
    st.builds(c.WithdrawItem, item=st.integers(1, 3)),
    st.builds(
        c.SetAddOn, add_on=st.just("storage"), quantity=st.integers(0, 4), price=st.sampled_from([None, None, 77])
    ),
    st.builds(c.SetCollectionMethod, collection_method=st.sampled_from(CollectionMethod)),
    st.builds(
        c.ApplyDiscount, monthly_discounted_price=st.integers(0, 900), annual_discounted_price=st.integers(0, 9000)
    ),
)


@dataclass
class Watched(Life):
    """A life that may come to a stop; `running` are the invoices of the plan that runs, `kept` those not voided."""

    running: list[InvoiceDraft] = field(default_factory=list)
    kept: list[InvoiceDraft] = field(default_factory=list)
    on_hold: str | None = None
    items: dict[tuple[int, int], Item] = field(default_factory=dict)
    plans: int = 0

    def known(self, moment: datetime) -> Facts:
        """Return the facts as the records load them: the newest report tells how fresh the others are."""
        new = [o for o in self.observations if self.facts.plan.seats_observed_through < o.observed_at]
        kept = tuple(o for o in new if o.observed_at <= moment or o is self.observations[-1])
        return replace(self.facts, observations=kept)

    def backfill(self, until: datetime) -> None:
        self.on_hold = None
        try:
            super().backfill(until)
        except NeedsAttention as error:
            self.on_hold = error.code

    def take(self, outcome: Outcome) -> Outcome:
        if outcome.void_trial_invoice:
            self.running = [i for i in self.running if i.kind is not InvoiceKind.TRIAL_PURCHASE]
            self.kept = [i for i in self.kept if i.kind is not InvoiceKind.TRIAL_PURCHASE]
        self.kept += invoices_of(outcome)
        part: Outcome | None = outcome
        while part is not None:
            self.running += part.invoices
            self.items |= {(self.plans, item.seq): item for item in part.items}
            if part.successor:
                assert part.plan.status is PlanStatus.ENDED, "two live plans at once"
                self.running, self.plans = [], self.plans + 1
            part = part.successor
        return super().take(outcome)

    def check_add_ons(self, since: datetime) -> None:
        """Compare the units that are held in the cycle that began then with those that lines charge for, or will."""
        entries = [entry for entry in self.facts.add_ons if entry.event_time >= since]
        held = entries[-1].licenses if entries else 0
        lines = [line for invoice in self.running for line in invoice.lines if line.kind in ADD_ONS]
        charged = sum(line.quantity for line in lines if line.derivation.period.start >= since)
        before = [NONE_HELD, *entries]
        waiting = sum(new.licenses - old.licenses for old, new in pairwise(before) if not new.allocated)
        assert charged + waiting == held
        for line in lines:
            d = line.derivation
            share = Fraction(d.period.microseconds, d.cycle.microseconds) if d.cycle else Fraction(1)
            assert line.unit_amount == floor(d.price * share + Fraction(1, 2))
        for addition in self.facts.additions:  # what was billed in all is the price for the time that it is for
            d, span = addition.derivation, Period(addition.derivation.period.start, addition.until)
            share = Fraction(span.microseconds, addition.cycle.microseconds)
            assert addition.unit == floor(d.price * share + Fraction(1, 2))

    def check_items(self) -> None:
        """Compare what became of each item with the lines that bill them."""
        lines = [line for invoice in self.invoices for line in invoice.lines if line.kind is LineKind.ITEM]
        billed = [item for item in self.items.values() if item.status is ItemStatus.BILLED]
        assert sorted(line.amount for line in lines) == sorted(item.unit_amount * item.quantity for item in billed)
        waiting = {item.seq for item in self.facts.items if item.status is ItemStatus.PENDING}
        assert not waiting or self.facts.plan.status.is_live

    def paid_licenses(self, since: datetime) -> int:
        """Count the licenses that invoices charge for in the cycle that began then."""
        lines = [line for invoice in self.running for line in invoice.lines if line.kind in CHARGES]
        return sum(line.quantity for line in lines if line.derivation.period.start >= since)

    def to_be_billed(self, since: datetime) -> int:
        """Count the licenses added in that cycle which no invoice has yet."""
        cycle = [entry for entry in self.facts.ledger if entry.event_time >= since]
        return sum(after.licenses - before.licenses for before, after in pairwise(cycle) if not after.allocated)
