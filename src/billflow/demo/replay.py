"""Billing a customer once more on paper: the recorded steps, taken again by the pure domain alone."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter

from billflow.domain import billing_dates, lifecycle, plan_start
from billflow.domain.catalog import Catalog
from billflow.domain.customer import CustomerTerms
from billflow.domain.errors import Refused
from billflow.domain.invoicing.draft import InvoiceDraft
from billflow.domain.plan import PlanStatus
from billflow.domain.plan_start import StartFacts, StartPlan
from billflow.domain.projection import after
from billflow.domain.seats import SeatObservation
from billflow.domain.step import Facts, Outcome
from billflow.models.contracts.base import Command

_COMMAND: TypeAdapter[Any] = TypeAdapter(Command)


@dataclass(frozen=True, slots=True)
class TakenStep:
    """A step as the records recorded it; `detail` holds the request."""

    kind: str
    at: datetime
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoStart:
    """What a customer's history starts from."""

    terms: CustomerTerms
    catalog: Catalog
    observations: Sequence[SeatObservation]
    asked: StartPlan
    starts_at: datetime


def replayed_invoices(beginning: DemoStart, steps: Iterable[TakenStep]) -> list[InvoiceDraft]:
    """Return every invoice that the steps, taken in order, must have made."""
    started = _start(beginning)
    facts, invoices = _facts(beginning, started), list(started.invoices)
    for step in steps:
        seen = [o for o in beginning.observations if facts.plan.seats_observed_through < o.observed_at <= step.at]
        facts = replace(facts, observations=tuple(seen))
        outcome = _take(facts, step)
        if outcome is None:
            continue
        facts = after(facts, outcome)
        invoices.extend(outcome.invoices)
        if outcome.successor:
            invoices.extend(outcome.successor.invoices)
    return invoices


def _start(beginning: DemoStart) -> Outcome:
    known = [o for o in beginning.observations if o.observed_at <= beginning.starts_at]
    facts = StartFacts(
        plan_id="replayed",
        customer=beginning.terms,
        catalog=beginning.catalog,
        last_observation=known[-1] if known else None,
    )
    return plan_start.start_plan(facts, beginning.asked, beginning.starts_at)


def _facts(beginning: DemoStart, started: Outcome) -> Facts:
    empty = Facts(plan=started.plan, customer=started.customer, catalog=beginning.catalog)
    return after(empty, started)


def _take(facts: Facts, step: TakenStep) -> Outcome | None:
    if step.kind == "close_cycle":
        return billing_dates.process_billing_date(facts, step.at)
    if step.kind == "activate":
        return plan_start.activate(facts, step.at)
    if step.kind == "command" and facts.plan.status is not PlanStatus.ENDED:
        try:
            return lifecycle.take_command(facts, _COMMAND.validate_python(step.detail["command"]), step.at)
        except Refused:
            return None
    return None
