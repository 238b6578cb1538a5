"""Roots of the audit log: each day's links under one Merkle root, signed, so that whoever has it holds us to it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.merkle import root_of
from billflow.models.contracts.audit import AuditFault, AuditRoot, AuditVerdict, SigningKeyRecord
from billflow.models.contracts.records import Page, Paging
from billflow.models.signatures import SigningKeys, checked, is_signed
from billflow.models.tables import AuditArchiveRow, AuditChain, AuditRootRow
from billflow.store.audit.queries import PostgresAuditQueries
from billflow.store.audit.recorder import Recorder
from billflow.store.session.database import Repository, advisory_lock
from billflow.store.session.paging import page
from billflow.store.session.rows import as_id

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class AuditRoots(Repository):
    """The signed roots of an organization's audit log, one of each UTC day on which something was recorded."""

    signing_keys: SigningKeys | None

    async def sign(
        self, org_id: str, before: datetime | None = None, went_on: Callable[[], object] = lambda: None
    ) -> list[AuditRoot]:
        """Sign what was recorded *before* a moment and isn't signed yet, the days that are over unless one is given.

        Each root is a transaction of its own, with its event `audit.root_signed`. Without a key nothing is signed.
        """
        signed: list[AuditRoot] = []
        while self.signing_keys and (root := await self._sign_next(org_id, self.signing_keys, before or _today())):
            signed.append(root)
            went_on()
        return signed

    async def sign_by_request(self, org_id: str, before: datetime | None = None) -> list[AuditRoot]:
        """Do the same, but raise `Refused` where there is no key."""
        checked(self.signing_keys)
        return await self.sign(org_id, before)

    async def all(self, org_id: str) -> list[AuditRoot]:
        """Return all roots, the oldest first."""
        async with self.database.unit_of_work(org_id) as session:
            return [root_record(row) for row in await session.scalars(_ROOTS)]

    async def search(self, org_id: str, paging: Paging) -> Page[AuditRoot]:
        """Return one page of the roots, the newest first."""
        async with self.database.unit_of_work(org_id) as session:
            newest_first = (AuditRootRow.last_position,)
            return await page(session, select(AuditRootRow), newest_first, paging, lambda row: root_record(row[0]))

    def public_keys(self) -> tuple[SigningKeyRecord, ...]:
        """Return the public keys, the current one first; none where nothing is signed."""
        keys = {} if self.signing_keys is None else self.signing_keys.public_keys()
        return tuple(SigningKeyRecord(key_id=key_id, public_key=key) for key_id, key in keys.items())

    async def verify(self, org_id: str, published: Sequence[AuditRoot] | None = None) -> AuditVerdict:
        """Compute every hash of the log again, and hold it against the roots *published*, or our own."""
        verdict = await PostgresAuditQueries(self.database).verify(org_id)
        faults = await self.faults(org_id, published)
        return verdict.model_copy(update={"faults": (*verdict.faults, *faults)})

    async def faults(self, org_id: str, published: Iterable[AuditRoot] | None = None) -> list[AuditFault]:
        """Return a fault for each root that the audit log no longer has: of those *published*, or of our own.

        What is archived isn't looked at.
        """
        async with self.database.unit_of_work(org_id) as session:
            archived = await session.scalar(select(func.max(AuditArchiveRow.position))) or 0
            roots = [root_record(row) for row in await session.scalars(_ROOTS)] if published is None else published
            found = [(root, await _problem(session, org_id, root)) for root in roots if root.first_position > archived]
        return [
            AuditFault(position=root.last_position, audit_id="-", problem=f"{problem}, of {root.day}")
            for root, problem in found
            if problem
        ]

    async def _sign_next(self, org_id: str, keys: SigningKeys, before: datetime) -> AuditRoot | None:
        async with self.database.unit_of_work(org_id) as session:
            await advisory_lock(session, f"{org_id} audit roots")
            signed = await session.scalar(select(func.max(AuditRootRow.last_position))) or 0
            first = await session.scalar(_CHAIN.where(AuditChain.position > signed).limit(1))
            if first is None or first.created_at >= before:
                return None
            day = first.created_at.astimezone(UTC).date()
            bound = min(before, datetime.combine(day, time(), UTC) + _DAY)
            newer = select(AuditChain.position).order_by(AuditChain.position).limit(1)
            since = AuditChain.position > signed, AuditChain.created_at >= bound
            end = await session.scalar(newer.where(*since))
            hashes = await links_between(session, first.position, end - 1 if end else None)
            said = {"org_id": org_id, "day": day, "first_position": first.position, "key_id": keys.current.key_id}
            said |= {"last_position": first.position + len(hashes) - 1, "root": root_of(hashes).hex()}
            root = AuditRoot.model_validate(said)
            proof = {"public_key": keys.public_keys()[root.key_id], "signature": keys.sign(root.statement())}
            root = root.model_copy(update=proof)
            _write(session, root)
            return root


_ROOTS = select(AuditRootRow).order_by(AuditRootRow.last_position)
_CHAIN = select(AuditChain).order_by(AuditChain.position)


async def links_between(session: AsyncSession, first: int, last: int | None) -> Sequence[bytes]:
    """Return the hashes of the links from one position to another, or to the newest, both included."""
    query = select(AuditChain.hash).where(AuditChain.position >= first).order_by(AuditChain.position)
    return (await session.scalars(query if last is None else query.where(AuditChain.position <= last))).all()


def root_record(row: AuditRootRow) -> AuditRoot:
    """Return a root as whoever checks it needs it."""
    names = [name for name in AuditRoot.model_fields if name not in ("org_id", "root")]
    said = {name: getattr(row, name) for name in names}
    return AuditRoot.model_validate(said | {"org_id": str(row.org_id), "root": row.root.hex()})


def _write(session: AsyncSession, root: AuditRoot) -> None:
    org_id, said = as_id(root.org_id, "organization"), root.model_dump(exclude={"org_id", "root"})
    session.add(AuditRootRow(org_id=org_id, root=bytes.fromhex(root.root), **said))
    event = root.model_dump(mode="json", exclude={"org_id"})
    Recorder(session, org_id, datetime.now(UTC)).publish("audit.root_signed", event)


async def _problem(session: AsyncSession, org_id: str, root: AuditRoot) -> str | None:
    if root.org_id != org_id:
        return "the root is of another organization"
    if not is_signed(root.statement(), root.signature, root.public_key):
        return "the root is not signed by its key"
    links = await links_between(session, root.first_position, root.last_position)
    same = len(links) == root.last_position - root.first_position + 1 and root_of(links).hex() == root.root
    return None if same else "the log has not the root that was signed"


def _today() -> datetime:
    return datetime.combine(datetime.now(UTC).date(), time(), UTC)
