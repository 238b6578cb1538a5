"""What a customer's invoices charge line by line, and what credit notes took off each line."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.account_facts import InvoicedLine
from billflow.domain.calendar import Period
from billflow.domain.invoicing.draft import LineKind
from billflow.models.tables import CreditNoteLineRow, CustomerRow, InvoiceLineRow, InvoiceRow


@dataclass(frozen=True)
class CustomerLines:
    """The lines besides tax by invoice, and what was taken off them by credit note and line."""

    charged: Mapping[UUID, tuple[InvoicedLine, ...]] = field(default_factory=dict)
    credited: Mapping[UUID, Mapping[str, int]] = field(default_factory=dict)


NO_LINES = CustomerLines()


async def invoiced_lines(session: AsyncSession, customer: CustomerRow) -> CustomerLines:
    """Load the lines of a customer's invoices."""
    query = (
        select(InvoiceLineRow, InvoiceRow.tax_inclusive)
        .join(InvoiceRow, InvoiceRow.id == InvoiceLineRow.invoice_id)
        .where(InvoiceRow.customer_id == customer.id, InvoiceLineRow.kind != LineKind.TAX)
        .order_by(InvoiceLineRow.invoice_id, InvoiceLineRow.n)
    )
    charged: defaultdict[UUID, tuple[InvoicedLine, ...]] = defaultdict(tuple)
    for row, inclusive in await session.execute(query):
        charged[row.invoice_id] += (_charged(row, row.tax if inclusive else 0),)
    return CustomerLines(charged, await _credited(session, customer))


def _charged(row: InvoiceLineRow, contained_tax: int) -> InvoicedLine:
    period = Period(row.period_start, row.period_end)
    return InvoicedLine(line_id=str(row.id), kind=row.kind, net=row.amount - contained_tax, period=period)


async def _credited(session: AsyncSession, customer: CustomerRow) -> dict[UUID, dict[str, int]]:
    query = (
        select(CreditNoteLineRow.credit_note_id, CreditNoteLineRow.invoice_line_id, CreditNoteLineRow.amount)
        .join(InvoiceLineRow, InvoiceLineRow.id == CreditNoteLineRow.invoice_line_id)
        .join(InvoiceRow, InvoiceRow.id == InvoiceLineRow.invoice_id)
        .where(InvoiceRow.customer_id == customer.id, InvoiceLineRow.kind != LineKind.TAX)
        .order_by(CreditNoteLineRow.credit_note_id, InvoiceLineRow.n)
    )
    credited: defaultdict[UUID, dict[str, int]] = defaultdict(dict)
    for note_id, line_id, amount in await session.execute(query):
        credited[note_id][str(line_id)] = amount
    return dict(credited)
