"""What an invoice is issued with, and keeps: who sells, who buys, and its number where billflow gives it (rules 36)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Table, and_, bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.models.contracts.customers import Buyer
from billflow.models.contracts.invoices import UNPAID
from billflow.models.contracts.seller import InvoiceSeries, SellerDocument
from billflow.models.tables import BillingAccountRow, CustomerRow, InvoiceRow
from billflow.models.tables.sealed import bound
from billflow.store.access.seller_records import NEWEST_SELLER, seller_of
from billflow.store.invoices.series import next_in_series, number_of, of_series, taken_for
from billflow.store.session.rows import as_json, existing
from billflow.store.session.sent_directly import fetch, one_of

_PARTIES = (
    select(CustomerRow, BillingAccountRow.invoice_email, NEWEST_SELLER)
    .join(BillingAccountRow, and_(BillingAccountRow.customer_id == CustomerRow.id, BillingAccountRow.is_default))
    .where(CustomerRow.id == bindparam("customer_id"), CustomerRow.deleted_at.is_(None))
)


@dataclass(frozen=True)
class Parties:
    """Who buys, and who sells: a version, and what it says; None as long as nothing was applied."""

    buyer: Buyer
    version_id: UUID | None
    seller: SellerDocument | None

    def series(self, number: str | None, issued_at: datetime) -> InvoiceSeries | None:
        """Return the series that an invoice is to have a number of; None where it has one, or Stripe gives it."""
        if number is not None or self.seller is None or self.seller.numbering is None:
            return None
        return self.seller.numbering.series(issued_at)


async def keep_parties(session: AsyncSession, invoice: InvoiceRow) -> None:
    """Keep who sells and who buys with an invoice that is to be issued, once, and give it its number.

    The number is the last thing that is taken: whoever issues the next invoice waits for it until the end.
    """
    if invoice.buyer is not None:
        return
    found = (await session.execute(_PARTIES, {"customer_id": invoice.customer_id})).one_or_none()
    customer, invoice_email, version_id = existing(found, "customer", str(invoice.customer_id))
    parties = Parties(Buyer.paying(customer, invoice_email), version_id, await seller_of(session, version_id))
    if series := parties.series(invoice.number, invoice.issued_at):
        invoice.sequence = await next_in_series(session, invoice.org_id, series)
        invoice.number = series.number(invoice.sequence)
    invoice.buyer, invoice.seller_version_id = as_json(parties.buyer), version_id


# Of the table: an update of the mapped class is put together anew each time.
_INVOICE = cast("Table", InvoiceRow.__table__)
_MINE = _INVOICE.c.id == bindparam("of_invoice")
_UNSENT = (_MINE, one_of(_INVOICE.c.status, UNPAID), _INVOICE.c.sent_first_at.is_(None))
_RETURNED = ("sent_first_at", "sequence", "number")
_SENT = update(_INVOICE).values(sent_first_at=func.now()).returning(*(_INVOICE.c[name] for name in _RETURNED))
_AGAIN = _SENT.where(*_UNSENT)
_WITH_PARTIES = _SENT.values(buyer=bindparam("of_buyer"), seller_version_id=bindparam("of_version"))
_WITHOUT_NUMBER = _WITH_PARTIES.where(*_UNSENT)
# One statement locks the invoice, takes its number, which others wait for from then on, and writes both.
_NUMBER = taken_for(select(_INVOICE.c.org_id).where(*_UNSENT).with_for_update(key_share=True).cte("unsent"))
_WITH_NUMBER = _WITH_PARTIES.values(sequence=_NUMBER.c.last, number=number_of(_NUMBER)).where(
    _MINE, _INVOICE.c.org_id == _NUMBER.c.org_id
)


async def note_sent(session: AsyncSession, invoice: Any, parties: Parties | None) -> Mapping[str, Any] | None:
    """Note that Stripe is asked for an invoice for the first time, with its *parties* and number; return what is new.

    None where somebody else did that meanwhile, or closed it.
    """
    statement, given = _AGAIN, dict[str, Any](of_invoice=invoice.id)
    if parties is not None:
        buyer = bound(as_json(parties.buyer), invoice.org_id, invoice.id)
        given |= {"of_buyer": buyer, "of_version": parties.version_id}
        statement = _WITHOUT_NUMBER
        if series := parties.series(invoice.number, invoice.issued_at):
            statement, given = _WITH_NUMBER, given | of_series(series)
    written = await fetch(session, statement, given)
    return dict(zip(_RETURNED, written[0], strict=True)) if written else None
