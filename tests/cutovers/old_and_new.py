"""A subscription at the emulator and the plan that takes over from it, each with a clock of its own, and kills."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import count
from typing import Any
from uuid import uuid4

import stripe

from billflow.domain import cutover
from billflow.domain.billing_dates import process_billing_date
from billflow.domain.commands import PlanCommand
from billflow.domain.errors import NeedsAttention, Refused
from billflow.domain.lifecycle import take_command
from billflow.domain.old_system import OldSubscription, ParallelRunStanding
from billflow.domain.plan import CutoverStatus, LicenseManagement, Plan, Schedule
from billflow.domain.plan_import import ImportPlan, import_plan
from billflow.domain.projection import after
from billflow.domain.start_request import StartFacts
from billflow.domain.step import Facts
from billflow.models.contracts.cutovers import OldSubscriptionRef
from billflow.payments.subscriptions import StripeSubscriptions
from tests.domain.builders import a_customer, at, catalog
from tests.stripe_emulator.flows import customer_with
from tests.stripe_emulator.test_clocks import advance

BEGIN, RENEWAL = at("2026-01-15"), at("2026-02-15")
KEEPING = (CutoverStatus.CANCELING, CutoverStatus.CANCELED)
LONGEST_STEP = timedelta(days=50)
"""Stripe's test clocks move by two intervals of their subscriptions at most."""

Call = Callable[[], Awaitable[OldSubscription]]


class Kill(StrEnum):
    """Where the worker is that asks Stripe when it is killed; late, its request still comes to Stripe some time."""

    NEVER = "never"
    BEFORE = "before"
    AFTER = "after"
    LATE = "late"


def subscribed(client: stripe.StripeClient) -> tuple[str, str]:
    """Make a monthly subscription that began on `BEGIN`; return it and its test clock."""
    clock = client.v1.test_helpers.test_clocks.create({"frozen_time": int(BEGIN.timestamp())})
    customer = customer_with(client, test_clock=clock.id)
    price: Any = {"currency": "usd", "unit_amount": 700, "product_data": {"name": "Seats"}}
    price["recurring"] = {"interval": "month"}
    items: Any = [{"price": client.v1.prices.create(price).id, "quantity": 6}]
    return client.v1.subscriptions.create({"customer": customer.id, "items": items}).id, clock.id


def in_parallel(subscription: str, now: datetime) -> Facts:
    """Return the facts of the plan that was imported from a subscription, to run in parallel."""
    terms: dict[str, Any] = {"tier": "cloud_standard", "schedule": Schedule.MONTHLY, "licenses": 6}
    terms |= {"period_start": BEGIN, "period_end": RENEWAL, "license_management": LicenseManagement.MANUAL}
    asked = ImportPlan(**terms, price_per_license=700, parallel_run=True)
    outcome = import_plan(StartFacts(plan_id="plan", customer=a_customer(), catalog=catalog()), asked, now)
    known = Facts(plan=outcome.plan, customer=outcome.customer, catalog=catalog())
    standing = ParallelRunStanding(compared=1, matches=True, old_subscription=subscription)
    return replace(after(known, outcome), parallel_run=standing)


@dataclass
class OldAndNew:
    """Both systems: what each has billed, in the order in which it did."""

    client: stripe.StripeClient
    subscriptions: StripeSubscriptions
    subscription: str
    clock: str
    facts: Facts
    now: datetime
    kills: Iterator[Kill]
    billed: list[datetime] = field(default_factory=list)
    late: list[Call] = field(default_factory=list)
    decision_id: str = field(default_factory=lambda: uuid4().hex)

    @property
    def plan(self) -> Plan:
        return self.facts.plan

    @property
    def ref(self) -> OldSubscriptionRef:
        return OldSubscriptionRef(org_id="org", plan_id="plan", stripe_subscription_id=self.subscription)

    def ask(self, command: PlanCommand) -> bool:
        """Give the plan a command, and tell whether it took it."""
        try:
            self.facts = after(self.facts, take_command(self.facts, command, self.now))
        except Refused:
            return False
        return True

    async def decide(self) -> None:
        """Do what the activity does: look, change, look again, record; a kill ends it where it is."""
        plan, refused, found = self.plan, None, None
        status, date, kill = plan.cutover_status, plan.cutover_date, next(self.kills)
        if status in (None, CutoverStatus.DONE) or date is None or kill is Kill.BEFORE:
            return
        name, ref = self.decision_id, self.ref
        call: Call = (
            (lambda: self.subscriptions.keep(ref, name))
            if status in KEEPING
            else (lambda: self.subscriptions.end(ref, date, name))
        )
        if kill is Kill.LATE:
            self.late.append(call)
            return
        try:
            found = await call()
        except Refused as error:
            refused = (error.code, error.message)
        if kill is Kill.AFTER:
            return
        self.decision_id = uuid4().hex
        try:
            self.facts = after(self.facts, cutover.decide(self.facts, found, self.now, refused))
        except NeedsAttention:
            return

    async def late_requests(self) -> None:
        """Let what was under way when a worker was killed come to Stripe."""
        calls, self.late = self.late, []
        for call in calls:
            try:
                await call()
            except Refused:
                continue

    async def live(self, to: datetime) -> None:
        """Let the plan's clock pass to a moment, as its workflow does: decide what is open, bill what is due."""
        self.now = max(self.now, to)
        if self.plan.cutover_status and self.plan.cutover_status.is_open:
            await self.decide()
        while (due := self.plan.due_at) is not None and due <= self.now:
            if cutover.waits_for_cutover(self.plan, due):
                await self.late_requests()
                await self.decide()
            if cutover.waits_for_cutover(self.plan, due):
                return
            outcome = process_billing_date(self.facts, due)
            self.facts = after(self.facts, outcome)
            drafts = [draft for draft in outcome.invoices if not draft.parallel_run]
            self.billed += [line.derivation.period.start for draft in drafts for line in draft.lines]

    def let_stripe_live(self, to: datetime) -> None:
        """Let Stripe's clock pass to a moment."""
        while (now := self.stripe_now) < to:
            advance(self.client, self.clock, int(min(to, now + LONGEST_STEP).timestamp()))

    @property
    def stripe_now(self) -> datetime:
        return datetime.fromtimestamp(self.client.v1.test_helpers.test_clocks.retrieve(self.clock).frozen_time, UTC)

    @property
    def billed_by_stripe(self) -> list[datetime]:
        """Return the beginnings of the periods that the old subscription has billed, without its first one."""
        listed = self.client.v1.invoices.list({"subscription": self.subscription, "limit": 100}).data
        starts = [line.period.start for invoice in listed for line in invoice.lines.data]
        return [one for start in starts if (one := datetime.fromtimestamp(start, UTC)) != BEGIN]


def periods_until(moment: datetime) -> list[datetime]:
    """Return the beginnings of the periods from the first renewal on that have begun by a moment."""
    months = (RENEWAL.replace(year=2026 + month // 12, month=month % 12 + 1) for month in count(1))
    found = []
    for start in months:
        if start > moment:
            break
        found.append(start)
    return found
