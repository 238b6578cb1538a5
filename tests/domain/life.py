"""A customer's life on the domain alone: what the records and the workflow do, in memory."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from billflow.domain.billing_dates import process_billing_date
from billflow.domain.catalog import Hosting
from billflow.domain.commands import PlanCommand
from billflow.domain.invoicing.draft import InvoiceDraft
from billflow.domain.ledger import LedgerEntry
from billflow.domain.lifecycle import take_command
from billflow.domain.plan import PlanStatus
from billflow.domain.plan_start import StartFacts, StartPlan, activate, start_plan
from billflow.domain.preview import invoices_of
from billflow.domain.projection import after
from billflow.domain.seats import SeatObservation
from billflow.domain.settings import DEFAULT_SETTINGS, BillingSettings
from billflow.domain.step import Facts, Outcome
from billflow.domain.suspension import resume, suspend
from tests.domain.builders import START, a_customer, catalog, seats


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


class Reporting(Life):
    """A life whose servers go on reporting: the newest report tells how fresh the others are."""

    def known(self, moment: datetime) -> Facts:
        facts, newest = super().known(moment), self.observations[-1:]
        fresh = tuple(one for one in newest if one.observed_at > moment)
        return replace(facts, observations=facts.observations + fresh)


def life_of(
    tier: str, wish: StartPlan, members: int, *, exempt: bool = False, settings: BillingSettings = DEFAULT_SETTINGS
) -> Life:
    """Start a plan at START for a new customer with so many members; a purchase is paid at once."""
    sold = catalog().tier(tier)
    customer = a_customer(
        hosting=sold.hosting,
        exempt_from_license_number_check=exempt,
        flat_discounted_months=12 if sold.hosting is Hosting.SELF_HOSTED else 0,
    )
    facts = StartFacts(plan_id="plan", customer=customer, catalog=catalog(), last_observation=seats(START, members))
    started = start_plan(facts, replace(wish, tier=tier), START)
    life = Reporting(
        Facts(
            plan=started.plan,
            customer=started.customer,
            catalog=catalog(),
            last_observation=facts.last_observation,
            settings=settings,
        )
    )
    life.take(started)
    if started.plan.status is PlanStatus.NEVER_STARTED:
        life.take(activate(life.facts, START))
    return life
