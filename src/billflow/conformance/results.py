"""From what the domain decided back to the words of a case."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from billflow.conformance.given import Answer, Json
from billflow.domain.invoicing.draft import InvoiceDraft, Line
from billflow.domain.ledger import Disposition, LedgerEntry
from billflow.domain.plan import CollectionMethod, Plan, PlanStatus
from billflow.domain.step import Step


def time_text(moment: datetime | None) -> str | None:
    """Write a time as cases do."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z") if moment else None


def plan_answer(plan: Plan) -> Answer:
    """Return the fields of a plan that a case may ask for."""
    return {
        "tier": plan.tier,
        "schedule": plan.schedule,
        "status": plan.status,
        "price_per_license_cents": plan.price_per_license,
        "fixed_price_cents": plan.fixed_price,
        "billing_cycle_anchor": time_text(plan.billing_cycle_anchor),
        "next_invoice_date": time_text(plan.next_invoice_date),
        "end_date": time_text(plan.end_date),
        "invoicing_status": plan.invoicing_status,
        "license_management": plan.license_management,
        "charge_automatically": plan.collection_method is CollectionMethod.CHARGE_AUTOMATICALLY,
    }


def entry_answer(entry: LedgerEntry) -> Answer:
    """Return one ledger entry."""
    return {
        "seq": entry.seq,
        "is_renewal": entry.is_renewal,
        "event_time": time_text(entry.event_time),
        "licenses": entry.licenses,
        "licenses_at_next_renewal": entry.licenses_at_next_renewal,
    }


def entries_answer(entries: Iterable[LedgerEntry]) -> list[Json]:
    """Return ledger entries in order."""
    return [entry_answer(entry) for entry in entries]


def line_answer(line: Line) -> Answer:
    """Return one invoice line; a discount's unit is the whole discount."""
    return {
        "description_kind": line.kind,
        "description": line.description,
        "quantity": line.quantity,
        "unit_amount": line.unit_amount,
        "amount": line.amount,
        "period_start": time_text(line.derivation.period.start),
        "period_end": time_text(line.derivation.period.end),
    }


def lines_answer(invoices: Sequence[InvoiceDraft]) -> list[Json]:
    """Return the lines of the invoices in order."""
    return [line_answer(line) for invoice in invoices for line in invoice.lines]


def invoice_answer(invoice: InvoiceDraft | None) -> Answer | None:
    """Return how an invoice is collected, None where there is none."""
    if invoice is None:
        return None
    return {
        "collection_method": invoice.terms.collection_method,
        "days_until_due": invoice.terms.days_until_due,
        "auto_advance": invoice.terms.auto_advance,
        "statement_descriptor": invoice.statement_descriptor,
    }


def full_invoice(invoice: InvoiceDraft) -> Answer:
    """Return an invoice with its lines, and how it is collected."""
    words = {"invoice_time": time_text(invoice.at), "lines": lines_answer([invoice]), "total": invoice.total}
    return {**words, **(invoice_answer(invoice) or {})}


def invoiced_through(step: Step) -> int | None:
    """Return the newest of the case's own entries that is settled: the reference's pointer (rules 6).

    The reference never walks the ledger of a tier it doesn't bill.
    """
    before = [entry.seq for entry in step.facts.ledger if entry.allocated]
    newly = [seq for seq in step.allocated if seq < step.first_new_seq] if step.tier.billable else []
    return max([*before, *newly], default=None)


def step_answer(step: Step, *, error: str | None = None) -> Answer:
    """Return the plan after a step, what its ledger gained, and the plan that took over."""
    added = [entry for entry in step.ledger if entry.seq >= step.first_new_seq]
    moved = next((entry for entry in added if _is_moved(step, entry)), None)
    moved_from = next((entry.seq for entry in reversed(step.facts.ledger) if entry.is_renewal), 1)
    answer: Answer = {
        "plan": {**plan_answer(step.plan), "invoiced_through": invoiced_through(step)},
        "ledger_added": entries_answer([entry for entry in added if entry is not moved]),
        "ledger_moved": entry_answer(replace(moved, seq=moved_from)) if moved else None,
        "new_plan": None,
        "error": error,
    }
    if step.plan.status is PlanStatus.ENDED and step.successor is None:
        answer["organization"] = "downgraded_to_free"
    return answer | successor_answer(step)


def successor_answer(step: Step) -> Answer:
    """Return the plan that took over: a scheduled one as `next_plan`, one made in the step as `new_plan`."""
    if step.successor is None:
        return {}
    name = "next_plan" if step.facts.next_plan else "new_plan"
    entries = step.successor.ledger
    plan: Answer = {**plan_answer(step.successor.plan), "invoiced_through": invoiced_through(step.successor)}
    plan["licenses"] = entries[-1].licenses if entries else None
    return {name: plan, f"{name}_ledger_added": entries_answer(entries)}


def _is_moved(step: Step, entry: LedgerEntry) -> bool:
    """Tell whether the reference would move its newest renewal here: a paid trial's first period (decision 0005)."""
    return entry.is_renewal and step.allocated.get(entry.seq) is Disposition.BILLED
