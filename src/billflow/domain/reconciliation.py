"""Three accounts of the same debts side by side: our rows, Stripe's invoices and the running workflows.

Amounts are Stripe's units of a currency on both sides; statuses are Stripe's words, a `draft` of ours was never issued.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
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

    TAKE_BACK = "take_back"
    """Void at Stripe what our records have voided, or delete its draft."""

    DELETE_DRAFTS = "delete_drafts"
    """Delete drafts at Stripe beside the one that counts."""

    START_PLAN = "start_plan"
    """Start the plan's workflow from the rows."""

    WAKE_PLAN = "wake_plan"
    """Let the workflow look at the rows, which tell it to end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BilledInvoice:
    """A debt as our rows have it; `is_young` leaves one alone that may still be on its way."""

    invoice_id: str
    status: str
    total: int
    currency: str
    stripe_invoice_id: str | None = None
    is_young: bool = False
    is_collected: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class StripeInvoice:
    """An invoice at Stripe that is marked as one of ours."""

    stripe_invoice_id: str
    invoice_id: str
    status: str
    total: int
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LivePlan:
    """A plan as our rows have it, None where they don't know it, and whether its workflow runs."""

    plan_id: str
    is_live: bool | None
    has_workflow: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One disagreement: how bad it is, what we and they say, and what repairs it.

    `subject_id` is an invoice or plan of ours, or Stripe's id of an orphan. `repair` is None where a person has to
    look. `stripe_invoice_ids` are the ones at Stripe that it is about, `closed_as` the status they have there.
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
    return Finding(
        kind=FindingKind.ORPHAN,
        severity=Severity.CRITICAL if held.status in ("paid", "open") else Severity.NOTICE,
        subject_id=held.stripe_invoice_id,
        message=f"Stripe holds {held.stripe_invoice_id} ({_shown(held)}), which our records don't know; "
        f"{way_out}, or restore the billing database.",
        stripe_invoice_ids=(held.stripe_invoice_id,),
    )


def compare_plan(plan: LivePlan) -> Finding | None:
    """Name a plan that lives without a workflow, or a workflow that outlived its plan."""
    if plan.is_live and not plan.has_workflow:
        return Finding(
            kind=FindingKind.PLAN_WITHOUT_WORKFLOW,
            severity=Severity.WARNING,
            subject_id=plan.plan_id,
            message="The plan is live, but no workflow waits for its next billing date.",
            repair=Repair.START_PLAN,
        )
    if plan.has_workflow and not plan.is_live:
        known = plan.is_live is not None
        return Finding(
            kind=FindingKind.WORKFLOW_OF_ENDED_PLAN,
            severity=Severity.NOTICE if known else Severity.WARNING,
            subject_id=plan.plan_id,
            message="A workflow runs for a plan that has ended."
            if known
            else "A workflow runs for a plan that our records don't know; restore the records, or terminate it.",
            repair=Repair.WAKE_PLAN if known else None,
        )
    return None


def _missing(recorded: BilledInvoice) -> Iterator[Finding]:
    if recorded.status in ("void", "paid") and recorded.stripe_invoice_id is None:
        # Paid without Stripe's id is what was paid outside Stripe before it got there.
        return
    if recorded.status in UNPAID and recorded.is_young:
        return
    unsent = recorded.status in UNPAID and recorded.stripe_invoice_id is None
    yield Finding(
        kind=FindingKind.MISSING,
        severity=Severity.WARNING if unsent else Severity.CRITICAL,
        subject_id=recorded.invoice_id,
        message=f"{_shown(recorded)} in our records, and not at Stripe"
        f"{'' if unsent else f', which once held it as {recorded.stripe_invoice_id}'}.",
        repair=Repair.COLLECT if unsent else None,
    )


def _double(recorded: BilledInvoice, standing: Sequence[StripeInvoice], issued: Sequence[StripeInvoice]) -> Finding:
    drafts = [one.stripe_invoice_id for one in standing if one.status == "draft"]
    only_drafts = len(issued) <= 1
    surplus = drafts if issued else drafts[1:]
    return Finding(
        kind=FindingKind.DOUBLE,
        severity=Severity.NOTICE if only_drafts else Severity.CRITICAL,
        subject_id=recorded.invoice_id,
        message=f"Stripe holds {len(standing)} invoices of this debt: "
        f"{', '.join(f'{one.stripe_invoice_id} {one.status}' for one in standing)}.",
        repair=Repair.DELETE_DRAFTS if only_drafts else None,
        stripe_invoice_ids=tuple(surplus) if only_drafts else tuple(one.stripe_invoice_id for one in issued),
    )


def _compare_one(recorded: BilledInvoice, held: StripeInvoice) -> Iterator[Finding]:
    if (
        held.status != "void"
        and not _is_begun(held)
        and (recorded.total, recorded.currency) != (held.total, held.currency)
    ):
        yield Finding(
            kind=FindingKind.WRONG_AMOUNT,
            severity=Severity.WARNING if held.status == "draft" else Severity.CRITICAL,
            subject_id=recorded.invoice_id,
            message=f"{_shown(recorded)} in our records, {_shown(held)} at Stripe.",
            stripe_invoice_ids=(held.stripe_invoice_id,),
        )
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
        case "draft" | "open", _:
            return Severity.WARNING, Repair.RECORD_STATE
        case "uncollectible", "void":
            return Severity.WARNING, Repair.RECORD_STATE
        case "void", _:
            return (None, None) if recorded.is_young else (Severity.CRITICAL, Repair.TAKE_BACK)
        case _:
            return Severity.NOTICE, None


def _about(
    recorded: BilledInvoice, held: StripeInvoice, kind: FindingKind, severity: Severity, repair: Repair | None
) -> Finding:
    collects = kind is FindingKind.UNCOLLECTED
    return Finding(
        kind=kind,
        severity=severity,
        subject_id=recorded.invoice_id,
        message="The invoice is open, and nothing collects it."
        if collects
        else f"{_shown(recorded)} in our records, {_shown(held)} at Stripe as {held.stripe_invoice_id}.",
        repair=repair,
        stripe_invoice_ids=(held.stripe_invoice_id,),
        closed_as=held.status if repair is Repair.RECORD_STATE else None,
    )


def _shown(invoice: BilledInvoice | StripeInvoice) -> str:
    known = CURRENCIES.get(invoice.currency)
    if known is None:
        return f"{invoice.total} {invoice.currency} {invoice.status}"
    return f"{format_amount(int(invoice.total / known.stripe_factor), known.code)} {invoice.status}"
