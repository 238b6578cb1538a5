"""What the records show of the past: pages of plans, ledgers, invoices, seats and events."""

from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from pydantic import Field

from billflow.domain.dunning import DunningAction
from billflow.domain.invoicing.draft import Line, LineKind
from billflow.domain.ledger import Disposition
from billflow.domain.plan import PlanStatus
from billflow.domain.proration import Derivation
from billflow.domain.tax.amounts import AppliedTax
from billflow.models.contracts.base import Contract, Moment, RequestMoment
from billflow.models.contracts.customers import Buyer, CustomerStatus
from billflow.models.contracts.invoice_adjustments import InvoiceAdjustment
from billflow.models.contracts.invoices import InvoiceLine, InvoiceStatus, InvoiceSummary
from billflow.models.contracts.plans import PlanState
from billflow.models.contracts.tax import TaxRecord

Row = TypeVar("Row")


class Paging(Contract):
    """Which part of a list to show: *limit* rows after the row *after*, or after the first *offset*.

    `after` is the `next` of the page before; it stays quick however deep one goes.
    """

    limit: Annotated[int, Field(ge=1, le=100)] = 50
    offset: Annotated[int, Field(ge=0, le=10_000)] = 0
    after: str | None = None


class Page(Contract, Generic[Row]):
    """One part of a list, the number of rows in all of it, 10,000 at most, and where the next part begins."""

    rows: tuple[Row, ...]
    total: int
    next: str | None = None


class PlanFilter(Contract):
    """Which plans to list; what is None does not count.

    `live` ones run, trials included; `attention` is the code of what holds them. Those in a `parallel_run` are billed
    by another system yet.
    """

    customer_id: str | None = None
    test_clock_id: str | None = None
    status: PlanStatus | None = None
    tier: str | None = None
    currency: str | None = Field(None, max_length=3)
    live: bool | None = None
    needs_attention: bool | None = None
    attention: str | None = Field(None, max_length=100, description="The code of what holds them.")
    next_invoice_before: RequestMoment | None = None
    parallel_run: bool | None = None


class InvoiceFilter(Contract):
    """Which invoices to list; what is None does not count. From `*_since` on, and before `*_until`.

    `unpaid` ones are drafts and open ones, `next_action` is what collection does next about one.
    """

    customer_id: str | None = None
    plan_id: str | None = None
    status: InvoiceStatus | None = None
    number: str | None = Field(None, max_length=100, description="The number on the invoice.")
    currency: str | None = Field(None, max_length=3)
    unpaid: bool | None = None
    next_action: DunningAction | None = None
    issued_since: RequestMoment | None = None
    issued_until: RequestMoment | None = None
    due_since: RequestMoment | None = None
    due_until: RequestMoment | None = None
    paid_since: RequestMoment | None = None
    paid_until: RequestMoment | None = None


class CustomerFilter(Contract):
    """Which customers to list; what is None does not count.

    `q` is a part of the name or e-mail address, `realm` a subdomain, the remote ones what a deployment reports.
    """

    status: CustomerStatus | None = None
    email: str | None = Field(None, max_length=320)
    erp_customer_number: str | None = Field(None, max_length=100)
    realm: str | None = Field(None, max_length=500, description="The subdomain it runs on.")
    remote_realm: UUID | None = None
    remote_server: UUID | None = None
    q: str | None = Field(None, max_length=500, description="A part of the name or of the e-mail address.")


class LedgerRecord(Contract):
    """One entry of a plan's ledger, and what became of it.

    One about an `add_on` has its `price` for a unit and cycle, and its units as licenses.
    """

    seq: int
    event_time: Moment
    is_renewal: bool
    licenses: int
    licenses_at_next_renewal: int
    add_on: str | None = None
    price: int | None = None
    disposition: Disposition | None
    line_id: str | None


