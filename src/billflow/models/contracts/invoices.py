"""An invoice as it is answered, sent and collected; amounts in minor units of `currency`."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from billflow.domain.invoicing.draft import InvoiceKind
from billflow.domain.invoicing.stripe_tax import ComputedTax
from billflow.domain.plan import CollectionMethod
from billflow.models.contracts.base import Contract, Moment
from billflow.models.contracts.credits import CreditToPost
from billflow.models.contracts.steps import PlanRef
from billflow.models.contracts.tax_locations import TaxLocation


class InvoiceStatus(StrEnum):
    """Where an invoice stands, in Stripe's words; a draft exists in our records only."""

    DRAFT = "draft"
    OPEN = "open"
    PAID = "paid"
    VOID = "void"
    UNCOLLECTIBLE = "uncollectible"

    @property
    def is_open(self) -> bool:
        """Tell whether the invoice is still to be paid."""
        return self in (InvoiceStatus.DRAFT, InvoiceStatus.OPEN)


UNPAID = tuple(status for status in InvoiceStatus if status.is_open)
"""Of invoices that are still to be paid."""


class InvoiceRef(Contract):
    """One invoice of one organization; `attempt` counts payment attempts from 1."""

    org_id: str
    invoice_id: str
    attempt: int = 1


class InvoiceInput(InvoiceRef):
    """One invoice, about which something is done as of `at`."""

    at: Moment


class InvoiceSummary(Contract):
    """The little that answers and workflows need to know of an invoice.

    Until it is `tax_known` the total is net, and Stripe adds the tax.
    """

    org_id: str
    invoice_id: str
    plan_id: str
    kind: InvoiceKind
    status: InvoiceStatus
    collection_method: CollectionMethod
    total: int
    currency: str
    issued_at: Moment
    tax_known: bool = True

    @property
    def ref(self) -> InvoiceRef:
        """Return which invoice it is."""
        return InvoiceRef(org_id=self.org_id, invoice_id=self.invoice_id)

    @property
    def plan(self) -> PlanRef:
        """Return which plan it bills."""
        return PlanRef(org_id=self.org_id, plan_id=self.plan_id)

    def as_of(self, at: datetime) -> InvoiceInput:
        """Return which invoice it is, as of a moment."""
        return InvoiceInput(org_id=self.org_id, invoice_id=self.invoice_id, at=at)


class InvoiceStatusChanged(Contract):
    """An invoice of `plan` was paid, voided or marked uncollectible as of `at`."""

    plan: PlanRef
    invoice_id: str
    status: InvoiceStatus
    at: Moment


class InvoiceLine(Contract):
    """One line; `n` counts from 1 and names the line in idempotency keys."""

    line_id: str
    n: int
    description: str
    quantity: int
    unit_amount: int
    amount: int
    period_start: Moment
    period_end: Moment


class BilledCustomer(Contract):
    """Who is to pay, from which of its accounts: what Stripe's customer object is made of.

    Each billing account has a Stripe customer of its own; without a `billing_account_id` the default one is meant.
    `livemode` tells whether the organization bills real money, None where nobody looked.
    """

    org_id: str
    customer_id: str
    billing_account_id: str | None = None
    name: str
    email: str
    currency: str
    stripe_customer_id: str | None = None
    livemode: bool | None = None


class InvoiceToCollect(InvoiceSummary):
    """Everything the payment gateway needs of one invoice beyond its summary.

    `sent_first_at` is when Stripe was first asked; idempotency keys protect for 24 hours from then on. `credits` are to
    be on the customer's balance before the invoice is finalized, which then uses them up. What it replaces is to be
    closed before it is issued. With a `sequence` its `number` is ours. `lost_stripe_ids` are Stripe's ids of what it
    was there before Stripe lost that, the oldest first; `is_anew` until an attempt to collect it was recorded since.
    With `automatic_tax` the lines are net, and Stripe goes by `tax_location`.
    """

    customer: BilledCustomer
    number: str | None = None
    sequence: int | None = None
    lines: tuple[InvoiceLine, ...]
    days_until_due: int | None = None
    statement_descriptor: str
    amount_paid: int = 0
    stripe_invoice_id: str | None = None
    sent_first_at: Moment | None = None
    out_of_band_reference: str | None = None
    replaces_invoice_id: str | None = None
    credits: tuple[CreditToPost, ...] = ()
    due_at: Moment | None = None
    lost_stripe_ids: tuple[str, ...] = ()
    is_anew: bool = False
    automatic_tax: bool = False
    tax_location: TaxLocation | None = None


class SentInvoice(Contract):
    """An invoice that support sent at Stripe by hand, as Stripe holds it; amounts in our minor units.

    `subtotal` is without the tax that comes on top of it. `taxes` are all that Stripe computed, None where it was not
    asked to.
    """

    stripe_invoice_id: str
    stripe_customer_id: str | None
    status: InvoiceStatus
    total: int
    currency: str
    due_at: Moment | None
    number: str | None
    hosted_invoice_url: str | None
    subtotal: int
    taxes: tuple[ComputedTax, ...] | None = None


class Issued(Contract):
    """Stripe holds the invoice, finalized: open, or paid at once where nothing was due.

    `balance_applied` is how much of it the customer's balance took over. `taxes` are what Stripe computed, by the id of
    our line; None where it was not to say so.
    """

    stripe_invoice_id: str
    stripe_customer_id: str | None = None
    status: InvoiceStatus
    number: str | None = None
    hosted_invoice_url: str | None = None
    amount_due: int
    amount_paid: int
    balance_applied: int = 0
    taxes: dict[str, tuple[ComputedTax, ...]] | None = None


class Paid(Contract):
    """The invoice is paid."""

    kind: Literal["paid"] = "paid"
    amount_paid: int


class NotPaid(Contract):
    """What came of an attempt that brought no money.

    `due_anew_at` is set where the invoice was issued anew, because Stripe had lost it: dunning begins anew, and this is
    its new due date. `total` is what the invoice is over where Stripe has added the tax.
    """

    due_anew_at: Moment | None = None
    total: int | None = None


class Open(NotPaid):
    """The invoice was sent and waits for its customer."""

    kind: Literal["open"] = "open"


class Declined(NotPaid):
    """The payment was refused by the card's bank, or there is no way to pay on file."""

    kind: Literal["declined"] = "declined"
    code: str
    message: str


class RequiresAction(NotPaid):
    """The customer must confirm the payment; `hosted_invoice_url` is where."""

    kind: Literal["requires_action"] = "requires_action"
    hosted_invoice_url: str | None = None


class Rejected(NotPaid):
    """Stripe refuses our request as wrong: a person has to look, asking again the same way changes nothing."""

    kind: Literal["rejected"] = "rejected"
    code: str
    message: str


class Closed(Contract):
    """The invoice is void or uncollectible: nothing is to be collected any more."""

    kind: Literal["closed"] = "closed"


CollectionOutcome = Annotated[Paid | Open | Declined | RequiresAction | Rejected | Closed, Field(discriminator="kind")]
"""What came of one attempt to collect: an outcome is a value, only faults are exceptions."""
