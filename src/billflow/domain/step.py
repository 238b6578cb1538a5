"""One step in a plan's life, being taken: the facts it starts from, and everything it decides."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain
from typing import TYPE_CHECKING, Any, Self

from billflow.domain.add_ons import AddOnLedger
from billflow.domain.additions import BilledAddition, ChargedLine
from billflow.domain.calendar import Period, first_step_after
from billflow.domain.catalog import Catalog, Tier
from billflow.domain.coupons import AttachedCoupon
from billflow.domain.customer import CustomerTerms, minimum_licenses
from billflow.domain.items import Item, ItemChanges
from billflow.domain.ledger import Disposition, LedgerEntry, LicenseCount, newest_at
from billflow.domain.offers import OfferTerms
from billflow.domain.old_system import ParallelRunStanding
from billflow.domain.plan import Plan, PlanStatus
from billflow.domain.seats import LicenseCheck, SeatObservation, billable_licenses, seats_of
from billflow.domain.settings import DEFAULT_SETTINGS, BillingSettings

if TYPE_CHECKING:
    from billflow.domain.invoicing.draft import InvoiceDraft


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the records know when a step begins.

    `ledger` holds the plan's entries in `seq` order, at least from the renewal before the oldest unsettled entry on;
    `add_ons` are those about add-ons. `observations` are those newer than `plan.seats_observed_through`, in time order;
    `last_observation` is the newest one already taken in. `next_plan` is the scheduled successor, `charged` the lines
    for the running cycle, and `additions` what of it was billed for a part of the cycle. `paid_licenses` is what the
    purchase bought that starts the plan, or its trial. `trial_invoice_paid` is None unless the trial was bought by
    invoice, which used up `trial_discounted_months` of the flat discount and `trial_coupon`, as that was before.
    `offer` is the open one that the command names, `former_catalog` that of the plan's newest step, `parallel_run` how
    the plan's stands, if any. `items` are the one-off items that are still to be billed, and the newest of all.
    """

    plan: Plan
    customer: CustomerTerms
    catalog: Catalog
    ledger: tuple[LedgerEntry, ...] = ()
    observations: tuple[SeatObservation, ...] = ()
    last_observation: SeatObservation | None = None
    settings: BillingSettings = DEFAULT_SETTINGS
    next_plan: Plan | None = None
    charged: tuple[ChargedLine, ...] = ()
    additions: tuple[BilledAddition, ...] = ()
    paid_licenses: int = 0
    trial_invoice_paid: bool | None = None
    trial_discounted_months: int = 0
    trial_coupon: AttachedCoupon | None = None
    offer: OfferTerms | None = None
    former_catalog: Catalog | None = None
    items: tuple[Item, ...] = ()
    add_ons: tuple[LedgerEntry, ...] = ()
    parallel_run: ParallelRunStanding | None = None


