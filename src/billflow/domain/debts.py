"""What collection does about debts that nobody pays, from now on, by a policy (rules 22, 26)."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from billflow.domain.dunning import (
    DunningAction,
    DunningPolicy,
    NextAttempt,
    UnpaidInvoice,
    decide_write_off,
    next_attempt,
    reminders_of,
    without_consequences,
)
from billflow.domain.invoicing.draft import InvoiceKind
from billflow.domain.plan import CollectionMethod


class DebtAction(StrEnum):
    """What becomes of a debt: an action of the policy, or it is void, by the small-organization rule or unbought."""

    RETRY = "retry"
    REMIND = "remind"
    AWAIT_CUSTOMER = "await_customer"
    SUSPEND_CUSTOMER = "suspend_customer"
    END_PLAN = "end_plan"
    MARK_UNCOLLECTIBLE = "mark_uncollectible"
    VOID = "void"


@dataclass(frozen=True, slots=True)
class DebtStep:
    """What happens to a debt, and when; `number` counts retries and reminders from 1."""

    action: DebtAction
    at: datetime
    number: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Debt:
    """An open invoice as collection left it; `amount` is still to be paid, in minor units.

    `attempts` counts all answers so far. While it `is_under_way` a bank has not answered yet; `retry_at` is when a
    request that Stripe refused as wrong is made again.
    """

    invoice_id: str
    plan_id: str
    number: str | None = None
    kind: InvoiceKind
    currency: str
    amount: int
    unpaid: UnpaidInvoice
    attempts: int
    is_under_way: bool = False
    retry_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecentInvoice:
    """One of a customer's newest invoices, and whether it is still to be paid."""

    invoice_id: str
    is_open: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Debtor:
    """A customer with its debts: what else decides on them.

    `seats` are those that the small-organization rule counts, with a live plan and without one; None where it does not
    reach the customer. `newest` are its newest invoices, the newest first.
    """

    customer_id: str
    debts: tuple[Debt, ...]
    is_active: bool = True
    live_plan_id: str | None = None
    seats: int | None = None
    seats_without_plan: int | None = None
    newest: tuple[RecentInvoice, ...] = ()


def foresee(policy: DunningPolicy, debtor: Debtor, now: datetime, until: datetime) -> dict[str, tuple[DebtStep, ...]]:
    """Return what happens up to *until* to each debt by its invoice, if nothing is paid and no other invoice issued.

    Every card is declined. An action that changes nothing is left out: nobody is suspended twice.
    """
    foreseen = _Foreseen(policy, debtor)
    for debt in debtor.debts:
        foreseen.plan(debt, now)
    foreseen.live_through(until)
    return {debt.invoice_id: tuple(foreseen.steps[debt.invoice_id]) for debt in debtor.debts}


