"""A customer's life on the domain alone: what the records and the workflow do, in memory."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from billflow.domain.billing_dates import process_billing_date
from billflow.domain.commands import PlanCommand
from billflow.domain.invoicing.draft import InvoiceDraft
from billflow.domain.ledger import LedgerEntry
from billflow.domain.lifecycle import take_command
from billflow.domain.preview import invoices_of
from billflow.domain.projection import after
from billflow.domain.seats import SeatObservation
from billflow.domain.step import Facts, Outcome
from billflow.domain.suspension import resume, suspend


@dataclass
class Life:
    """One customer's plans; `ledgers` holds the entries of each plan in turn, `billing_dates` what was closed when."""

    facts: Facts
    observations: list[SeatObservation] = field(default_factory=list)
    invoices: list[InvoiceDraft] = field(default_factory=list)
    credits: list[int] = field(default_factory=list)
    entries: list[LedgerEntry] = field(default_factory=list)
    billing_dates: list[datetime] = field(default_factory=list)

    def known(self, moment: datetime) -> Facts:
        """Return the facts as the records would load them at *moment*."""
        new = [o for o in self.observations if self.facts.plan.seats_observed_through < o.observed_at <= moment]
        return replace(self.facts, observations=tuple(new))

    def observe(self, observation: SeatObservation) -> None:
        self.observations.append(observation)

    def backfill(self, until: datetime) -> None:
        """Close every billing date that is due, oldest first."""
        while (due := self.facts.plan.due_at) is not None and due <= until:
            self.billing_dates.append(due)
            self.take(process_billing_date(self.known(due), due))

    def command(self, command: PlanCommand, moment: datetime) -> Outcome:
        self.backfill(moment)
        return self.take(take_command(self.known(moment), command, moment))

    def suspend(self, moment: datetime) -> Outcome:
        self.backfill(moment)
        return self.take(suspend(self.known(moment), moment))

    def resume(self, moment: datetime) -> Outcome:
        self.backfill(moment)
        return self.take(resume(self.known(moment), moment))

    def take(self, outcome: Outcome) -> Outcome:
        self.invoices += invoices_of(outcome)
        self.credits += [outcome.credit] if outcome.credit else []
        self.entries += all_entries(outcome)
        self.facts = after(self.facts, outcome)
        return outcome


def all_entries(outcome: Outcome) -> tuple[LedgerEntry, ...]:
    return outcome.entries + (all_entries(outcome.successor) if outcome.successor else ())
