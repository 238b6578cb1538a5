"""What reconciliation needs: the three accounts it compares, and the ways to repair them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from billflow.domain.customer_balances import StripeCustomer
from billflow.domain.reconciliation import Finding, StripeInvoice
from billflow.models.contracts.plans import PlanState
from billflow.models.contracts.reconciliation import (
    FindingRecord,
    ReconciliationInput,
    RecordedAccount,
    RecordedInvoice,
    RepairInput,
    RunRef,
)

PAGE = 100
"""Rows of one page."""

PAGE_AT_STRIPE = 10
"""Rows of a page that asks Stripe about each of them."""

SHARDS = 16
"""Parts of all organizations, by the first digit of their ids."""


@dataclass(frozen=True)
class StripeInvoicePage:
    """Invoices as Stripe lists them, and where the next page begins; None at the end."""

    invoices: Sequence[StripeInvoice]
    next: str | None


@dataclass(frozen=True)
class StripeCustomerPage:
    """Customers as Stripe lists them, and where the next page begins; None at the end."""

    customers: Sequence[StripeCustomer]
    next: str | None


class ReconciliationRepository(Protocol):
    """The rows, and what became of a run; every method is one transaction and safe to repeat."""

    async def begin(self, run: ReconciliationInput, workflow_run_id: str, at: datetime) -> str:
        """Return the id of the run of that workflow run, writing it once."""

    async def store_listed(self, run: RunRef, listed: Sequence[StripeInvoice]) -> None:
        """Store what Stripe listed until the run is finished."""

    async def store_listed_customers(self, run: RunRef, listed: Sequence[StripeCustomer]) -> None:
        """Store the customers that Stripe listed until the run is finished."""

    async def accounts_page(self, run: RunRef, after: str | None) -> Sequence[RecordedAccount]:
        """Return the next billing accounts that have a customer at Stripe, by id."""

    async def accounts(self, run: RunRef, stripe_customer_ids: Collection[str]) -> Sequence[RecordedAccount]:
        """Return the accounts that have one of these customers at Stripe, as they stand now."""

    async def listed_customers(self, run: RunRef, ids: Collection[str]) -> Mapping[str, StripeCustomer]:
        """Return what Stripe listed of these customers, by Stripe's id."""

    async def invoices_page(self, run: RunRef, after: str | None) -> Sequence[RecordedInvoice]:
        """Return the next invoices the run is to compare, by id."""

    async def invoices(self, org_id: str, invoice_ids: Collection[str]) -> Mapping[str, RecordedInvoice]:
        """Return those of the invoices that the rows know."""

    async def listed_for(self, run: RunRef, invoice_ids: Collection[str]) -> Mapping[str, list[StripeInvoice]]:
        """Return what Stripe listed of these invoices, by our id."""

    async def listed_page(self, run: RunRef, after: str | None) -> Sequence[StripeInvoice]:
        """Return the next of the listed invoices, by Stripe's id."""

    async def plans_page(self, run: RunRef, after: str | None) -> Sequence[PlanState]:
        """Return the next plans that are to have a workflow and were left alone for a while, by id."""

    async def plans(self, org_id: str, plan_ids: Collection[str]) -> Mapping[str, PlanState]:
        """Return those of the plans that the rows know."""

    async def store_findings(self, run: RunRef, findings: Sequence[Finding], compared: int = 0) -> None:
        """Store findings, each once, and count the invoices compared."""

    async def suspects(self, run: RunRef, after: str | None) -> Sequence[str]:
        """Return the next invoices that something was found about, by id."""

    async def replace_findings(self, run: RunRef, invoice_id: str, findings: Sequence[Finding]) -> None:
        """Keep these findings about an invoice and no others."""

    async def count_findings(self, run: RunRef) -> int:
        """Return how many findings the run has."""

    async def repairable(self, run: RunRef, after: str | None) -> Sequence[FindingRecord]:
        """Return the next findings that can be repaired and are not yet, by id."""

    async def finding(self, wanted: RepairInput) -> FindingRecord:
        """Return one finding of a run; raises `NotFound`."""

    async def mark_repaired(self, run: RunRef, finding_id: str, at: datetime) -> None:
        """Remember that a finding is repaired."""

    async def mark_not_repaired(self, run: RunRef, finding_id: str, problem: str) -> None:
        """Remember why a finding could not be repaired."""

    async def finish(self, run: RunRef, at: datetime) -> None:
        """Finish the run and delete what Stripe listed."""


class OrganizationLister(Protocol):
    """All organizations, in pages."""

    async def organizations_page(self, shard: int, after: str | None) -> Sequence[str]:
        """Return the next ids of one of the `SHARDS`, in order."""


class StripeInvoiceReader(Protocol):
    """Stripe's side of the debts; raises the port's `PaymentsUnavailable` and `PaymentsRejected`."""

    def chargeable(self, amount: int, currency: str) -> int:
        """Return our minor units as Stripe counts them."""

    async def listed(self, org_id: str, since: datetime | None, after: str | None) -> StripeInvoicePage:
        """Return a page of all invoices of the organization at Stripe, the newest first, drafts included."""

    async def fresh(self, invoice: RecordedInvoice, known: Collection[str] = ()) -> Sequence[StripeInvoice]:
        """Look up what Stripe has of one debt now: by customer, by the id in our rows and the *known* ones."""

    async def listed_customers(self, org_id: str, after: str | None) -> StripeCustomerPage:
        """Return a page of all customers of the organization at Stripe, deleted ones left out."""

    async def customer(self, stripe_customer_id: str) -> StripeCustomer | None:
        """Look up a customer now, also a deleted one; None where Stripe never knew it."""

    async def delete_draft(self, stripe_invoice_id: str) -> None:
        """Delete a draft; one that was deleted or issued already is left as it is."""
