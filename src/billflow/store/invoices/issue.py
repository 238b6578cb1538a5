"""What an invoice is issued with, and keeps: who sells, who buys, and its number where billflow gives it (rules 36)."""

from sqlalchemy import and_, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.models.contracts.customers import Buyer
from billflow.models.tables import BillingAccountRow, CustomerRow, InvoiceRow
from billflow.store.access.seller_records import NEWEST_SELLER, seller_of
from billflow.store.invoices.series import next_in_series
from billflow.store.session.rows import as_json, existing

_PARTIES = (
    select(CustomerRow, BillingAccountRow.invoice_email, NEWEST_SELLER)
    .join(BillingAccountRow, and_(BillingAccountRow.customer_id == CustomerRow.id, BillingAccountRow.is_default))
    .where(CustomerRow.id == bindparam("customer_id"), CustomerRow.deleted_at.is_(None))
)


async def keep_parties(session: AsyncSession, invoice: InvoiceRow) -> None:
    """Keep who sells and who buys with an invoice that is to be issued, once, and give it its number.

    The number is the last thing that is taken: whoever issues the next invoice waits for it until the end.
    """
    if invoice.buyer is not None:
        return
    found = (await session.execute(_PARTIES, {"customer_id": invoice.customer_id})).one_or_none()
    customer, invoice_email, version_id = existing(found, "customer", str(invoice.customer_id))
    seller = await seller_of(session, version_id)
    if seller and seller.numbering and invoice.number is None:
        series = seller.numbering.series(invoice.issued_at)
        invoice.sequence = await next_in_series(session, invoice.org_id, series)
        invoice.number = series.number(invoice.sequence)
    invoice.buyer, invoice.seller_version_id = as_json(Buyer.paying(customer, invoice_email)), version_id
