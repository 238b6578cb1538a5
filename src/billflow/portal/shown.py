"""Invoices as a customer reads them: those to come with what makes them up, those made with how they stand."""

from dataclasses import dataclass
from datetime import datetime

from billflow.domain.invoicing.draft import InvoiceDraft
from billflow.domain.invoicing.explain import explain
from billflow.domain.plan import CollectionMethod
from billflow.models.contracts.invoices import InvoiceStatus
from billflow.models.contracts.records import InvoiceRecord
from billflow.portal.texts import Reader


@dataclass(frozen=True)
class ShownLine:
    """One line of an invoice to come."""

    title: str
    period: str
    derivation: str
    amount: str


@dataclass(frozen=True)
class ShownDraft:
    """An invoice to come: how much on which day, and why."""

    sentence: str
    lines: tuple[ShownLine, ...]


@dataclass(frozen=True)
class ShownState:
    """How the payment of an invoice stands; `tone` is good, warn, bad or none."""

    text: str
    tone: str = ""


def shown_draft(draft: InvoiceDraft, reader: Reader) -> ShownDraft:
    """Return an invoice to come as its reader writes it."""
    content, amount = reader.content, reader.content.amount(draft.total, draft.currency)
    if draft.automatic_tax:
        amount = reader.say("plus_tax", amount=amount)
    explained = [explain(line, draft.currency) for line in draft.lines]
    lines = tuple(
        ShownLine(
            title=content.title(one),
            period=content.span(one.period),
            derivation=content.derivation(one),
            amount=content.amount(one.amount, draft.currency),
        )
        for one in explained
    )
    return ShownDraft(reader.say("on_day", amount=amount, date=content.day(draft.at)), lines)


def state_of(invoice: InvoiceRecord, reader: Reader, now: datetime) -> ShownState:
    """Return how the payment of an invoice stands at *now*."""
    day = reader.content.short_day
    match invoice.status:
        case InvoiceStatus.PAID:
            return ShownState(reader.say("state_paid", date=day(invoice.paid_at or invoice.issued_at)), "good")
        case InvoiceStatus.OPEN:
            return _open(invoice, reader, now)
        case InvoiceStatus.UNCOLLECTIBLE:
            return ShownState(reader.texts["state_uncollectible"], "bad")
        case _:
            return ShownState(reader.texts[f"state_{invoice.status}"])


def waits_for_confirmation(invoice: InvoiceRecord) -> bool:
    """Tell whether the customer's bank asks the customer itself to confirm a payment, on a page of Stripe's."""
    is_open = invoice.status is InvoiceStatus.OPEN
    return is_open and (invoice.last_outcome or {}).get("kind") == "requires_action"


def _open(invoice: InvoiceRecord, reader: Reader, now: datetime) -> ShownState:
    day = reader.content.short_day
    if waits_for_confirmation(invoice):
        return ShownState(reader.texts["state_confirm"], "warn")
    if (invoice.last_outcome or {}).get("kind") == "declined":
        if invoice.next_attempt_at is None:
            return ShownState(reader.texts["state_failed_last"], "bad")
        return ShownState(reader.say("state_failed", date=day(invoice.next_attempt_at)), "bad")
    is_sent = invoice.collection_method is CollectionMethod.SEND_INVOICE
    if is_sent and invoice.due_at < now:
        return ShownState(reader.say("state_overdue", date=day(invoice.due_at)), "bad")
    return ShownState(reader.say("state_open", date=day(invoice.due_at)), "warn")
