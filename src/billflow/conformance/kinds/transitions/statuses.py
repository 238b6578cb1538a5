"""What the answers about a plan's status have in common."""

from dataclasses import replace

from billflow.conformance.given import Answer
from billflow.conformance.results import entries_answer, entry_answer, invoiced_through, plan_answer
from billflow.domain.ledger import Disposition, LedgerEntry
from billflow.domain.plan import PlanStatus
from billflow.domain.step import Step

FREE = "downgraded_to_free"


def step_answer(step: Step, *, error: str | None = None) -> Answer:
    """Return the plan after a step, what its ledger gained, and the plan that took over."""
    added = [entry for entry in step.ledger if entry.seq >= step.first_new_seq]
    moved = [entry for entry in added if _is_moved(step, entry)]
    answer: Answer = {
        "plan": {**plan_answer(step.plan), "invoiced_through": invoiced_through(step)},
        "ledger_added": entries_answer([entry for entry in added if entry not in moved]),
        "ledger_moved": [entry_answer(replace(entry, seq=_moved_from(step))) for entry in moved],
        "new_plan": None,
        "error": error,
    }
    if step.plan.status is PlanStatus.ENDED and step.successor is None:
        answer["organization"] = FREE
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


def _moved_from(step: Step) -> int:
    renewals = [entry.seq for entry in step.facts.ledger if entry.is_renewal]
    return renewals[-1] if renewals else 1


def _is_moved(step: Step, entry: LedgerEntry) -> bool:
    """Tell whether the reference would move its newest renewal here: a paid trial's first period (decision 0005)."""
    return entry.is_renewal and step.allocated.get(entry.seq) is Disposition.BILLED
