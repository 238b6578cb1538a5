"""Entries of the audit log that speak for an invoice, each with the way from its link to a signed root."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.errors import Refused
from billflow.domain.merkle import path_of
from billflow.models.contracts.proofs import ProvenEntry
from billflow.models.tables import AuditChain, AuditLog, AuditRootRow, InvoiceRow
from billflow.store.audit.queries import links_after
from billflow.store.audit.roots import links_between, root_record

PRICES = ("price_per_license", "fixed_price")


async def proven_entries(session: AsyncSession, invoice: InvoiceRow, ledger: set[int]) -> list[ProvenEntry]:
    """Return the entry that names *invoice*, and those of its plan that set a price or wrote an entry of *ledger*.

    Raises `Refused` where there is none, or one isn't signed yet.
    """
    of_plan = (AuditLog.subject_type == "plan") & (AuditLog.subject_id == str(invoice.plan_id))
    of_invoice = (AuditLog.subject_type == "invoice") & (AuditLog.subject_id == str(invoice.id))
    query = select(AuditChain.position, AuditLog.detail, AuditLog.after)
    query = query.join(AuditLog, AuditLog.id == AuditChain.audit_id).order_by(AuditChain.position)
    found = (await session.execute(query.where(or_(of_plan, of_invoice)))).all()
    naming = [position for position, detail, _ in found if str(invoice.id) in set(_named(detail))]
    if not naming:
        message = "The audit log doesn't name the invoice: it was made before 0.3, or its entry is in the archive."
        raise Refused(message, code="not_provable")
    others = (position for position, detail, after in found if _is_about(detail, after, ledger))
    return await _proven(session, sorted({naming[0], *others}))


def _named(detail: Mapping[str, Any] | None) -> Iterator[str]:
    yield from (one["invoice_id"] for one in (detail or {}).get("invoices", ()))


def _is_about(detail: Mapping[str, Any] | None, after: Mapping[str, Any] | None, ledger: set[int]) -> bool:
    written = {entry["seq"] for entry in (detail or {}).get("ledger", ())}
    return bool(written & ledger) or any((after or {}).get(name) is not None for name in PRICES)


async def _proven(session: AsyncSession, positions: Sequence[int]) -> list[ProvenEntry]:
    roots = await _roots(session, positions)
    trees = {row.last_position: await links_between(session, row.first_position, row.last_position) for row in roots}
    proven = []
    for position in positions:
        root = next(row for row in roots if row.first_position <= position <= row.last_position)
        (link,) = await links_after(session, position - 1, 1)
        path = path_of(trees[root.last_position], position - root.first_position)
        said = {"position": position, "prev_hash": link.prev_hash.hex(), "content": link.content}
        said |= {"path": [one.hex() for one in path], "root": root_record(root)}
        proven.append(ProvenEntry.model_validate(said))
    return proven


async def _roots(session: AsyncSession, positions: Iterable[int]) -> list[AuditRootRow]:
    """Load the roots over *positions*, each once."""
    roots: list[AuditRootRow] = []
    newest = select(AuditRootRow).order_by(AuditRootRow.last_position).limit(1)
    for position in positions:
        if roots and position <= roots[-1].last_position:
            continue
        root = await session.scalar(newest.where(AuditRootRow.last_position >= position))
        if root is None:
            message = (
                "The audit log of that day isn't signed yet; that is done each night, or by `billflow audit sign`."
            )
            raise Refused(message, code="not_signed_yet")
        roots.append(root)
    return roots
