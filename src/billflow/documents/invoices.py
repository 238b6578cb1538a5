"""Documents from the records: read, written in the customer's language, drawn in a thread."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import cast

from billflow.documents.adjustment_document import check_numbered, compose_adjustment
from billflow.documents.document import NO_LINKS, InvoiceDocument, Links, compose
from billflow.documents.html import render_html
from billflow.documents.statement_document import compose_statement
from billflow.domain.errors import NotFound, Refused
from billflow.models.contracts.adjustments import AdjustmentRef, CreditNoteRecord, RefundRecord
from billflow.models.contracts.customers import Buyer, CustomerRecord, CustomerRef
from billflow.models.contracts.documents import Seller
from billflow.models.contracts.records import InvoiceDetail
from billflow.models.contracts.seller import SellerDocument
from billflow.models.contracts.statements import StatementRecord


@dataclass(frozen=True)
class InvoiceDocuments:
    """Invoices as PDF and as HTML; credit notes, refunds and statements as PDF. Unknown ids raise `NotFound`."""

    invoice: Callable[[str, str], Awaitable[InvoiceDetail]]
    customer: Callable[[str, str], Awaitable[CustomerRecord]]
    seller: Callable[..., Awaitable[Seller]]
    adjustment: Callable[[AdjustmentRef], Awaitable[CreditNoteRecord | RefundRecord]]
    statement: Callable[[CustomerRef, datetime | None, datetime | None, datetime], Awaitable[StatementRecord]]

    async def pdf(self, org_id: str, invoice_id: str) -> bytes:
        """Return the invoice as a PDF file, with its e-invoice in it where there is one."""
        found = await self._found(org_id, invoice_id)
        # Drawing takes a while, and the event loop has heartbeats and requests to serve.
        return await asyncio.to_thread(_drawn_invoice, found)

    async def pdf_by(self, org_id: str, invoice_id: str, seller: Seller) -> bytes:
        """Return the invoice as a PDF file as another *seller* would issue it; no e-invoice is in it."""
        found = replace(await self._found(org_id, invoice_id), seller=seller)
        return await asyncio.to_thread(lambda: _drawn(found.document, found.invoice.issued_at))

    async def html(self, org_id: str, invoice_id: str) -> str:
        """Return the invoice as HTML for an e-mail."""
        return render_html((await self._found(org_id, invoice_id)).document)

    async def e_invoice(self, org_id: str, invoice_id: str) -> bytes:
        """Return the invoice as XML by EN 16931; raises `Refused` where there is none (rules 36.3)."""
        return await asyncio.to_thread(_e_invoice, await self._found(org_id, invoice_id))

    async def name(self, org_id: str, invoice_id: str) -> str:
        """Return what a file with the invoice is called: its number, or its id without one."""
        invoice = await self.invoice(org_id, invoice_id)
        return (invoice.number or invoice.invoice_id).replace("/", "-")

    async def adjustment_pdf(self, ref: AdjustmentRef) -> tuple[str, bytes]:
        """Return the number of a credit note or refund, and its PDF file; raises `Refused` before it is a document."""
        made, found = await self._adjusted(ref)
        return made.number or "", await asyncio.to_thread(_drawn_adjustment, made, found)

    async def credit_note_e_invoice(self, ref: AdjustmentRef) -> tuple[str, bytes]:
        """Return the number of a credit note, and the note as XML by EN 16931; raises `Refused` where there is none."""
        made, found = await self._adjusted(ref)
        check_numbered(made)
        return made.number or "", await asyncio.to_thread(_credit_note_e_invoice, cast("CreditNoteRecord", made), found)

    async def statement_pdf(
        self, customer: CustomerRef, since: datetime | None, until: datetime | None, now: datetime
    ) -> bytes:
        """Return a customer's statement of account as a PDF file; raises `InvalidInput`."""
        stated = await self.statement(customer, since, until, now)
        buyer = Buyer.of(await self.customer(customer.org_id, customer.customer_id))
        document = compose_statement(stated, buyer, await self.seller(customer.org_id, None, is_issued=False))
        return await asyncio.to_thread(_drawn, document, stated.at)

    async def _found(self, org_id: str, invoice_id: str) -> "_Found":
        invoice = await self.invoice(org_id, invoice_id)
        links = Links(
            replaces=await self._number(org_id, invoice.replaces_invoice_id),
            replaced_by=await self._number(org_id, invoice.replaced_by_invoice_id),
        )
        return _Found(invoice, *await self._parties(invoice), links)

    async def _adjusted(self, ref: AdjustmentRef) -> "tuple[CreditNoteRecord | RefundRecord, _Found]":
        made = await self.adjustment(ref)
        invoice = await self.invoice(ref.org_id, made.invoice_id)
        return made, _Found(invoice, *await self._parties(invoice), NO_LINKS)

    async def _parties(self, invoice: InvoiceDetail) -> tuple[Buyer | None, Seller]:
        """Return who bought and who sold, as the invoice was issued; as they are now before that."""
        buyer = invoice.buyer or await self._customer(invoice.org_id, invoice.customer_id)
        is_issued = invoice.stripe_invoice_id is not None
        return buyer, await self.seller(invoice.org_id, invoice.seller_version_id, is_issued=is_issued)

    async def _number(self, org_id: str, invoice_id: str | None) -> str | None:
        """Return the number of another invoice, its id where it has none."""
        if invoice_id is None:
            return None
        return (await self.invoice(org_id, invoice_id)).number or invoice_id

    async def _customer(self, org_id: str, customer_id: str) -> Buyer | None:
        """Return the customer as it is now, None where it was deleted; its invoices stay."""
        try:
            return Buyer.of(await self.customer(org_id, customer_id))
        except NotFound:
            return None


