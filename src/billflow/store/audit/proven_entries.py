"""Entries of the audit log that speak for an invoice, each with the way from its link to a signed root."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.errors import Refused
from billflow.domain.merkle import path_of
from billflow.models.contracts.proofs import ProvenEntry
from billflow.models.tables import AuditChain, AuditLog, AuditRootRow, CustomerPlan, InvoiceRow
from billflow.store.audit.queries import links_after
from billflow.store.audit.roots import links_between, root_record

PRICES = ("price_per_license", "fixed_price")
CREDIT = "tier_change_credit"
"""What a step's entry calls the credit of a change of tier."""


@dataclass(frozen=True)
class NamedInvoice:
    """How the audit log names an invoice: with which others of its step, and in whose place it was issued, if any."""

    position: int
    recorded_at: datetime
    together: tuple[UUID, ...]
    replaces: UUID | None


async def named(session: AsyncSession, invoice: InvoiceRow) -> NamedInvoice:
    """Return how the audit log names an invoice as it was made; raises `Refused` where it doesn't."""
    for position, recorded_at, detail, _ in await _about(session, {invoice.plan_id}, {invoice.id}):
        ids = [UUID(one["invoice_id"]) for one in _of(detail, "invoices") if not one.get("with_tax")]
        if invoice.id in ids:
            replaces = (detail or {}).get("replaces_invoice_id")
            return NamedInvoice(position, recorded_at, tuple(ids), UUID(replaces) if replaces else None)
    message = "The audit log doesn't name the invoice: it was made before 0.3, or its entry is in the archive."
    raise Refused(message, code="not_provable")


async def proven_entries(
    session: AsyncSession, invoices: Mapping[UUID, NamedInvoice], plans: set[UUID], ledger: set[int]
) -> list[ProvenEntry]:
    """Return the entries that name *invoices*, and those of *plans* that set a price or wrote an entry of *ledger*.

    With them comes that of a plan before, which credited the rest of its cycle in the same transaction. Raises
    `Refused` where one isn't signed yet.
    """
    found = await _about(session, plans, set(invoices))
    positions = {one.position for one in invoices.values()}
    positions |= {position for position, _, detail, after in found if _is_about(detail, after, ledger)}
    positions |= {position for position, _, detail, _ in found if _names_tax(detail, invoices)}
    before = select(CustomerPlan.predecessor_id).where(
        CustomerPlan.id.in_(plans), CustomerPlan.predecessor_id.is_not(None)
    )
    moments = {one.recorded_at for one in invoices.values()}
    of_former = await _about(session, {one for one in await session.scalars(before) if one}, set())
    positions |= {at for at, recorded_at, detail, _ in of_former if recorded_at in moments and CREDIT in (detail or {})}
    return await _proven(session, sorted(positions))


_Entry = Row[int, datetime, dict[str, Any] | None, dict[str, Any] | None]
_ENTRIES = (
    select(AuditChain.position, AuditLog.created_at, AuditLog.detail, AuditLog.after)
    .join(AuditLog, AuditLog.id == AuditChain.audit_id)
    .order_by(AuditChain.position)
)


async def _about(session: AsyncSession, plans: set[UUID], invoices: set[UUID]) -> Sequence[_Entry]:
    of_plan = (AuditLog.subject_type == "plan") & AuditLog.subject_id.in_([str(one) for one in plans])
    of_invoice = (AuditLog.subject_type == "invoice") & AuditLog.subject_id.in_([str(one) for one in invoices])
    return (await session.execute(_ENTRIES.where(or_(of_plan, of_invoice)))).all()


def _of(detail: Mapping[str, Any] | None, name: str) -> Iterable[Mapping[str, Any]]:
    found: Iterable[Mapping[str, Any]] = (detail or {}).get(name, ())
    return found


def _names_tax(detail: Mapping[str, Any] | None, invoices: Mapping[UUID, NamedInvoice]) -> bool:
    return any(one.get("with_tax") and UUID(one["invoice_id"]) in invoices for one in _of(detail, "invoices"))


def _is_about(detail: Mapping[str, Any] | None, after: Mapping[str, Any] | None, ledger: set[int]) -> bool:
    written = {entry["seq"] for entry in _of(detail, "ledger")}
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
            raise Refused(
                "The log of that day isn't signed yet; that is done each night, or by `billflow audit sign --now`.",
                code="not_signed_yet",
            )
        roots.append(root)
    return roots