@dataclass
class _Foreseen:
    """One customer's debts on their way; `planned` says what comes next of those that go on."""

    policy: DunningPolicy
    debtor: Debtor
    planned: dict[str, NextAttempt] = field(default_factory=dict)
    steps: dict[str, list[DebtStep]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.debts = {debt.invoice_id: debt for debt in self.debtor.debts}
        self.steps = {invoice_id: [] for invoice_id in self.debts}
        self.is_active, self.live_plan_id = self.debtor.is_active, self.debtor.live_plan_id
        self.closed: set[str] = set()

    def policy_of(self, debt: Debt) -> DunningPolicy:
        """Return what the collection of a debt goes by."""
        return self.policy if debt.kind is InvoiceKind.RECURRING else without_consequences(self.policy)

    def plan(self, debt: Debt, now: datetime) -> None:
        """Note what comes next of a debt; nothing where only the customer or a bank can change things."""
        self.debts[debt.invoice_id] = debt
        self.planned.pop(debt.invoice_id, None)
        if debt.invoice_id in self.closed:
            return
        if following := _next(self.policy_of(debt), debt, now):
            self.planned[debt.invoice_id] = following
        elif debt.kind is InvoiceKind.PURCHASE and debt.unpaid.failed_at is not None and not debt.is_under_way:
            self._close(debt, DebtAction.VOID, now)

    def live_through(self, until: datetime) -> None:
        """Do what is planned, the earliest first."""
        while self.planned:
            invoice_id, first = min(self.planned.items(), key=lambda one: (one[1].at, one[0]))
            if first.at > until:
                return
            self._follow(self.debts[invoice_id], first)

    def _follow(self, debt: Debt, planned: NextAttempt) -> None:
        at, unpaid = planned.at, debt.unpaid
        match planned.action:
            case DunningAction.RETRY:
                self._attempt(debt, planned)
                return
            case DunningAction.AWAIT_CUSTOMER:
                self._step(debt, DebtAction.AWAIT_CUSTOMER, at, planned.number)
                unpaid = replace(unpaid, attempts=planned.number + 1)
            case DunningAction.REMIND:
                self._step(debt, DebtAction.REMIND, at, planned.number)
                unpaid = replace(unpaid, reminders=planned.number)
                debt = replace(debt, unpaid=unpaid)
                self._apply_small_organization_rule(debt, at)
            case DunningAction.SUSPEND_CUSTOMER:
                if self.is_active:
                    self._step(debt, DebtAction.SUSPEND_CUSTOMER, at)
                self.is_active, unpaid = False, replace(unpaid, suspended_at=at)
            case DunningAction.END_PLAN:
                self._end_plan(debt, at)
                unpaid = replace(unpaid, plan_ended=True)
            case DunningAction.MARK_UNCOLLECTIBLE:
                self._close(debt, DebtAction.MARK_UNCOLLECTIBLE, at)
        self.plan(replace(debt, unpaid=unpaid), at)

    def _attempt(self, debt: Debt, planned: NextAttempt) -> None:
        """Charge a card, which is declined, or send the invoice."""
        self._step(debt, DebtAction.RETRY, planned.at, planned.number)
        debt = replace(debt, attempts=debt.attempts + 1, retry_at=None)
        if debt.unpaid.collection_method is CollectionMethod.CHARGE_AUTOMATICALLY:
            first = debt.unpaid.failed_at is None
            failed_at = debt.unpaid.failed_at or planned.at
            attempts = 1 if first else planned.number + 1
            unpaid = replace(debt.unpaid, failed_at=failed_at, attempts=attempts, requires_action=False)
            debt = replace(debt, unpaid=unpaid)
            if debt.kind is InvoiceKind.PURCHASE:
                self._close(debt, DebtAction.VOID, planned.at)
            else:
                self._apply_small_organization_rule(debt, planned.at)
        self.plan(debt, planned.at)

    def _apply_small_organization_rule(self, debt: Debt, at: datetime) -> None:
        """Void everything of a small organization that is behind, and end its plan (rules 22)."""
        rule = self.policy_of(debt).small_organizations
        seats = self.debtor.seats if self.live_plan_id else self.debtor.seats_without_plan
        if rule is None or seats is None or debt.kind is not InvoiceKind.RECURRING or not self._is_overdue(debt):
            return
        newest_open = [one.is_open and one.invoice_id not in self.closed for one in self.debtor.newest[: rule.invoices]]
        decided = decide_write_off(rule, seats=seats, has_live_plan=bool(self.live_plan_id), newest_open=newest_open)
        if decided.end_plan:
            self._end_plan(debt, at)
        if decided.void_open_invoices:
            for one in list(self.debts.values()):
                self._close(one, DebtAction.VOID, at)

    def _is_overdue(self, debt: Debt) -> bool:
        if debt.unpaid.collection_method is CollectionMethod.CHARGE_AUTOMATICALLY:
            return debt.unpaid.failed_at is not None
        return debt.unpaid.reminders >= len(reminders_of(self.policy_of(debt), debt.unpaid))

    def _end_plan(self, debt: Debt, at: datetime) -> None:
        if self.live_plan_id:
            self._step(debt, DebtAction.END_PLAN, at)
        self.live_plan_id = None

    def _close(self, debt: Debt, action: DebtAction, at: datetime) -> None:
        if debt.invoice_id not in self.closed:
            self._step(debt, action, at)
            self.closed.add(debt.invoice_id)
            self.planned.pop(debt.invoice_id, None)

    def _step(self, debt: Debt, action: DebtAction, at: datetime, number: int = 1) -> None:
        self.steps[debt.invoice_id].append(DebtStep(action, at, number))


def _next(policy: DunningPolicy, debt: Debt, now: datetime) -> NextAttempt | None:
    """Return what collection does next, as its workflow decides it."""
    if debt.retry_at is not None:
        return NextAttempt(DunningAction.RETRY, max(debt.retry_at, now), debt.unpaid.attempts or 1)
    if debt.attempts == 0:
        return NextAttempt(DunningAction.RETRY, now)
    by_card = debt.unpaid.collection_method is CollectionMethod.CHARGE_AUTOMATICALLY
    if debt.is_under_way or (by_card and debt.unpaid.failed_at is None):
        return None
    return next_attempt(policy, debt.unpaid, now)
