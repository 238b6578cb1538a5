"""Invoices held against the digests that the audit log has of them."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.models.contracts.audit import AuditFault
from billflow.models.tables import InvoiceLineRow, InvoiceRow
from billflow.store.invoices.digests import digest_of


async def changed_invoices(session: AsyncSession, links: Sequence[Row[Any]]) -> list[AuditFault]:
    """Return a fault for each invoice that an entry of *links* names and that is not as it was made."""
    named = [(link, UUID(one["invoice_id"]), one) for link in links for one in _named(link)]
    known = await _digests(session, [invoice_id for _, invoice_id, _ in named])
    return [
        AuditFault(position=link.position, audit_id=str(link.audit_id), problem=_problem(invoice_id, known))
        for link, invoice_id, one in named
        if known.get(invoice_id, {}).get(one.get("with_tax", False)) != one["digest"]
    ]


def _named(link: Row[Any]) -> Iterator[Mapping[str, Any]]:
    if link.entry_id is not None:
        yield from (json.loads(link.content)["detail"] or {}).get("invoices", ())


def _problem(invoice_id: UUID, known: Mapping[UUID, object]) -> str:
    return f"its invoice {invoice_id} was {'changed' if invoice_id in known else 'removed'}"


async def _digests(session: AsyncSession, invoice_ids: Iterable[UUID]) -> dict[UUID, dict[bool, str]]:
    """Return the digests of invoices as they are now, by their ids and by whether Stripe's tax is in them."""
    wanted = list(invoice_ids)
    if not wanted:
        return {}
    of_invoice = InvoiceLineRow.invoice_id.in_(wanted)
    query = select(InvoiceLineRow).where(of_invoice).order_by(InvoiceLineRow.invoice_id, InvoiceLineRow.n)
    lines = groupby(await session.scalars(query), lambda line: line.invoice_id)
    by_invoice = {invoice_id: list(rows) for invoice_id, rows in lines}
    invoices = await session.scalars(select(InvoiceRow).where(InvoiceRow.id.in_(wanted)))
    return {
        invoice.id: {tax: digest_of(invoice, by_invoice.get(invoice.id, ()), with_tax=tax) for tax in (False, True)}
        for invoice in invoices
    }
