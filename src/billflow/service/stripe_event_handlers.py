"""What we do on Stripe's events: each is a hint of what to look at, and may come twice, late, or out of order."""

import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from billflow.domain.errors import NotFound
from billflow.models.contracts.adjustments import MarkedBalance
from billflow.models.contracts.customers import ChangeContext
from billflow.models.contracts.invoices import InvoiceRef, InvoiceStatus, InvoiceToCollect
from billflow.models.contracts.stripe_event_types import (
    ADJUSTED,
    ATTEMPT_FAILED,
    CARD_DETACHED,
    CARD_ENTERED,
    CLOSED,
    CUSTOMER_DELETED,
    CUSTOMER_UPDATED,
    DISPUTED,
    FINALIZED,
)
from billflow.models.contracts.webhooks import ForeignReason, StripeDispute, StripeEvent
from billflow.payments.adjustments import StripeAdjustmentGateway
from billflow.payments.imports import IssuedInvoiceReader
from billflow.payments.payment_methods import StripePaymentMethods
from billflow.ports.payments import PaymentGateway, PaymentsRejected
from billflow.ports.stripe_events import StripeEventRepository
from billflow.service.collection import CollectionService
from billflow.service.parallel_runs import ParallelRunService
from billflow.store.adjustments.repository import PostgresAdjustmentRepository
from billflow.store.audit.recorder import STRIPE
from billflow.store.invoices.repository import PostgresInvoiceRepository
from billflow.store.webhooks.stripe_event_effects import PostgresStripeEventEffects

Handler = Callable[["StripeEventHandlers", str, StripeEvent], Awaitable[None]]

_log = structlog.get_logger(__name__)

_BY_PAYMENT = ("charge.dispute.", "refund.")
"""Events whose object names neither customer nor invoice, only a payment."""


