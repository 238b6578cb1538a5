"""The invoices that a proof is made of: the one to be proved, and those without which it can't be recomputed."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from billflow.models.tables import InvoiceLineRow, InvoiceRow, LedgerAllocation, LicenseLedger
from billflow.store.audit.proven_entries import NamedInvoice, named
from billflow.store.invoices.digests import line_facts
from billflow.store.invoices.lines import lines_of
from billflow.store.invoices.proof_facts import items_of


@dataclass(frozen=True)
class ProvenInvoices:
    """The invoices of a proof in the order in which they were made, with their lines and how the audit log names them.

    `first` is the one that a step made, in whose place the proved one was issued, or that itself. `billed` has the
    ledger entries of each line that `first` and its parts bill, by id and number; `adjusted` are the numbers of those
    that lines adjust.
    """

    invoices: Sequence[InvoiceRow]
    first: InvoiceRow
    named: dict[UUID, NamedInvoice]
    lines: dict[UUID, list[InvoiceLineRow]]
    billed: dict[UUID, list[tuple[UUID, int]]]
    adjusted: dict[UUID, int]
    items: dict[UUID, dict[str, Any]]

    def line_facts(self, invoice_id: UUID) -> list[dict[str, Any]]:
        """Return the lines of an invoice, each with what it bills, adjusts and stands for."""
        return [self._line(line) for line in self.lines[invoice_id]]

    def _line(self, line: InvoiceLineRow) -> dict[str, Any]:
        of_records = line.replaces_line_id or line.id
        numbers = {one.id: one.n for lines in self.lines.values() for one in lines}
        return {
            "n": line.n,
            "entries": [seq for _, seq in self.billed.get(of_records, ())],
            "item": self.items.get(of_records, {}).get("seq"),
            "adjusts": None if line.adjusts_entry_id is None else self.adjusted[line.adjusts_entry_id],
            "replaces": None if line.replaces_line_id is None else numbers.get(line.replaces_line_id),
            **line_facts(line),
        }


async def collected(session: AsyncSession, invoice: InvoiceRow) -> ProvenInvoices:
    """Load an invoice with those that it is a part with, was issued in place of, or adjusts lines of.

    Raises `Refused` where the audit log doesn't name one of them.
    """
    found = {invoice.id: await named(session, invoice)}
    invoices, first = {invoice.id: invoice}, invoice
    while (replaced := found[first.id].replaces) is not None:
        first = invoices[replaced] = await session.get_one(InvoiceRow, replaced)
        found[first.id] = await named(session, first)
    for part in found[first.id].together:
        invoices.setdefault(part, await session.get_one(InvoiceRow, part))
    lines = {one: await lines_of(session, one) for one in invoices}
    adjusts = {line.adjusts_entry_id for of in lines.values() for line in of if line.adjusts_entry_id}
    for one in await _billed_before(session, first, adjusts):
        if one.id not in invoices:
            invoices[one.id], lines[one.id] = one, await lines_of(session, one.id)
    for one in invoices.values():
        found[one.id] = found.get(one.id) or await named(session, one)
    every = [line for of in lines.values() for line in of]
    return ProvenInvoices(
        invoices=sorted(invoices.values(), key=lambda one: (one.issued_at, one.created_at)),
        first=first,
        named=found,
        lines=lines,
        billed=await _entries(session, every),
        adjusted=await _numbers(session, [line.adjusts_entry_id for line in every if line.adjusts_entry_id]),
        items=await items_of(session, every),
    )


async def _billed_before(session: AsyncSession, first: InvoiceRow, adjusted: Collection[UUID]) -> Sequence[InvoiceRow]:
    """Load the invoices that billed the additions of ledger entries, or adjusted them, as they stood before *first*."""
    if not adjusted:
        return ()
    about = LedgerAllocation.entry_id.in_(adjusted)
    billing = select(LedgerAllocation.invoice_line_id).where(about)
    again = aliased(InvoiceRow)
    stood_in = select(again.id).where(
        again.id == InvoiceRow.replaced_by_invoice_id, again.created_at < first.created_at
    )
    lines = select(InvoiceLineRow.invoice_id).where(
        or_(
            InvoiceLineRow.id.in_(billing),
            InvoiceLineRow.replaces_line_id.in_(billing),
            InvoiceLineRow.adjusts_entry_id.in_(adjusted),
        )
    )
    before = InvoiceRow.id.in_(lines), InvoiceRow.created_at < first.created_at, ~stood_in.exists()
    query = select(InvoiceRow).where(*before).order_by(InvoiceRow.issued_at, InvoiceRow.created_at)
    return (await session.scalars(query)).all()


async def _entries(session: AsyncSession, lines: Sequence[InvoiceLineRow]) -> dict[UUID, list[tuple[UUID, int]]]:
    query = (
        select(LedgerAllocation.invoice_line_id, LicenseLedger.id, LicenseLedger.seq)
        .join(LicenseLedger, LicenseLedger.id == LedgerAllocation.entry_id)
        .where(LedgerAllocation.invoice_line_id.in_([line.replaces_line_id or line.id for line in lines]))
        .order_by(LicenseLedger.seq)
    )
    billed: dict[UUID, list[tuple[UUID, int]]] = {}
    for line_id, entry_id, seq in await session.execute(query):
        if line_id is not None:
            billed.setdefault(line_id, []).append((entry_id, seq))
    return billed


async def _numbers(session: AsyncSession, entries: Sequence[UUID]) -> dict[UUID, int]:
    rows = await session.execute(select(LicenseLedger.id, LicenseLedger.seq).where(LicenseLedger.id.in_(entries)))
    return {row.id: row.seq for row in rows}
