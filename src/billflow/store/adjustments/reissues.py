"""Invoices issued again in place of others: the old one closed and the new one written in one transaction."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.adjustments import CreditReason
from billflow.domain.coupons import CouponUse
from billflow.domain.errors import InvalidInput
from billflow.domain.invoicing.draft import PaymentTerms, payment_terms
from billflow.domain.invoicing.reissue import InvoiceToReplace, LineCorrection, Reissue, ReissueTerms, reissue
from billflow.domain.settings import DEFAULT_SETTINGS, BillingSettings
from billflow.models.contracts.invoices import InvoiceRef, InvoiceStatus
from billflow.models.contracts.keys import KeyNamespace
from billflow.models.contracts.reissues import IssuedAgain, ReissueInput
from billflow.models.tables import BillingAccountRow, CreditNoteRow, InvoiceRow
from billflow.store.access.tax_records import current_settings
from billflow.store.adjustments.drafts import new_note, request_note
from billflow.store.adjustments.records import Money, load_money, standing_of
from billflow.store.customers.transactions import not_erased
from billflow.store.invoices.digests import named_in_audit
from billflow.store.invoices.drafts import invoice_row, line_rows, void
from billflow.store.invoices.locks import LockedInvoice, lock_invoice
from billflow.store.invoices.records import invoice_detail
from billflow.store.offers.coupon_records import has_months_for, use_again
from billflow.store.plans.mapping import taxpayer_of
from billflow.store.session.database import Repository


@dataclass(frozen=True)
class PostgresReissueRepository(Repository):
    """Invoices that take others' places, in PostgreSQL (rules 28.1)."""

    settings: BillingSettings = DEFAULT_SETTINGS

    async def preview(self, ask: ReissueInput) -> Reissue:
        """Return what issuing an invoice again would come to, and write nothing; raises as `reissue` does."""
        async with self.database.unit_of_work(ask.org_id) as session:
            locked = await _locked(session, ask)
            return await self._decide(session, ask, locked, await load_money(session, locked.invoice))

    async def reissue(self, ask: ReissueInput) -> IssuedAgain:
        """Close an invoice and write the one in its place, once per key, both still to be brought to Stripe.

        Raises `Refused`, `InvalidInput` or `NotFound`.
        """
        async with self.database.unit_of_work(ask.org_id) as session:
            locked = await _locked(session, ask)
            if known := await _made(session, ask):
                return known
            money = await load_money(session, locked.invoice)
            decided = await self._decide(session, ask, locked, money)
            new = await _write(session, locked, decided, money)
            new.reissue_key = ask.key
            note_id = await _close(session, locked, decided, new, money)
            locked.customer.flat_discounted_months -= _months_taken(locked.invoice, decided)
            if locked.invoice.status is not InvoiceStatus.PAID:
                await use_again(new, locked.recorder)
            _record(locked, new, decided, ask.reason)
            return IssuedAgain(invoice_id=str(new.id), credit_note_id=note_id)

    async def _decide(self, session: AsyncSession, ask: ReissueInput, locked: LockedInvoice, money: Money) -> Reissue:
        not_erased(locked.customer)
        invoice = locked.invoice
        detail = await invoice_detail(session, str(invoice.id))
        old = InvoiceToReplace(
            kind=invoice.kind,
            money=standing_of(money),
            lines={line.line_id: line.line for line in detail.lines},
            statement_descriptor=invoice.statement_descriptor,
            flat_discount_months=invoice.flat_discount_months,
            coupon_use=_coupon_use(invoice),
            replaced_by=detail.replaced_by_invoice_id,
        )
        settings = await current_settings(session, self.settings)
        terms = ReissueTerms(
            at=ask.at,
            terms=_terms(locked, settings),
            months_left=_months_left(locked),
            has_coupon=invoice.status is not InvoiceStatus.VOID or await has_months_for(session, invoice),
            refund_method=ask.refund_method,
            corrections={one.line_id: LineCorrection(price=one.price, licenses=one.licenses) for one in ask.lines},
            settings=settings,
            treatment=settings.tax.at(taxed_at := await _taxed_at(session, invoice)).treatment(
                taxpayer_of(locked.customer), taxed_at
            ),
        )
        return reissue(old, terms)


def _terms(locked: LockedInvoice, settings: BillingSettings) -> PaymentTerms:
    """Return how the new invoice is paid: as the plan is now, or as the old one was where the plan has ended."""
    plan, old = locked.plan, locked.invoice
    method = plan.collection_method if plan.status.is_live else old.collection_method
    return payment_terms(method, purchase=False, settings=settings)


