"""Any customer, any command, any outage: what must hold whatever happens, on every tier and way to pay."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from billflow.domain import commands as c
from billflow.domain.catalog import Hosting
from billflow.domain.coupons import AttachedCoupon, Coupon
from billflow.domain.errors import InvalidInput, NeedsAttention, Refused
from billflow.domain.invoicing.draft import NOT_DISCOUNTED, LineKind
from billflow.domain.invoicing.explain import explain
from billflow.domain.ledger import last_renewal_at
from billflow.domain.plan import PlanStatus
from billflow.domain.plan_start import StartFacts, StartPlan, activate, start_plan
from billflow.domain.preview import invoices_of, preview
from billflow.domain.settings import BillingSettings
from billflow.domain.statement import statement
from billflow.domain.step import Facts, Outcome
from billflow.domain.tax.policy import TaxTimeline
from tests.domain.account_life import account_of
from tests.domain.any_life import FIXED, GIVES, GRANTED, SECOND, Watched, commands, counts, coupons, spans, wishes
from tests.domain.builders import START, a_customer, catalog
from tests.domain.builders import seats as seats_at
from tests.domain.taxed_life import TAXED, Taxed, check_tax


class AnyLife(RuleBasedStateMachine):
    """The same history lived promptly and all at once."""

    @initialize(
        wish=wishes,
        count=st.integers(1, 60),
        bundle=st.booleans(),
        exempt=st.booleans(),
        discount=st.sampled_from([0, 2000, 2000, 90_000]),
        coupon=st.one_of(st.none(), coupons),
        taxed=st.sampled_from(TAXED),
    )
    def begin(
        self,
        wish: StartPlan,
        count: int,
        *,
        bundle: bool,
        exempt: bool,
        discount: int,
        coupon: Coupon | None,
        taxed: Taxed,
    ) -> None:
        self.now, sold = START, catalog().tier(wish.tier)
        self.taxed = taxed
        self.redeemed: dict[str, int | None] = {}
        self.granted: int | None = GRANTED if sold.hosting is Hosting.SELF_HOSTED else 0
        customer = a_customer(
            hosting=sold.hosting,
            flat_discount=discount,
            flat_discounted_months=self.granted,
            exempt_from_license_number_check=exempt,
            coupon=self._redeemed(coupon) if coupon else None,
            taxpayer=taxed.who,
        )
        fixed_price = wish.fixed_price if sold.billable and wish.schedule in FIXED else None
        asked = replace(
            wish,
            fixed_price=fixed_price,
            trial_days=wish.trial_days if sold.trial_days and fixed_price is None else 0,
            end_date=START + timedelta(days=100) if sold.needs_end_date else None,
        )
        facts = StartFacts(
            plan_id="plan",
            customer=customer,
            catalog=catalog(),
            last_observation=seats_at(START, count),
            settings=BillingSettings(bundle_additions_by_date=bundle, tax=TaxTimeline((taxed.policy,))),
        )
        started = start_plan(facts, asked, START)
        self.prompt, self.lazy = self._begun(started, facts), self._begun(started, facts)

    def _begun(self, started: Outcome, facts: StartFacts) -> Watched:
        known = Facts(plan=started.plan, customer=facts.customer, catalog=catalog(), settings=facts.settings)
        life = Watched(replace(known, last_observation=facts.last_observation), observations=[seats_at(START, 1)])
        life.take(started)
        if started.plan.status is PlanStatus.NEVER_STARTED:
            life.take(activate(life.facts, START))
        return life

    def _redeemed(self, coupon: Coupon) -> AttachedCoupon:
        redemption = f"redemption {len(self.redeemed)}"
        self.redeemed[redemption] = coupon.months
        return AttachedCoupon(redemption_id=redemption, coupon=coupon, months_left=coupon.months)

    def both(self) -> tuple[Watched, Watched]:
        return self.prompt, self.lazy

    @rule(span=spans)
    def time_passes(self, span: timedelta) -> None:
        self.now += span + SECOND
        self.prompt.backfill(self.now)

    @rule(span=spans, members=counts, guests=counts)
    def seats_are_reported(self, span: timedelta, members: int, guests: int) -> None:
        self.time_passes(span)
        for life in self.both():
            life.observe(seats_at(self.now, members, guests))
        self.prompt.backfill(self.now)

    @precondition(lambda self: self.prompt.facts.plan.status.is_live)
    @rule(days=st.integers(1, 500))
    def an_end_is_set(self, days: int) -> None:
        self.someone_asks(c.SetEndDate(end_date=self.now + timedelta(days=days)))

    @precondition(lambda self: self.prompt.facts.plan.status.is_live)
    @rule(command=commands)
    def someone_asks(self, command: c.PlanCommand) -> None:
        self.now += SECOND
        self.lazy.backfill(self.now)
        foreseen = None if self.lazy.on_hold else self._foreseen(command)
        answers = [self._answer(life, command) for life in self.both()]
        assert answers[0] == answers[1]
        assert foreseen in (None, answers[1])
        if isinstance(command, c.ApplyDiscount) and not isinstance(answers[0], str):
            self.granted = None

    def _answer(self, life: Watched, command: c.PlanCommand) -> object:
        try:
            return _message(life.command(command, self.now))
        except (Refused, InvalidInput, NeedsAttention) as error:
            return error.code

    def _foreseen(self, command: c.PlanCommand) -> object:
        try:
            return _message(preview(self.lazy.known(self.now), command, self.now))
        except (Refused, InvalidInput, NeedsAttention) as error:
            return error.code

    @rule(coupon=coupons)
    def support_attaches_a_coupon(self, coupon: Coupon) -> None:
        self.time_passes(timedelta(0))
        self.lazy.backfill(self.now)
        if self.prompt.facts.customer.coupon is not None or self.prompt.on_hold:
            return
        attached = self._redeemed(coupon)
        for life in self.both():
            life.facts = replace(life.facts, customer=replace(life.facts.customer, coupon=attached))

    @precondition(lambda self: self.prompt.facts.trial_invoice_paid is False)
    @rule()
    def the_trial_is_paid(self) -> None:
        self.lazy.backfill(self.now)
        for life in self.both():
            life.facts = replace(life.facts, trial_invoice_paid=True)

    @precondition(lambda self: self.prompt.facts.plan.status.is_live and not self.suspended)
    @rule(unlucky=st.integers(0, 3))
    def the_customer_is_suspended(self, unlucky: int) -> None:
        self.now += SECOND
        if unlucky:
            return
        for life in self.both():
            life.suspend(self.now)

    @precondition(lambda self: self.suspended)
    @rule(span=spans)
    def the_customer_comes_back(self, span: timedelta) -> None:
        self.time_passes(span)
        for life in self.both():
            try:
                life.resume(self.now)
            except NeedsAttention as error:
                life.on_hold = error.code
        assert self.prompt.on_hold == self.lazy.on_hold

    @property
    def suspended(self) -> bool:
        return self.prompt.facts.customer.suspended_since is not None

    @invariant()
    def every_license_of_the_cycle_is_charged_once(self) -> None:
        facts = self.prompt.facts
        per_license = catalog().tier(facts.plan.tier).billable and facts.plan.fixed_price is None
        if not per_license or not facts.plan.status.is_live or facts.plan.status.in_trial or self.suspended:
            return
        renewal = last_renewal_at(facts.ledger, self.now)
        if renewal is None or self.prompt.on_hold:
            return
        held, since = facts.ledger[-1].licenses, renewal.event_time
        assert self.prompt.paid_licenses(since) + self.prompt.to_be_billed(since) == held

    @invariant()
    def every_entry_is_billed_at_most_once(self) -> None:
        billed = [seq for invoice in self.prompt.running for line in invoice.lines for seq in line.entries]
        assert len(billed) == len(set(billed))

    @invariant()
    def every_amount_explains_itself(self) -> None:
        for invoice in self.prompt.invoices[-1:]:
            told = [explain(line, invoice.currency) for line in invoice.lines]
            assert invoice.total == sum((one.rounded_unit - one.less) * one.quantity for one in told)
            assert all(one.amount >= 0 or one.kind in GIVES for one in told)
            assert invoice.total >= 0

    @invariant()
    def tax_is_that_of_each_rate_and_adds_up(self) -> None:
        for invoice in self.prompt.invoices[-1:]:
            check_tax(invoice, self.taxed.percents)

    @invariant()
    def discounted_months_are_spent_or_left(self) -> None:
        left = self.prompt.facts.customer.flat_discounted_months
        spent = sum(invoice.flat_discount_months for invoice in self.prompt.kept)
        assert left >= 0
        assert self.granted is None or left + spent == self.granted

    @invariant()
    def every_add_on_of_the_cycle_is_charged_once(self) -> None:
        facts = self.prompt.facts
        renewal = last_renewal_at(facts.ledger, self.now)
        if renewal is None or self.prompt.on_hold or facts.plan.status.in_trial or self.suspended:
            return
        if facts.plan.status.is_live and catalog().tier(facts.plan.tier).billable:
            self.prompt.check_add_ons(renewal.event_time)

    @invariant()
    def months_of_coupons_are_spent_or_left(self) -> None:
        left, spent = self.prompt.facts.customer.coupon, dict.fromkeys(self.redeemed, 0)
        for use in (invoice.coupon_use for invoice in self.prompt.kept):
            if use:
                spent[use.redemption_id] += use.months
        for redemption, months in self.redeemed.items():
            more = left.months_left if left and left.redemption_id == redemption else 0
            assert months is None or spent[redemption] + (more or 0) == months

    @invariant()
    def a_coupon_takes_no_more_than_it_discounts(self) -> None:
        for invoice in self.prompt.invoices[-1:]:
            for line, off in pairwise(invoice.lines):
                if off.kind is LineKind.COUPON:
                    assert line.kind not in NOT_DISCOUNTED
                    assert min(0, -line.amount) <= off.amount <= max(0, -line.amount)
                    assert off.derivation.period == line.derivation.period

    @invariant()
    def every_item_waits_was_withdrawn_or_was_billed_once_at_its_price(self) -> None:
        self.prompt.check_items()

    def teardown(self) -> None:
        self.lazy.backfill(self.now)
        self.prompt.backfill(self.now)
        assert self.lazy.on_hold == self.prompt.on_hold
        assert self.lazy.invoices == self.prompt.invoices
        assert self.lazy.facts.ledger == self.prompt.facts.ledger
        assert self.lazy.facts.plan == self.prompt.facts.plan
        account = account_of(self.prompt.invoices, self.prompt.credits)
        stated = statement(account.facts)
        assert {invoice.invoice_id: invoice.still_due for invoice in stated.invoices} == account.still_due
        assert stated.closing_balance == sum(account.still_due.values()) - account.on_account
        assert stated.charges == sum(invoice.total for invoice in self.prompt.invoices)
        assert self.lazy.items == self.prompt.items


def _message(outcome: Outcome) -> object:
    return outcome.plan, outcome.entries, invoices_of(outcome), outcome.credit, outcome.scheduled


TestAnyLife = AnyLife.TestCase
