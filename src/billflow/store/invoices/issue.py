"""What an invoice is issued with, and keeps: who sells, who buys, and its number where billflow gives it (rules 36)."""

from sqlalchemy.ext.asyncio import AsyncSession

from billflow.models.contracts.customers import Buyer
from billflow.models.tables import InvoiceRow
from billflow.store.access.seller_records import current_seller
from billflow.store.customers.records import customer_record
from billflow.store.invoices.series import next_in_series
from billflow.store.session.rows import as_json


async def keep_parties(session: AsyncSession, invoice: InvoiceRow) -> None:
    """Keep who sells and who buys with an invoice that is to be issued, once, and give it its number.

    The number is the last thing that is taken: whoever issues the next invoice waits for it until the end.
    """
    if invoice.buyer is not None:
        return
    invoice.buyer = as_json(Buyer.of(await customer_record(session, invoice.customer_id)))
    invoice.seller_version_id, seller = await current_seller(session)
    if seller is None or seller.numbering is None or invoice.number is not None:
        return
    series = seller.numbering.series(invoice.issued_at)
    invoice.sequence = await next_in_series(session, invoice.org_id, series)
    invoice.number = series.number(invoice.sequence)
