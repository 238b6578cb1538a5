"""Three accounts of the same debts side by side: our rows, Stripe's invoices and the running workflows.

Amounts are Stripe's units of a currency on both sides; statuses are Stripe's words, a `draft` of ours was never issued.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from billflow.domain.currencies import CURRENCIES, format_amount

UNPAID = ("draft", "open")


class FindingKind(StrEnum):
    """What two accounts do not agree on."""

    MISSING = "missing_at_stripe"
    DOUBLE = "double_at_stripe"
    WRONG_AMOUNT = "wrong_amount"
    WRONG_STATE = "wrong_state"
    UNSEEN_PAYMENT = "unseen_payment"
    ORPHAN = "orphan_at_stripe"
    UNCOLLECTED = "open_without_collection"
    PLAN_WITHOUT_WORKFLOW = "plan_without_workflow"
    WORKFLOW_OF_ENDED_PLAN = "workflow_of_ended_plan"
    WORKFLOW_DIFFERS = "workflow_differs_from_plan"
    NOT_BILLED = "cycle_not_billed"
    CUSTOMER_MISSING = "customer_missing_at_stripe"
    WRONG_BALANCE = "wrong_balance"
    TASK_FAILING = "workflow_task_failing"


class Severity(StrEnum):
    """How bad a finding is."""

    NOTICE = "notice"
    """Nobody has lost anything, and it repairs itself or can wait."""

    WARNING = "warning"
    """Money or service is late."""

    CRITICAL = "critical"
    """Somebody was, or may be, asked for the wrong amount."""


class Repair(StrEnum):
    """What repairs a finding without a person: each can be done twice, and none moves money by itself."""

    RECORD_STATE = "record_state"
    """Write down what Stripe says: paid, void or uncollectible."""

    COLLECT = "collect"
    """Hand the invoice to its collection workflow, which issues it where that is still to be done."""

    VOID = "void"
    """Void at Stripe what our records have voided, or delete its draft."""

    DELETE_DRAFTS = "delete_drafts"
    """Delete drafts at Stripe beside the one that counts."""

    START_PLAN = "start_plan"
    """Start the plan's workflow from the rows."""

    WAKE_PLAN = "wake_plan"
    """Let the workflow look at the rows, which tell it what is due, or that it is to end."""

    REPLACE_CUSTOMER = "replace_customer"
    """Give up a Stripe customer that is gone: its balance and its open invoices go to a new one."""

    REPLACE_INVOICE = "replace_invoice"
    """Issue an unpaid invoice anew that Stripe has lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BilledInvoice:
    """A debt as our rows have it; `is_young` leaves one alone that may still be on its way.

    `is_unbilled`: it is void, and what it billed is neither billed again nor waived. Not `tax_known`: the total is net.
    """

    invoice_id: str
    status: str
    total: int
    currency: str
    stripe_invoice_id: str | None = None
    is_young: bool = False
    is_collected: bool = True
    is_unbilled: bool = False
    tax_known: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class StripeInvoice:
    """An invoice at Stripe that is marked as one of ours."""

    stripe_invoice_id: str
    invoice_id: str
    status: str
    total: int
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanStanding:
    """Where a plan stands by one account; `version` is None by a workflow that began before it was shown."""

    status: str
    due_at: datetime | None
    version: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LivePlan:
    """A plan as our rows have it, None where they don't know it, and as its workflow has it, None where none runs."""

    plan_id: str
    is_live: bool | None
    recorded: PlanStanding | None
    running: PlanStanding | None


@dataclass(frozen=True, slots=True)
class Finding:
    """One disagreement: how bad it is, what we and they say, and what repairs it.

    `subject_id` is an invoice or plan of ours, or Stripe's id of an orphan or customer. `repair` is None where a person
    has to look. `stripe_invoice_ids` are the ones at Stripe that it is about, `closed_as` the status they have there.
    """

    kind: FindingKind
    severity: Severity
    subject_id: str
    message: str
    repair: Repair | None = None
    stripe_invoice_ids: tuple[str, ...] = ()
    closed_as: str | None = None


