"""The archive of the audit log: the oldest entries go into files, then out of the database, and the chain goes on."""

import asyncio
import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select, text

from billflow.errors import CommandFailed
from billflow.models.contracts.audit import AuditFault, AuditVerdict
from billflow.models.tables import AuditArchiveRow, AuditChain, AuditLog
from billflow.store.audit.queries import Chain, chain_of, links_after
from billflow.store.session.database import Repository, advisory_lock
from billflow.store.session.rows import as_id

ENTRIES_PER_FILE = 10_000

_REMOVE = text("SELECT billflow_archive_audit(:last, :digest)")


@dataclass(frozen=True)
class ArchivedLink:
    """One line of a file: a link of the chain with its entry as text, whose hash is the link's."""

    position: int
    audit_id: UUID
    prev_hash: bytes
    hash: bytes
    content: str

    @property
    def entry_id(self) -> UUID:
        """Return the entry, which is here."""
        return self.audit_id


class AuditArchive(Repository):
    """Files with an organization's oldest entries; every method is safe to repeat."""

    async def archive(self, org_id: str, before: datetime, folder: Path) -> int:
        """Move the entries recorded before a moment into files in *folder*, and return how many they were.

        A file is on the disk before anything is removed. The newest entry stays. Raises `CommandFailed` where the chain
        does not hold: what was tampered with is not moved out of sight.
        """
        moved = 0
        while count := await self._archive_some(org_id, before, folder):
            moved += count
        return moved

    async def overdue(self, org_id: str, before: datetime) -> int:
        """Count the entries recorded before a moment, besides the newest."""
        newest = select(AuditChain.audit_id).order_by(AuditChain.position.desc()).limit(1).scalar_subquery()
        query = select(func.count(AuditLog.id)).where(AuditLog.created_at < before, AuditLog.id != newest)
        async with self.database.unit_of_work(org_id) as session:
            return await session.scalar(query) or 0

    async def verify(self, org_id: str, file: Path) -> AuditVerdict:
        """Compute every hash of a file again, and hold its end and bytes against what the database remembers."""
        data = await asyncio.to_thread(file.read_bytes)
        links = _read(data)
        async with self.database.unit_of_work(org_id) as session:
            known = {row.position: row for row in await session.scalars(select(AuditArchiveRow))}
        before = known.get(links[0].position - 1)
        chain = Chain(as_id(org_id, "organization"))
        if before is not None:
            chain.begin_after(before.position, before.hash)
        for link in links:
            chain.follow(link)
        end = known.get(chain.seen)
        if end is None or (end.hash, end.digest) != (chain.head, hashlib.sha256(data).digest()):
            problem = "the file is not the one that was written"
            chain.faults.append(AuditFault(position=chain.seen, audit_id=str(links[-1].audit_id), problem=problem))
        return chain.verdict()

    async def _archive_some(self, org_id: str, before: datetime, folder: Path) -> int:
        async with self.database.unit_of_work(org_id) as session:
            await advisory_lock(session, f"{org_id} audit archive")
            chain = await chain_of(session, org_id)
            links = await links_after(session, chain.seen, ENTRIES_PER_FILE)
            first_kept = select(func.min(AuditChain.position)).join(AuditLog, AuditLog.id == AuditChain.audit_id)
            newest = await session.scalar(select(func.max(AuditChain.position))) or 0
            kept = await session.scalar(first_kept.where(AuditLog.created_at >= before)) or newest
            old = [link for link in links if link.position < min(kept, newest)]
            if not old:
                return 0
            for link in old:
                chain.follow(link)
            if chain.faults:
                message = "The audit log is not as it was written, so nothing was archived; see billflow audit verify."
                raise CommandFailed(message, code="audit_broken")
            digest = await asyncio.to_thread(_write, folder, org_id, old)
            await session.execute(_REMOVE, {"last": chain.seen, "digest": digest})
            return len(old)


def _write(folder: Path, org_id: str, links: Sequence[Row[Any]]) -> bytes:
    """Write a file that only its owner reads, all of it or nothing, and return its SHA-256."""
    data = b"".join(_lines(links))
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = folder / f"audit-{org_id}-{links[0].position:012d}-{links[-1].position:012d}.jsonl"
    part = file.with_suffix(".part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as written:
        written.write(data)
        written.flush()
        os.fsync(written.fileno())
    part.rename(file)
    directory = os.open(folder, os.O_RDONLY)
    os.fsync(directory)
    os.close(directory)
    return hashlib.sha256(data).digest()


def _lines(links: Sequence[Row[Any]]) -> Iterator[bytes]:
    for link in links:
        line = {
            "position": link.position,
            "audit_id": str(link.audit_id),
            "prev_hash": link.prev_hash.hex(),
            "hash": link.hash.hex(),
            "content": link.content,
        }
        yield json.dumps(line, ensure_ascii=False).encode() + b"\n"


def _read(data: bytes) -> list[ArchivedLink]:
    try:
        found = [json.loads(line) for line in data.splitlines()]
        links = [
            ArchivedLink(
                position=int(line["position"]),
                audit_id=UUID(line["audit_id"]),
                prev_hash=bytes.fromhex(line["prev_hash"]),
                hash=bytes.fromhex(line["hash"]),
                content=str(line["content"]),
            )
            for line in found
        ]
    except (KeyError, TypeError, ValueError):
        links = []
    if not links:
        message = "The file is no archive of the audit log; name one that billflow prune wrote."
        raise CommandFailed(message, code="audit_broken")
    return links