@dataclass(frozen=True, slots=True)
class _Found:
    """An invoice with what its document says beside it."""

    invoice: InvoiceDetail
    buyer: Buyer | None
    seller: Seller
    links: Links

    @property
    def document(self) -> InvoiceDocument:
        """Return the invoice as it is printed."""
        return compose(self.invoice, self.buyer, self.seller, self.links)

    @property
    def e_invoice_parties(self) -> tuple[Buyer, SellerDocument]:
        """Return who buys and who sells by the e-invoice; raises `Refused` where there is none."""
        if self.invoice.e_invoice and self.buyer and self.seller.details:
            return self.buyer, self.seller.details
        why = "the seller had not switched it on when the invoice was issued"
        if self.invoice.stripe_invoice_id is None:
            why = "the invoice is not issued yet"
        raise Refused(self.invoice.e_invoice_missing or f"There is no e-invoice: {why}.", code="no_e_invoice")


# What writes documents takes a fifth of all that a process imports, and most write none.


def _drawn(document: InvoiceDocument, made_at: datetime, e_invoice: bytes | None = None) -> bytes:
    from billflow.documents.pdf import render_pdf

    return render_pdf(document, made_at, e_invoice)


def _drawn_invoice(found: _Found) -> bytes:
    return _drawn(found.document, found.invoice.issued_at, _e_invoice(found) if found.invoice.e_invoice else None)


def _drawn_adjustment(made: CreditNoteRecord | RefundRecord, found: _Found) -> bytes:
    document = compose_adjustment(made, found.invoice, found.buyer, found.seller)
    if isinstance(made, CreditNoteRecord) and found.invoice.e_invoice:
        return _drawn(document, made.at, _credit_note_e_invoice(made, found))
    return _drawn(document, made.at)


def _e_invoice(found: _Found) -> bytes:
    from billflow.documents.e_invoice import e_invoice

    return e_invoice(found.invoice, found.e_invoice_parties, found.links.replaces)


def _credit_note_e_invoice(note: CreditNoteRecord, found: _Found) -> bytes:
    from billflow.documents.e_invoice import credit_note_e_invoice

    return credit_note_e_invoice(note, found.invoice, found.e_invoice_parties)