def compare_invoice(recorded: BilledInvoice, held: Sequence[StripeInvoice]) -> Iterator[Finding]:
    """Name everything that our rows and Stripe do not agree on about one debt."""
    if recorded.is_unbilled and not recorded.is_young:
        yield _not_billed(recorded)
    standing = [one for one in held if one.status != "void"] or list(held[:1])
    if not standing:
        yield from _missing(recorded)
        return
    issued = [one for one in standing if one.status != "draft"]
    if len(standing) > 1:
        yield _double(recorded, standing, issued)
    if len(issued) > 1:
        return
    yield from _compare_one(recorded, (issued or standing)[0])


def compare_orphan(held: StripeInvoice) -> Finding:
    """Name an invoice at Stripe that is marked as ours, but is not in the billing database."""
    way_out = "refund it" if held.status == "paid" else "void or delete it there"
    severity = Severity.CRITICAL if held.status in ("paid", "open") else Severity.NOTICE
    message = (
        f"Stripe holds {held.stripe_invoice_id} ({_shown(held)}), which our records don't know; "
        f"{way_out}, or restore the billing database."
    )
    return Finding(FindingKind.ORPHAN, severity, held.stripe_invoice_id, message, None, (held.stripe_invoice_id,))


def compare_plan(plan: LivePlan) -> Finding | None:
    """Name a plan that lives without a workflow, a workflow that outlived its plan, or one that knows another plan."""
    if plan.is_live and plan.recorded and plan.running:
        return _compare_standing(plan.plan_id, plan.recorded, plan.running)
    if plan.is_live and not plan.running:
        message = "The plan is live, but no workflow waits for its next billing date."
        kind, severity = FindingKind.PLAN_WITHOUT_WORKFLOW, Severity.WARNING
        return Finding(kind, severity, plan.plan_id, message, Repair.START_PLAN)
    if plan.is_live or not plan.running:
        return None
    kind = FindingKind.WORKFLOW_OF_ENDED_PLAN
    if plan.is_live is None:
        message = "A workflow runs for a plan that our records don't know; restore the records, or terminate it."
        return Finding(kind, Severity.WARNING, plan.plan_id, message)
    message = "A workflow runs for a plan that has ended."
    return Finding(kind, Severity.NOTICE, plan.plan_id, message, Repair.WAKE_PLAN)


def _not_billed(recorded: BilledInvoice) -> Finding:
    message = (
        f"{_shown(recorded)} in our records, and no other invoice bills its cycle; issue it again by "
        f"`billflow invoice reissue {recorded.invoice_id}`, or say that it is not to be billed by "
        f"`billflow invoice void {recorded.invoice_id} --waived`."
    )
    return Finding(FindingKind.NOT_BILLED, Severity.WARNING, recorded.invoice_id, message)


def _compare_standing(plan_id: str, recorded: PlanStanding, running: PlanStanding) -> Finding | None:
    if running.version is None:
        running = replace(running, version=recorded.version)
    if recorded == running:
        return None
    message = f"{_shown_standing(recorded)} in our records, {_shown_standing(running)} in its workflow."
    return Finding(FindingKind.WORKFLOW_DIFFERS, Severity.WARNING, plan_id, message, Repair.WAKE_PLAN)


def _shown_standing(plan: PlanStanding) -> str:
    due = f"due {plan.due_at:%Y-%m-%d %H:%M:%S}" if plan.due_at else "nothing due"
    return f"{plan.status}, {due}, version {plan.version}"


def _missing(recorded: BilledInvoice) -> Iterator[Finding]:
    if recorded.status in ("void", "paid") and recorded.stripe_invoice_id is None:
        # Paid without Stripe's id is what was paid outside Stripe before it got there.
        return
    if recorded.status in UNPAID and recorded.is_young:
        return
    message = f"{_shown(recorded)} in our records, and not at Stripe"
    if recorded.status in UNPAID and recorded.stripe_invoice_id is None:
        severity = Severity.WARNING
        yield Finding(FindingKind.MISSING, severity, recorded.invoice_id, f"{message}.", Repair.COLLECT)
    else:
        once, lost = f"{message}, which once held it as {recorded.stripe_invoice_id}.", recorded.stripe_invoice_id
        unpaid = recorded.status in UNPAID
        severity, repair = (Severity.WARNING, Repair.REPLACE_INVOICE) if unpaid else (Severity.CRITICAL, None)
        yield Finding(FindingKind.MISSING, severity, recorded.invoice_id, once, repair, (lost,) if lost else ())


