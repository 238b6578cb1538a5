"""Looking ahead with the same code as the steps: what a command would do, what a plan will bill (rules 29)."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice

from billflow.domain.access import newest_seen
from billflow.domain.billing_dates import live_through, process_billing_date
from billflow.domain.calendar import MICROSECOND
from billflow.domain.commands import PlanCommand
from billflow.domain.errors import BillingError, InvalidInput, NeedsAttention, Refused
from billflow.domain.invoicing.draft import InvoiceDraft
from billflow.domain.ledger import LedgerEntry
from billflow.domain.lifecycle import take_command
from billflow.domain.moments import check_near
from billflow.domain.projection import after
from billflow.domain.step import Facts, Outcome, Step

MAX_FORECAST = 120
_BILLING_DATES_AN_INVOICE = 13
_FOREVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class BillingDateOutcome:
    """A billing date that was closed on the way: what it decided, and the facts after it."""

    outcome: Outcome
    facts: Facts

    @property
    def invoices(self) -> tuple[InvoiceDraft, ...]:
        """Return the invoices of the billing date, those of a plan that took over included."""
        return invoices_of(self.outcome)


def invoices_of(outcome: Outcome) -> tuple[InvoiceDraft, ...]:
    """Return every invoice of a step, those of a plan that took over included."""
    return outcome.invoices + (invoices_of(outcome.successor) if outcome.successor else ())


def newest_entries(outcome: Outcome) -> tuple[LedgerEntry | None, dict[str, LedgerEntry]]:
    """Return the newest entry that a step made about licenses, if any, and about each add-on by its code."""
    licenses = [entry for entry in outcome.entries if entry.add_on is None]
    return licenses[-1] if licenses else None, {one.add_on: one for one in outcome.entries if one.add_on is not None}


def billing_dates_until(facts: Facts, until: datetime, *, now: datetime | None = None) -> Iterator[BillingDateOutcome]:
    """Close every billing date up to *until* in turn, as the plan's workflow does, and yield each.

    Up to *now* the facts hold as they are; after it the seats are taken to stay as last reported, and to be reported
    in time. Without *now* nothing is assumed. Raises `NeedsAttention` where the plan would be on hold.
    """
    while (due := facts.plan.due_at) is not None and due <= until:
        known = _reporting(facts, due, now)
        outcome = process_billing_date(known, due)
        facts = after(known, outcome)
        yield BillingDateOutcome(outcome, facts)


def facts_at(facts: Facts, at: datetime, *, now: datetime | None = None) -> Facts:
    """Return the facts after all billing dates due by *at*; raises as `preview` does."""
    if now is not None:
        check_near(at, now, "at")
    for closed in billing_dates_until(facts, at, now=now):
        facts = closed.facts
    return facts


def preview(facts: Facts, command: PlanCommand | None, at: datetime, *, now: datetime | None = None) -> Outcome:
    """Return what *command* would do at *at*, after all billing dates due by then; without one, what `at` finds.

    Nothing is written. Raises what the step would raise, and `InvalidInput` for more than ten years after *now*.
    """
    facts = facts_at(facts, at, now=now)
    if command is not None:
        return take_command(facts, command, at)
    step = Step.begin(facts, at)
    live_through(step)
    return step.finish()


@dataclass(frozen=True, slots=True)
class Forecast:
    """The next invoices of a plan, fewer where it ends; `on_hold` is what would hold it back, `ends_at` its end."""

    invoices: tuple[InvoiceDraft, ...]
    on_hold: BillingError | None = None
    ends_at: datetime | None = None


def forecast(facts: Facts, count: int, *, now: datetime | None = None) -> Forecast:
    """Return the next *count* invoices if nothing changes: at most 120, within 13 monthly billing dates for each.

    *now* is as for `billing_dates_until`; without it the seats are taken to stay as they are from the next
    billing date on.
    """
    if not 1 <= count <= MAX_FORECAST:
        raise InvalidInput(f"count must lie between 1 and {MAX_FORECAST}.", field="count")
    due = facts.plan.due_at
    if due is None:
        return Forecast(())
    found: list[InvoiceDraft] = []
    found_dates = islice(
        billing_dates_until(facts, _FOREVER, now=now or due - MICROSECOND), count * _BILLING_DATES_AN_INVOICE
    )
    try:
        for closed in found_dates:
            found += closed.invoices
            facts = closed.facts
            if len(found) >= count:
                break
    except (NeedsAttention, Refused) as error:
        return Forecast(tuple(found[:count]), on_hold=error)
    return Forecast(tuple(found[:count]), ends_at=facts.plan.ended_at)


def _reporting(facts: Facts, due: datetime, now: datetime | None) -> Facts:
    """Return the facts with a report of unchanged seats at *due*, where that lies in the assumed future."""
    seen = newest_seen(facts)
    if now is None or due <= now or seen is None or seen.observed_at >= due:
        return facts
    return replace(facts, observations=(*facts.observations, replace(seen, observed_at=due)))