class LineRecord(InvoiceLine):
    """One line as it is shown: `entries` are the sequence numbers it bills, `derivation` says how it came about.

    `tax` is its share of the invoice's tax; of a tax line all of the rate that it applies.
    """

    kind: LineKind
    derivation: Derivation
    entries: tuple[int, ...]
    tax: int = 0
    applied_tax: AppliedTax | None = None

    @property
    def line(self) -> Line:
        """Return it as it was billed."""
        known = self.kind, self.description, self.derivation, self.entries
        return Line(*known, tax=self.tax, applied=self.applied_tax)


class AttemptRecord(Contract):
    """What came of one attempt to collect."""

    n: int
    outcome: dict[str, Any]
    at: Moment


class PlanRecord(PlanState):
    """A plan with its customer's name, as it is listed and shown.

    Its price per license becomes `next_price` at the first renewal that is not before `next_price_from`.
    """

    customer_name: str | None = None
    next_price: int | None = None
    next_price_from: Moment | None = None


class InvoiceRecord(InvoiceSummary):
    """An invoice as it stands; with `automatic_tax` Stripe computes the tax."""

    customer_id: str
    customer_name: str
    number: str | None
    due_at: Moment
    auto_advance: bool
    statement_descriptor: str
    automatic_tax: bool = False
    flat_discount_months: int
    coupon_months: int = 0
    licenses: int | None
    stripe_invoice_id: str | None
    hosted_invoice_url: str | None
    amount_due: int | None
    amount_paid: int
    balance_applied: int
    paid_at: Moment | None
    out_of_band_reference: str | None = None
    voided_at: Moment | None
    attempts: int
    next_attempt_at: Moment | None
    next_action: DunningAction | None = None
    attention: str | None = None
    last_outcome: dict[str, Any] | None
    replaces_invoice_id: str | None = None
    replaced_by_invoice_id: str | None = None
    waived: bool = False


class InvoiceDetail(InvoiceRecord):
    """An invoice with its lines, its adjustments and the attempts to collect it.

    `credited` sums its credit notes, `refunded` its refunds; `net_paid` is what was paid and not refunded, `still_due`
    what the customer owes of it: nothing once it is paid, void or written off.
    `replaced_stripe_invoices` are Stripe's ids of what it took the place of there, because that or its customer was
    deleted. `buyer` is who it was issued to, and by that version of the seller. `tax` is what of `total` is tax, and
    `taxes` say it rate by rate. `e_invoice` tells whether there is one by EN 16931, and `e_invoice_missing` why there
    is none although the seller has switched it on (rules 36.3).
    """

    credited: int
    refunded: int
    net_paid: int
    still_due: int
    lines: tuple[LineRecord, ...]
    tax: int = 0
    taxes: tuple[TaxRecord, ...] = ()
    adjustments: tuple[InvoiceAdjustment, ...] = ()
    replaced_stripe_invoices: tuple[str, ...] = ()
    seller_version_id: str | None = None
    buyer: Buyer | None = None
    e_invoice: bool = False
    e_invoice_missing: str | None = None
    payment_attempts: tuple[AttemptRecord, ...]


class ListOrder(Contract):
    """What a list is sorted by; the greatest or last first, unless `ascending`."""

    by: str
    ascending: bool = False


class TimelineEntry(Contract):
    """Something that happened to a plan: a step that was taken, or an event that came of one.

    `actor_name` is what the actor is called, of an API key its name.
    """

    at: Moment
    recorded_at: Moment
    kind: str
    name: str
    actor: str | None = None
    actor_name: str | None = None
    data: dict[str, Any]


class CustomerTimelineEntry(TimelineEntry):
    """Something that happened to a customer: a step or an event of its plan `plan_id`, or an event about itself."""

    plan_id: str | None = None


class StepRecord(Contract):
    """A step that was taken, in order, with its request as data; refused commands are steps too."""

    key: str
    kind: str
    at: Moment
    refused: bool
    detail: dict[str, Any]