def _double(recorded: BilledInvoice, standing: Sequence[StripeInvoice], issued: Sequence[StripeInvoice]) -> Finding:
    found = ", ".join(f"{one.stripe_invoice_id} {one.status}" for one in standing)
    kind, message = FindingKind.DOUBLE, f"Stripe holds {len(standing)} invoices of this debt: {found}."
    if len(issued) > 1:
        ids = tuple(one.stripe_invoice_id for one in issued)
        return Finding(kind, Severity.CRITICAL, recorded.invoice_id, message, None, ids)
    drafts = tuple(one.stripe_invoice_id for one in standing if one.status == "draft")
    surplus = drafts if issued else drafts[1:]
    return Finding(kind, Severity.NOTICE, recorded.invoice_id, message, Repair.DELETE_DRAFTS, surplus)


def _compare_one(recorded: BilledInvoice, held: StripeInvoice) -> Iterator[Finding]:
    differ = recorded.tax_known and (recorded.total, recorded.currency) != (held.total, held.currency)
    if differ and held.status != "void" and not _is_begun(held):
        severity = Severity.WARNING if held.status == "draft" else Severity.CRITICAL
        message, ids = f"{_shown(recorded)} in our records, {_shown(held)} at Stripe.", (held.stripe_invoice_id,)
        yield Finding(FindingKind.WRONG_AMOUNT, severity, recorded.invoice_id, message, None, ids)
        return
    if (state := _compare_state(recorded, held)) is not None:
        yield state
    elif recorded.status in UNPAID and not (recorded.is_collected or recorded.is_young):
        yield _about(recorded, held, FindingKind.UNCOLLECTED, Severity.WARNING, Repair.COLLECT)


def _is_begun(held: StripeInvoice) -> bool:
    """Tell whether it is a draft whose lines are still to come: they are added all at once."""
    return held.status == "draft" and held.total == 0


def _compare_state(recorded: BilledInvoice, held: StripeInvoice) -> Finding | None:
    if held.status == recorded.status:
        if recorded.stripe_invoice_id is not None or recorded.status == "void" or recorded.is_young:
            return None
        repairs = Repair.COLLECT if recorded.status in UNPAID else Repair.RECORD_STATE
        return _about(recorded, held, FindingKind.WRONG_STATE, Severity.WARNING, repairs)
    if held.status == "paid":
        return _about(recorded, held, FindingKind.UNSEEN_PAYMENT, Severity.CRITICAL, Repair.RECORD_STATE)
    severity, repair = _state_repair(recorded, held)
    return None if severity is None else _about(recorded, held, FindingKind.WRONG_STATE, severity, repair)


def _state_repair(recorded: BilledInvoice, held: StripeInvoice) -> tuple[Severity | None, Repair | None]:
    """Return how bad two different states are and what repairs them; no severity where it is no disagreement."""
    match recorded.status, held.status:
        case "paid", _:
            return Severity.CRITICAL, None
        case "draft" | "open", "draft" | "open":
            return (None, None) if recorded.is_young else (Severity.WARNING, Repair.COLLECT)
        case ("draft" | "open", _) | ("uncollectible", "void"):
            return Severity.WARNING, Repair.RECORD_STATE
        case "void", _:
            return (None, None) if recorded.is_young else (Severity.CRITICAL, Repair.VOID)
        case _:
            return Severity.NOTICE, None


def _about(
    recorded: BilledInvoice, held: StripeInvoice, kind: FindingKind, severity: Severity, repair: Repair | None
) -> Finding:
    message = f"{_shown(recorded)} in our records, {_shown(held)} at Stripe as {held.stripe_invoice_id}."
    if kind is FindingKind.UNCOLLECTED:
        message = "The invoice is open, and nothing collects it."
    closed_as = held.status if repair is Repair.RECORD_STATE else None
    return Finding(kind, severity, recorded.invoice_id, message, repair, (held.stripe_invoice_id,), closed_as)


def _shown(invoice: BilledInvoice | StripeInvoice) -> str:
    return f"{money(invoice.total, invoice.currency)} {invoice.status}"


def money(amount: int, currency: str) -> str:
    """Return an amount in Stripe's units of a currency as people read it."""
    known = CURRENCIES.get(currency)
    return f"{amount} {currency}" if known is None else format_amount(int(amount / known.stripe_factor), known.code)