@dataclass(frozen=True)
class StripeEventHandlers:
    """One handler for each kind of event; anything it raises means: try this event again later."""

    inbox: StripeEventRepository
    gateway: PaymentGateway
    collection: CollectionService
    invoice_repository: PostgresInvoiceRepository
    adjustment_repository: PostgresAdjustmentRepository
    records: PostgresStripeEventEffects
    adjustments: StripeAdjustmentGateway
    methods: StripePaymentMethods
    parallel_runs: ParallelRunService
    invoices_of_others: IssuedInvoiceReader
    livemode: bool = False

    async def owner_of(self, event: StripeEvent) -> str | ForeignReason:
        """Return the organization an event is for, or why it is for none."""
        if event.livemode is not self.livemode:
            return ForeignReason.WRONG_MODE
        if event.org_id is not None:
            return event.org_id
        objects = event.objects
        if event.type.startswith(_BY_PAYMENT) and objects.payment_intent is not None:
            invoice = await self.adjustments.invoice_of_payment(objects.payment_intent)
            objects = objects.model_copy(update={"invoice": invoice})
        if objects.invoice is None and objects.customer is None:
            return ForeignReason.NO_CUSTOMER
        return await self.records.owner_of(objects) or ForeignReason.UNKNOWN_CUSTOMER

    async def handle(self, org_id: str, event: StripeEvent) -> None:
        """Do what an event asks for."""
        handler = _HANDLERS.get(event.type)
        if handler is not None:
            await handler(self, org_id, event)

    async def closed(self, org_id: str, event: StripeEvent) -> None:
        """Record that an invoice was paid, voided or marked uncollectible, as Stripe holds it now, and pass it on."""
        ref = await self._invoice(org_id, event)
        invoice = await self._to_collect(ref) if ref else None
        if ref is None:
            await self._take_in(org_id, event)
        if ref is None or invoice is None:
            return
        status, amount_paid = invoice.status, None
        if status is not InvoiceStatus.PAID:
            held = await self._held(ref, invoice, event)
            if held is None or held.status not in CLOSED.values():
                return
            status, amount_paid = held.status, held.amount_paid
            if status is InvoiceStatus.PAID and not await self._is_issued(ref, invoice, event):
                return
        change = await self.invoice_repository.record_closed(ref, status, event.created, amount_paid)
        if change:
            await self.collection.invoice_status_changed(change)

    async def finalized(self, org_id: str, event: StripeEvent) -> None:
        """Take in an invoice that another system issued; of our own we know."""
        if await self._invoice(org_id, event) is None:
            await self._take_in(org_id, event)

    async def _take_in(self, org_id: str, event: StripeEvent) -> None:
        """Take in an invoice as Stripe holds it, of a customer whose plan is or was in a parallel run (rules 41.2)."""
        customer, named = event.objects.customer, _stripe_invoice_id(event)
        if not customer or not named:
            return
        if await self.parallel_runs.repositories.issued_invoices.is_compared(org_id, customer):
            held = await self.invoices_of_others.read(named)
            change = ChangeContext(actor=STRIPE, at=event.created)
            if held is not None:
                await self.parallel_runs.take_from_stripe(org_id, held, change)

    async def _held(self, ref: InvoiceRef, invoice: InvoiceToCollect, event: StripeEvent) -> MarkedBalance | None:
        """Return how Stripe holds the invoice that an event names; None where it is not the one of our database."""
        named = _stripe_invoice_id(event)
        held = await self.adjustments.standing(named) if named else None
        if held is not None and named in invoice.lost_stripe_ids and held.status is not InvoiceStatus.PAID:
            return None
        if held is not None and invoice.stripe_invoice_id in (named, None):
            is_marked = (held.org_id, held.invoice_id) == (ref.org_id, ref.invoice_id)
            if is_marked or invoice.stripe_invoice_id is not None:
                return held
        _log.warning(
            "an event is not about the invoice of our database",
            event_id=event.event_id,
            invoice_id=ref.invoice_id,
            stripe_invoice_id=named,
        )
        return None

    async def _is_issued(self, ref: InvoiceRef, invoice: InvoiceToCollect, event: StripeEvent) -> bool:
        """Record that Stripe holds the invoice: it can be paid there before its sender knew that it was finalized.

        False where Stripe holds other amounts under our marks.
        """
        if invoice.stripe_invoice_id is not None:
            return True
        found = invoice.model_copy(update={"stripe_invoice_id": _stripe_invoice_id(event)})
        try:
            await self.invoice_repository.record_issued(ref, await self.gateway.issue(found))
        except PaymentsRejected:
            _log.warning("a paid invoice is not the one of our database", invoice_id=ref.invoice_id)
            return False
        return True

    async def attempt_failed(self, org_id: str, event: StripeEvent) -> None:
        """Let collection know of a payment under way that came to nothing."""
        ref = await self._invoice(org_id, event)
        invoice = await self._to_collect(ref) if ref else None
        held = await self._held(ref, invoice, event) if ref and invoice else None
        if ref is None or held is None or held.status is not InvoiceStatus.OPEN:
            return
        with contextlib.suppress(NotFound):
            requires_action = event.type == "invoice.payment_action_required"
            await self.collection.payment_failed(ref, requires_action=requires_action)

    async def card_entered(self, org_id: str, event: StripeEvent) -> None:
        """Make the card that was entered the default one, and charge what is open."""
        adopted = await self.methods.adopt_card(event.stripe_object_id) if event.stripe_object_id else None
        if adopted is not None:
            await self.collection.card_changed(org_id, *adopted, event.created)

    async def customer_updated(self, org_id: str, event: StripeEvent) -> None:
        """Take over a new default card, chosen in the portal or by support."""
        stripe_customer_id = event.objects.customer
        known = await self.records.known_card(org_id, stripe_customer_id) if stripe_customer_id else None
        if stripe_customer_id is None or known is None or known.payment_method == event.objects.payment_method:
            return
        method = await self.methods.default_card(stripe_customer_id)
        if method != known.payment_method:
            await self.collection.card_changed(org_id, stripe_customer_id, method, event.created)

    async def card_detached(self, org_id: str, event: StripeEvent) -> None:
        """Note that a customer has no default card any more; another one is told of by an event of its own."""
        stripe_customer_id = event.objects.customer
        if stripe_customer_id is not None and await self.methods.default_card(stripe_customer_id) is None:
            await self.collection.card_changed(org_id, stripe_customer_id, None, event.created)

    async def customer_deleted(self, org_id: str, event: StripeEvent) -> None:
        """Replace a Stripe customer that was deleted: its balance and open invoices go to a new one."""
        stripe_customer_id = event.objects.customer
        if stripe_customer_id is not None and await self.methods.is_deleted(stripe_customer_id):
            await self.collection.replace_customer(org_id, stripe_customer_id, event.created)

    async def adjusted(self, org_id: str, event: StripeEvent) -> None:
        """Take over refunds and credit notes as Stripe has them now."""
        ref = await self._invoice(org_id, event)
        invoice = await self._to_collect(ref) if ref else None
        money = await self.adjustments.money(invoice) if invoice else None
        if ref and money:
            await self.adjustment_repository.record_money(ref, money, event.created)

    async def disputed(self, org_id: str, event: StripeEvent) -> None:
        """Record what an event says of a dispute."""
        invoice = await self._invoice(org_id, event)
        if invoice is None or event.stripe_object_id is None:
            return
        dispute = StripeDispute(
            stripe_event_id=event.event_id,
            stripe_dispute_id=event.stripe_object_id,
            invoice_id=invoice.invoice_id,
            status=event.status or "unknown",
            reason=event.reason or "unknown",
            currency=(event.currency or "usd").upper(),
            amount=event.amount or 0,
            at=event.created,
        )
        await self.records.record_dispute(org_id, dispute)

    async def _to_collect(self, ref: InvoiceRef) -> InvoiceToCollect | None:
        try:
            return await self.invoice_repository.invoice_to_collect(ref)
        except NotFound:
            return None

    async def _invoice(self, org_id: str, event: StripeEvent) -> InvoiceRef | None:
        """Return our invoice that an event is about: by its mark, by its id at Stripe, or by its payment."""
        invoice_id, stripe_invoice_id = event.invoice_id, event.objects.invoice
        if invoice_id is None and stripe_invoice_id is None and event.objects.payment_intent is not None:
            stripe_invoice_id = await self.adjustments.invoice_of_payment(event.objects.payment_intent)
        if invoice_id is None and stripe_invoice_id is not None:
            invoice_id = await self.records.invoice_at(org_id, stripe_invoice_id)
        return InvoiceRef(org_id=org_id, invoice_id=invoice_id) if invoice_id else None


def _stripe_invoice_id(event: StripeEvent) -> str | None:
    return event.objects.invoice or event.stripe_object_id


_HANDLERS: dict[str, Handler] = {
    FINALIZED: StripeEventHandlers.finalized,
    **dict.fromkeys(CLOSED, StripeEventHandlers.closed),
    **dict.fromkeys(ATTEMPT_FAILED, StripeEventHandlers.attempt_failed),
    CARD_ENTERED: StripeEventHandlers.card_entered,
    CUSTOMER_UPDATED: StripeEventHandlers.customer_updated,
    CARD_DETACHED: StripeEventHandlers.card_detached,
    CUSTOMER_DELETED: StripeEventHandlers.customer_deleted,
    **dict.fromkeys(ADJUSTED, StripeEventHandlers.adjusted),
    **dict.fromkeys(DISPUTED, StripeEventHandlers.disputed),
}
