"""Reading the audit log, and telling whether anybody changed it."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.models.contracts.audit import AuditFault, AuditFilter, AuditRecord, AuditVerdict
from billflow.models.contracts.records import Page, Paging
from billflow.models.tables import AuditArchiveRow, AuditLog
from billflow.store.access.actor_names import actor_names
from billflow.store.audit.invoice_digests import changed_invoices
from billflow.store.audit.personal_data import PersonalDataReader, customer_of, personal_data_of
from billflow.store.session.database import Repository
from billflow.store.session.filters import Conditions, equal
from billflow.store.session.paging import page
from billflow.store.session.rows import as_id, as_record

_AT_ONCE = 1000
_MOST_FAULTS = 100

# The same as billflow_chain_entry, written again here: a database that was tampered with does not vouch for itself.
_LINKS = text(
    "SELECT c.position, c.audit_id, c.prev_hash, c.hash, jsonb_build_object("
    "'id', a.id, 'org_id', a.org_id, 'sequence', a.sequence, 'actor', a.actor,"
    " 'request_id', a.request_id, 'action', a.action, 'subject_type', a.subject_type,"
    " 'subject_id', a.subject_id, 'at', (extract(epoch FROM a.at) * 1000000)::bigint,"
    " 'detail', a.detail, 'before', a.before, 'after', a.after,"
    " 'created_at', (extract(epoch FROM a.created_at) * 1000000)::bigint)::text AS content, a.id AS entry_id"
    " FROM audit_chain c LEFT JOIN audit_log a ON a.id = c.audit_id"
    " WHERE c.position > :after ORDER BY c.position LIMIT :limit"
)
_UNCHAINED = text(
    "SELECT a.id FROM audit_log a WHERE NOT EXISTS (SELECT FROM audit_chain c WHERE c.audit_id = a.id)"
    " ORDER BY a.sequence LIMIT :limit"
)


class PostgresAuditQueries(Repository):
    """The audit log of an organization; nothing here writes."""

    async def list(self, org_id: str, wanted: AuditFilter, paging: Paging) -> Page[AuditRecord]:
        """Return one page of the entries, the newest first."""
        query = select(AuditLog).where(*_conditions(wanted))
        async with self.database.unit_of_work(org_id) as session:
            found = await page(session, query, (AuditLog.sequence,), paging, lambda row: row[0])
            reader = await personal_data_of(session, map(customer_of, found.rows))
            names = await actor_names(session, (row.actor for row in found.rows))
            rows = tuple(_record(row, reader, names[row.actor]) for row in found.rows)
            return Page(rows=rows, total=found.total, next=found.next)

    async def verify(self, org_id: str) -> AuditVerdict:
        """Compute every hash again and say where the chain breaks; some thousand entries at a time.

        It begins where the archive ends. Invoices that an entry names are held against their digests too.
        """
        async with self.database.unit_of_work(org_id) as session:
            chain = await chain_of(session, org_id)
            while links := await links_after(session, chain.seen, _AT_ONCE):
                for link in links:
                    chain.follow(link)
                chain.faults += await changed_invoices(session, links)
            found = await session.scalars(_UNCHAINED, {"limit": _MOST_FAULTS})
            problem = "the entry is not in the chain"
            chain.faults += [AuditFault(position=None, audit_id=str(key), problem=problem) for key in found]
        return chain.verdict()


async def chain_of(session: AsyncSession, org_id: str) -> "Chain":
    """Return the chain of an organization, at the end of what was archived."""
    chain = Chain(as_id(org_id, "organization"))
    archived = select(AuditArchiveRow).order_by(AuditArchiveRow.position.desc()).limit(1)
    if (end := await session.scalar(archived)) is not None:
        chain.begin_after(end.position, end.hash)
    return chain


async def links_after(session: AsyncSession, position: int, limit: int) -> Sequence[Row[Any]]:
    """Return the next links of the chain, each with its entry as text."""
    return (await session.execute(_LINKS, {"after": position, "limit": limit})).all()


@dataclass
class Chain:
    """How far the chain was followed; it begins with the hash of the organization's id."""

    org_id: UUID
    seen: int = 0
    entries: int = 0
    head: bytes = b""
    faults: list[AuditFault] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.head = hashlib.sha256(str(self.org_id).encode()).digest()

    def begin_after(self, position: int, head: bytes) -> None:
        """Go on after a link that is in a file."""
        self.seen, self.head = position, head

    def verdict(self) -> AuditVerdict:
        """Return what was found so far."""
        head = self.head.hex() if self.entries else None
        return AuditVerdict(entries=self.entries, head=head, faults=tuple(self.faults[:_MOST_FAULTS]))

    def follow(self, link: Any) -> None:
        """Follow the chain by one link."""
        for problem in self._problems(link):
            self.faults.append(AuditFault(position=link.position, audit_id=str(link.audit_id), problem=problem))
        self.seen, self.head = link.position, link.hash
        self.entries += 1

    def _problems(self, link: Any) -> Iterator[str]:
        if link.position != self.seen + 1:
            yield "links before it are missing"
        if link.prev_hash != self.head:
            yield "it does not follow from the link before it"
        if link.entry_id is None:
            yield "the entry was removed"
        elif hashlib.sha256(link.prev_hash + link.content.encode()).digest() != link.hash:
            yield "the entry was changed"


def _conditions(wanted: AuditFilter) -> Conditions:
    conditions = equal(
        wanted, {name: getattr(AuditLog, name) for name in ("actor", "action", "subject_type", "subject_id")}
    )
    if wanted.since is not None:
        conditions.append(AuditLog.created_at >= wanted.since)
    return conditions


def _record(row: AuditLog, reader: PersonalDataReader, actor_name: str) -> AuditRecord:
    opened = {name: reader.open(customer_of(row), getattr(row, name)) for name in ("detail", "before", "after")}
    return as_record(AuditRecord, row, recorded_at=row.created_at, actor_name=actor_name, **opened)
