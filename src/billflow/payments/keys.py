"""Idempotency keys that name the debt, and the metadata by which Stripe's objects are known again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from stripe import StripeObject

from billflow.models.contracts.invoices import BilledCustomer, InvoiceToCollect

Held = TypeVar("Held", bound=StripeObject)
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
REPLACES = "billflow_replaces"
"""Stripe's id of the invoice that this one takes the place of, for that or its customer was deleted."""

CUTOVER = "billflow_cutover_of_plan"
"""The plan that takes over from a subscription which billflow told to end."""

CUTOVER_MARKS = (ORG, CUTOVER)
OUT_OF_BAND = "billflow_out_of_band_reference"
"""What names the payment of an invoice that was not made through Stripe."""


_ACTS = {
    "customer.create": "customer/{}/create",
    "customer_balance_transaction.create": "credit/{}",
    "invoice.create": "invoice/{}/create",
    "invoice.add_lines": "invoice/{}/lines/1",
    "invoice.finalize": "invoice/{}/finalize",
    "invoice.pay": "invoice/{}/pay",
    "invoice.pay_out_of_band": "invoice/{}/pay-out-of-band",
    "invoice.send": "invoice/{}/send",
    "invoice.void": "invoice/{}/void",
    "invoice.mark_uncollectible": "invoice/{}/mark-uncollectible",
    "refund.create": "refund/{}/create",
    "credit_note.create": "credit-note/{}/create",
    "subscription.end": "cutover/{}/end",
    "subscription.keep": "cutover/{}/keep",
}
"""What is done once, by its name in logs, and the key under which it is, with the id of our object in it."""


@dataclass(frozen=True, slots=True)
class Act:
    """One thing to do at Stripe: `operation` names it in logs, `key` is what it is done once under."""

    operation: str
    key: str


def act(operation: str, name: str, part: object = None) -> Act:
    """Name what is done to the object of ours that *name* is the id of.

    *part* tells apart what is done to it more than once: a decline is replayed, so each attempt has a key of its own.
    """
    key = _ACTS[operation].format(name)
    return Act(operation, key if part is None else f"{key}/{part}")


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
    replaces = {REPLACES: invoice.lost_stripe_ids[-1]} if invoice.lost_stripe_ids else {}
    return {**customer_metadata(invoice.customer), INVOICE: invoice.invoice_id, PLAN: invoice.plan_id, **replaces}


def invoice_identity(invoice: InvoiceToCollect) -> dict[str, str]:
    """Return the part of the metadata by which the invoice is found again."""
    return {ORG: invoice.org_id, INVOICE: invoice.invoice_id}


def metadata_of(held: StripeObject) -> dict[str, str]:
    """Return the metadata of an object of Stripe's; empty where there is none."""
    metadata = held.to_dict().get("metadata")
    return dict(metadata) if isinstance(metadata, dict) else {}


def cutover_metadata(org_id: str, plan_id: str) -> dict[str, str]:
    """Return what marks the end of a subscription as ours, so that anybody else's is left alone."""
    return {ORG: org_id, CUTOVER: plan_id}


def adjustment_metadata(invoice: InvoiceToCollect, mark: str, adjustment_id: str) -> dict[str, str]:
    """Return what marks a refund or a credit note as ours."""
    return {ORG: invoice.org_id, FOR_INVOICE: invoice.invoice_id, mark: adjustment_id}


def oldest_marked(found: Sequence[Held], marks: dict[str, str]) -> Held | None:
    """Return the last of a list, newest first, that carries these marks."""
    return next((held for held in reversed(found) if is_marked(held, marks)), None)


def is_marked(held: StripeObject, marks: dict[str, str]) -> bool:
    """Tell whether an object carries these marks."""
    return marks.items() <= metadata_of(held).items()
