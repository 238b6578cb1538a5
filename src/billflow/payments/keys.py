"""Idempotency keys that name the debt, and the metadata by which Stripe's objects are known again."""

from datetime import datetime, timedelta

from stripe import StripeObject

from billflow.models.contracts.invoices import BilledCustomer, InvoiceToCollect

LIFE = timedelta(hours=23)
"""How long a key is trusted: Stripe keeps it for at least 24 hours, and our clocks may differ."""

ORG = "billflow_org"
INVOICE = "billflow_invoice"
PLAN = "billflow_plan"
CUSTOMER = "billflow_customer"
ACCOUNT = "billflow_billing_account"
LINE = "billflow_line"
FOR_INVOICE = "billflow_for_invoice"
"""What a refund or credit note is for; the mark of the invoice itself names one object only."""

REFUND = "billflow_refund"
CREDIT_NOTE = "billflow_credit_note"
CREDIT = "billflow_credit"


def create_customer(customer_id: str, billing_account_id: str | None = None) -> str:
    """Name the making of a Stripe customer, for a customer of ours or for one of its billing accounts."""
    account = f"/account/{billing_account_id}" if billing_account_id else ""
    return f"customer/{customer_id}{account}/create"


def create_invoice(invoice_id: str) -> str:
    """Name the making of an invoice."""
    return f"invoice/{invoice_id}/create"


def add_lines(invoice_id: str, batch: int = 1) -> str:
    """Name the adding of one batch of lines."""
    return f"invoice/{invoice_id}/lines/{batch}"


def finalize(invoice_id: str) -> str:
    """Name the finalizing of an invoice."""
    return f"invoice/{invoice_id}/finalize"


def pay(invoice_id: str, attempt: int) -> str:
    """Name one attempt to charge an invoice; a decline is replayed, so each attempt has its own."""
    return f"invoice/{invoice_id}/pay/{attempt}"


def send(invoice_id: str, attempt: int) -> str:
    """Name one sending of an invoice."""
    return f"invoice/{invoice_id}/send/{attempt}"


def void(invoice_id: str) -> str:
    """Name the voiding of an invoice."""
    return f"invoice/{invoice_id}/void"


def post_credit(credit_id: str) -> str:
    """Name the posting of a credit to the customer's balance."""
    return f"credit/{credit_id}"


def mark_uncollectible(invoice_id: str) -> str:
    """Name the giving up of an invoice."""
    return f"invoice/{invoice_id}/mark-uncollectible"


def refund(refund_id: str) -> str:
    """Name the making of a refund."""
    return f"refund/{refund_id}/create"


def credit_note(credit_note_id: str) -> str:
    """Name the making of a credit note."""
    return f"credit-note/{credit_note_id}/create"


def generation(key: str, number: int) -> str:
    """Return the key itself first, then `<key>:v2` and on, for when an earlier one replays a failure."""
    return key if number == 1 else f"{key}:v{number}"


def may_have_expired(first_sent_at: datetime | None, now: datetime) -> bool:
    """Tell whether keys first sent at that moment may have been forgotten by Stripe."""
    return first_sent_at is not None and now - first_sent_at >= LIFE


def customer_metadata(customer: BilledCustomer) -> dict[str, str]:
    """Return what marks a Stripe customer as ours."""
    account = {ACCOUNT: customer.billing_account_id} if customer.billing_account_id else {}
    return {ORG: customer.org_id, CUSTOMER: customer.customer_id, **account}


def invoice_metadata(invoice: InvoiceToCollect) -> dict[str, str]:
    """Return what marks a Stripe invoice as ours."""
    return {**customer_metadata(invoice.customer), INVOICE: invoice.invoice_id, PLAN: invoice.plan_id}


def invoice_identity(invoice: InvoiceToCollect) -> dict[str, str]:
    """Return the part of the metadata by which the invoice is found again."""
    return {ORG: invoice.org_id, INVOICE: invoice.invoice_id}


def metadata_of(held: StripeObject) -> dict[str, str]:
    """Return the metadata of an object of Stripe's; empty where there is none."""
    metadata = held.to_dict().get("metadata")
    return dict(metadata) if isinstance(metadata, dict) else {}


def adjustment_metadata(invoice: InvoiceToCollect, mark: str, adjustment_id: str) -> dict[str, str]:
    """Return what marks a refund or a credit note as ours."""
    return {ORG: invoice.org_id, FOR_INVOICE: invoice.invoice_id, mark: adjustment_id}


def is_marked(held: StripeObject, marks: dict[str, str]) -> bool:
    """Tell whether an object carries these marks."""
    return marks.items() <= metadata_of(held).items()