async def _taxed_at(session: AsyncSession, invoice: InvoiceRow) -> datetime:
    """Return when what an invoice is over was first invoiced, by whose date it is taxed (rules 37.3)."""
    first = invoice
    while first.replaces_invoice_id is not None:
        first = await session.get_one(InvoiceRow, first.replaces_invoice_id)
    return first.issued_at


def _months_left(locked: LockedInvoice) -> int:
    """Return how many discounted months the new invoice may use: those of the old one, where nothing returned them."""
    is_void = locked.invoice.status is InvoiceStatus.VOID
    return locked.customer.flat_discounted_months + (0 if is_void else locked.invoice.flat_discount_months)


def _coupon_use(invoice: InvoiceRow) -> CouponUse | None:
    if invoice.coupon_redemption_id is None:
        return None
    return CouponUse(str(invoice.coupon_redemption_id), invoice.coupon_months)


def _months_taken(old: InvoiceRow, decided: Reissue) -> int:
    """Return how many months the customer has fewer; those that a paid invoice used go over to the new one."""
    used = decided.draft.flat_discount_months
    return used - old.flat_discount_months if old.status is InvoiceStatus.PAID else used


async def _locked(session: AsyncSession, ask: ReissueInput) -> LockedInvoice:
    ref = InvoiceRef(org_id=ask.org_id, invoice_id=ask.invoice_id)
    return await lock_invoice(session, ref, ask.at, actor=ask.actor, request_id=ask.request_id)


async def _made(session: AsyncSession, ask: ReissueInput) -> IssuedAgain | None:
    """Return what a request of this key has made; raises `InvalidInput` where it was about another invoice."""
    new = await session.scalar(select(InvoiceRow).where(InvoiceRow.reissue_key == ask.key))
    if new is None:
        return None
    if new.replaces_invoice_id is not None and str(new.replaces_invoice_id) != ask.invoice_id:
        message = "This key was used for another invoice; take a new one."
        raise InvalidInput(message, code="idempotency_key_reused", field="key")
    key = KeyNamespace.REISSUE.key(str(new.id))
    note_id = await session.scalar(select(CreditNoteRow.id).where(CreditNoteRow.key == key))
    return IssuedAgain(invoice_id=str(new.id), credit_note_id=str(note_id) if note_id else None)


async def _write(session: AsyncSession, locked: LockedInvoice, decided: Reissue, money: Money) -> InvoiceRow:
    """Write the new invoice with its lines, each of which stands for the line that the ledger names."""
    old = locked.invoice
    account = await session.get_one(BillingAccountRow, old.billing_account_id)
    new = invoice_row(decided.draft, locked.plan, account, old.step_key)
    new.replaces_invoice_id = old.id
    session.add(new)
    await session.flush()
    old.replaced_by_invoice_id = new.id
    old_lines = {line.id: line for line in money.lines}
    for row, line_id in zip(line_rows(decided.draft, new, {}), decided.replaced_lines, strict=True):
        session.add(row)
        if line_id is not None:
            line = old_lines[UUID(line_id)]
            row.adjusts_entry_id, row.replaces_line_id = line.adjusts_entry_id, line.replaces_line_id or line.id
    await session.flush()
    return new


async def _close(
    session: AsyncSession, locked: LockedInvoice, decided: Reissue, new: InvoiceRow, money: Money
) -> str | None:
    """Void the old invoice, or ask for the note that credits it; return the note's id."""
    if decided.voids:
        await void(locked.invoice, locked.customer, locked.recorder)
    if decided.note is None:
        return None
    key, why = KeyNamespace.REISSUE.key(str(new.id)), (CreditReason.ORDER_CHANGE, None)
    note = new_note(locked, key, decided.note, why, n=len(money.notes) + 1)
    return str((await request_note(session, locked, note, decided.note.lines)).id)


def _record(locked: LockedInvoice, new: InvoiceRow, decided: Reissue, reason: str | None) -> None:
    old = locked.invoice
    what = {"replaced_by_invoice_id": str(new.id), "total": new.total, "currency": new.currency, "reason": reason}
    locked.record("invoice.reissued", what)
    data = {"kind": new.kind, "total": new.total, "currency": new.currency, "behind": False}
    links = {"replaces_invoice_id": str(old.id)}
    named = named_in_audit(new, line_rows(decided.draft, new, {}))
    locked.recorder.audit("invoice.created", ("invoice", new.id), detail=links | {"invoices": [named]})
    locked.recorder.publish_invoice("invoice.created", new, data | links)
