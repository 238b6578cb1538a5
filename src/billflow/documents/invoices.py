"""Documents from the records: read, written in the customer's language, drawn in a thread."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from billflow.documents.adjustment_document import compose_adjustment
from billflow.documents.document import InvoiceDocument, Links, compose
from billflow.documents.html import render_html
from billflow.documents.statement_document import compose_statement
from billflow.domain.errors import NotFound
from billflow.models.contracts.adjustments import AdjustmentRef, CreditNoteRecord, RefundRecord
from billflow.models.contracts.customers import Buyer, CustomerRecord, CustomerRef
from billflow.models.contracts.documents import Seller
from billflow.models.contracts.records import InvoiceDetail
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
        """Return the invoice as a PDF file."""
        invoice, document = await self._document(org_id, invoice_id)
        # Drawing takes a while, and the event loop has heartbeats and requests to serve.
        return await asyncio.to_thread(_drawn, document, invoice.issued_at)

    async def html(self, org_id: str, invoice_id: str) -> str:
        """Return the invoice as HTML for an e-mail."""
        _, document = await self._document(org_id, invoice_id)
        return render_html(document)

    async def name(self, org_id: str, invoice_id: str) -> str:
        """Return what a file with the invoice is called: its number, or its id without one."""
        invoice = await self.invoice(org_id, invoice_id)
        return (invoice.number or invoice.invoice_id).replace("/", "-")

    async def adjustment_pdf(self, ref: AdjustmentRef) -> tuple[str, bytes]:
        """Return the number of a credit note or refund, and its PDF file; raises `Refused` before it is a document."""
        made = await self.adjustment(ref)
        invoice = await self.invoice(ref.org_id, made.invoice_id)
        document = compose_adjustment(made, invoice, *await self._parties(invoice))
        return made.number or "", await asyncio.to_thread(_drawn, document, made.at)

    async def statement_pdf(
        self, customer: CustomerRef, since: datetime | None, until: datetime | None, now: datetime
    ) -> bytes:
        """Return a customer's statement of account as a PDF file; raises `InvalidInput`."""
        stated = await self.statement(customer, since, until, now)
        buyer = Buyer.of(await self.customer(customer.org_id, customer.customer_id))
        document = compose_statement(stated, buyer, await self.seller(customer.org_id, None, is_issued=False))
        return await asyncio.to_thread(_drawn, document, stated.at)

    async def _document(self, org_id: str, invoice_id: str) -> tuple[InvoiceDetail, InvoiceDocument]:
        invoice = await self.invoice(org_id, invoice_id)
        links = Links(
            replaces=await self._number(org_id, invoice.replaces_invoice_id),
            replaced_by=await self._number(org_id, invoice.replaced_by_invoice_id),
        )
        return invoice, compose(invoice, *await self._parties(invoice), links)

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


def _drawn(document: InvoiceDocument, made_at: datetime) -> bytes:
    """Return a document as PDF; what draws it takes a fifth of all that a process imports, and most draw none."""
    from billflow.documents.pdf import render_pdf

    return render_pdf(document, made_at)