@dataclass(frozen=True, slots=True)
class PlanEvent:
    """Something that happened to a plan, for the outbox and the audit log."""

    type: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Everything a step decided, to be written in one transaction.

    `allocated` maps ledger sequence numbers to what became of them; entries that an invoice line bills are named by
    the line. `credit` is owed to the customer in minor units. `successor` is what became of the plan that follows,
    and `scheduled` a successor that waits for this plan to end (or, ended, one that was taken back). `items` are those
    that are new, billed or withdrawn.
    """

    at: datetime
    plan: Plan
    customer: CustomerTerms
    entries: tuple[LedgerEntry, ...] = ()
    allocated: Mapping[int, Disposition] = field(default_factory=dict)
    invoices: tuple["InvoiceDraft", ...] = ()
    events: tuple[PlanEvent, ...] = ()
    credit: int = 0
    void_open_invoices: bool = False
    void_trial_invoice: bool = False
    last_observation: SeatObservation | None = None
    successor: "Outcome | None" = None
    scheduled: Plan | None = None
    items: tuple[Item, ...] = ()


@dataclass(slots=True)
class Step:
    """Collect the decisions of one step at moment `at`; domain functions read and change it in turn.

    With `in_parts` an invoice over the most that can be charged becomes several. `known_cycle` and `known_plan`
    remember the cycle end found last, `running_cycle` the cycle priced last: the lines of one invoice mostly share
    them. `former_price` is what a license cost before the renewal of that moment, which changed it in this step.
    """

    facts: Facts
    at: datetime
    plan: Plan
    customer: CustomerTerms
    ledger: list[LedgerEntry]
    seen: SeatObservation | None
    first_new_seq: int
    pending: int = 0
    allocated: dict[int, Disposition] = field(default_factory=dict)
    invoices: list["InvoiceDraft"] = field(default_factory=list)
    events: list[PlanEvent] = field(default_factory=list)
    credit: int = 0
    void_open_invoices: bool = False
    void_trial_invoice: bool = False
    successor: "Step | None" = None
    scheduled: Plan | None = None
    in_parts: bool = False
    known_cycle: Period | None = None
    running_cycle: Period | None = None
    known_plan: Plan | None = None
    former_price: tuple[int | None, datetime] | None = None
    items: ItemChanges = field(default_factory=ItemChanges)
    add_ons: AddOnLedger = field(default_factory=AddOnLedger)

    @classmethod
    def begin(cls, facts: Facts, at: datetime) -> Self:
        """Open a step on *facts* as of *at*, with everything as the facts have it."""
        step = cls(facts, at, facts.plan, facts.customer, list(facts.ledger), facts.last_observation, 1)
        step.items, step.add_ons = ItemChanges(facts.items), AddOnLedger(facts.add_ons)
        step.first_new_seq = step.next_seq
        return step

    def succeed(self, plan: Plan) -> "Step":
        """Hand over to *plan*: the rest of the step's facts and observations are the successor's."""
        facts = replace(
            self.facts,
            plan=plan,
            customer=self.customer,
            ledger=(),
            next_plan=None,
            charged=(),
            additions=(),
            trial_invoice_paid=None,
            former_catalog=None,
            items=(),
            add_ons=(),
        )
        self.successor = Step.begin(facts, self.at)
        self.successor.seen, self.successor.pending, self.successor.in_parts = self.seen, self.pending, self.in_parts
        for code, entry in self.add_ons.newest.items():
            changes = plan.schedule is not self.plan.schedule and entry.licenses_at_next_renewal
            price = self.facts.catalog.add_on(code).price(plan.schedule, plan.currency) if changes else entry.price
            self.successor.add_ons.carry(replace(entry, price=price))
        self.say("plan.replaced", tier=plan.tier, schedule=plan.schedule)
        return self.successor

    @property
    def suspended(self) -> bool:
        """Tell whether the customer is suspended at the step's moment."""
        return (since := self.customer.suspended_since) is not None and since <= self.at

    @property
    def tier(self) -> Tier:
        """Return the catalogue's entry for the plan's tier."""
        return self.facts.catalog.tier(self.plan.tier)

    @property
    def former_tier(self) -> Tier:
        """Return the tier as the catalogue had it by which the plan's newest step went."""
        former = self.facts.former_catalog
        return former.tiers.get(self.plan.tier, self.tier) if former else self.tier

    @property
    def tier_at_renewal(self) -> Tier:
        """Return the tier of the next cycle: the scheduled one, where there is one."""
        follower = self.facts.next_plan
        if self.plan.status is not PlanStatus.SWITCH_PLAN_TIER_AT_PLAN_END or follower is None:
            return self.tier
        return self.facts.catalog.tier(follower.tier)

    @property
    def last(self) -> LedgerEntry:
        """Return the newest ledger entry as of the step's moment."""
        return newest_at(self.ledger, self.at) or self.ledger[0]

    def seats_on(self, tier: Tier) -> int:
        """Return the seats in use by the tier's own rule, according to the newest observation taken in."""
        return seats_of(tier.seat_rule, self.seen)

    def billable(self, tier: Tier | None = None) -> int:
        """Return the licenses the seats in use call for, on the plan's tier or another (rules 5)."""
        on = tier or self.tier
        exempt = self.customer.exempt_from_license_number_check
        return billable_licenses(self.seats_on(on), minimum_licenses(on, self.customer), exempt=exempt)

    def license_check(self, tier: Tier) -> LicenseCheck:
        """Return the bounds for licenses of *tier* that are bought by hand."""
        return LicenseCheck(
            seats=self.seats_on(tier),
            minimum=minimum_licenses(tier, self.customer),
            maximum=tier.maximum_licenses,
            exempt=self.customer.exempt_from_license_number_check,
        )

    def cycle_end(self, after: datetime) -> datetime:
        """Return the first cycle start strictly later than *after*, whatever the plan's end date (rules 4)."""
        plan, known, leap = self.plan, self.known_cycle, self.facts.settings.leap_february
        if known and plan is self.known_plan and known.start <= after < known.end:
            return known.end
        end = first_step_after(plan.billing_cycle_anchor, plan.schedule.months, after, leap_february=leap)
        self.known_cycle, self.known_plan = Period(after, end), plan
        return end

    def cycle_of(self, renewal: LedgerEntry, moment: datetime) -> Period:
        """Return the cycle that *renewal* began and *moment* lies in; the same object for each addition of a cycle."""
        begin, end, known = renewal.event_time, self.cycle_end(moment), self.running_cycle
        if known is None or known.start is not begin or known.end != end:
            known = self.running_cycle = Period(begin, end)
        return known

    def renewal_or_end(self, after: datetime) -> datetime:
        """Return the cycle start after *after*, or the plan's end date when that is earlier (rules 4)."""
        cycle_end, end_date = self.cycle_end(after), self.plan.end_date
        return cycle_end if end_date is None or cycle_end < end_date else end_date

    def renew_without_switch(self, licenses: int) -> None:
        """Note the licenses that the next cycle would have if the scheduled tier were taken back (rules 19.1)."""
        if self.plan.status is PlanStatus.SWITCH_PLAN_TIER_AT_PLAN_END:
            self.change(licenses_without_switch=licenses)

    def change(self, **changes: Any) -> None:
        """Replace fields of the plan; where none gets another value, the plan stays the same object."""
        if any(getattr(self.plan, name) != value for name, value in changes.items()):
            self.plan = replace(self.plan, **changes)

    def append(self, at: datetime, count: LicenseCount, *, renewal: bool = False) -> LedgerEntry:
        """Append a ledger entry, and to a renewal those of the add-ons; numbers go on from the newest one."""
        entry = LedgerEntry(
            seq=self.next_seq,
            event_time=at,
            is_renewal=renewal,
            licenses=count.licenses,
            licenses_at_next_renewal=count.licenses_at_next_renewal,
        )
        self.ledger.append(entry)
        if renewal:
            self.add_ons.renew(entry)
        return entry

    @property
    def next_seq(self) -> int:
        """Return the number of the next ledger entry."""
        return max(self.ledger[-1].seq if self.ledger else 0, self.add_ons.last_seq) + 1

    def allocate(self, entries: Iterable[LedgerEntry], disposition: Disposition) -> None:
        """Record what became of *entries*."""
        self.allocated.update(dict.fromkeys([entry.seq for entry in entries], disposition))

    def unallocated(self) -> list[LedgerEntry]:
        """Return the entries up to the step's moment that nothing covers yet, those of add-ons last."""
        at, allocated = self.at, self.allocated
        return [
            entry
            for entry in chain(self.ledger, self.add_ons.entries)
            if not entry.allocated and entry.seq not in allocated and entry.event_time <= at
        ]

    def say(self, event: str, **data: Any) -> None:
        """Note that something happened."""
        self.events.append(PlanEvent(event, data))

    def end(self, reason: str) -> None:
        """End the plan at the step's moment; what is unsettled may still be billed."""
        self.change(status=PlanStatus.ENDED, ended_at=self.at)
        self.say("plan.ended", reason=reason)

    def finish(self) -> Outcome:
        """Close the step and return its outcome."""
        version = self.facts.catalog.version or self.plan.catalog_version
        new = [entry for entry in chain(self.ledger, self.add_ons.entries) if entry.seq >= self.first_new_seq]
        return Outcome(
            at=self.at,
            plan=self.plan if version == self.plan.catalog_version else replace(self.plan, catalog_version=version),
            customer=self.customer,
            entries=tuple(sorted(new, key=lambda entry: entry.seq)),
            allocated=dict(self.allocated),
            invoices=tuple(self.invoices),
            events=tuple(self.events),
            credit=self.credit,
            void_open_invoices=self.void_open_invoices,
            void_trial_invoice=self.void_trial_invoice,
            last_observation=self.seen,
            successor=self.successor.finish() if self.successor else None,
            scheduled=self.scheduled,
            items=self.items.changed,
        )
