"""Idempotent answers: what requests that write were answered, by their idempotency keys."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Executable, and_, bindparam, delete, func, or_, text, update
from sqlalchemy.dialects.postgresql import insert

from billflow.models.contracts.access import Claim, ClaimState, IdempotentResponse
from billflow.models.tables import IdempotencyKey
from billflow.models.tables.sealed import bound
from billflow.store.session.database import Database, advisory_lock
from billflow.store.session.rows import as_id

STORED_FOR = timedelta(days=30)
CLAIMED_FOR = timedelta(minutes=5)
"""How long a write may take before another of the same key takes it over, since its process must have died.

Longer than a plan's start (75 seconds) and every wait for a connection before and after it.
"""


@dataclass(frozen=True)
class PostgresIdempotencyRepository:
    """The answers to requests that write, so that the same request is answered the same again."""

    database: Database

    async def claim(self, org_id: str, claim: Claim) -> IdempotentResponse | ClaimState:
        """Claim a key for a write, or return what its first use was answered, or say why neither is possible."""
        asked = {
            "org_id": as_id(org_id, "organization"),
            "key": claim.key,
            "fingerprint": claim.fingerprint,
            "holder": as_id(claim.holder, "holder"),
        }
        async with self.database.unit_of_work(org_id, by_keys=True) as session:
            if (await session.execute(_CLAIM, asked)).one_or_none():
                return ClaimState.MINE
            row = await session.get(IdempotencyKey, (as_id(org_id, "organization"), claim.key))
        return ClaimState.RUNNING if row is None else _answer(row, claim)

    async def store(self, org_id: str, claim: Claim, answer: IdempotentResponse) -> None:
        """Store the answer to a claimed write for `STORED_FOR`; the nightly prune deletes those that are older."""
        values = {
            **_of(claim),
            "status": answer.status,
            "headers": answer.headers,
            "body": bound(answer.body, as_id(org_id, "organization"), claim.key),
            "subjects": sorted(answer.subjects),
        }
        async with self.database.unit_of_work(org_id, by_keys=True) as session:
            await session.execute(_STORE, values)

    async def release(self, org_id: str, claim: Claim) -> None:
        """Give a key back whose write did not happen."""
        async with self.database.unit_of_work(org_id, by_keys=True) as session:
            await session.execute(_RELEASE, _of(claim))

    @asynccontextmanager
    async def exclusive(self, org_id: str, name: str) -> AsyncIterator[None]:
        """Wait until nobody else, in any process, is inside under the same name."""
        async with self.database.unit_of_work(org_id) as session:
            await advisory_lock(session, f"{org_id} {name}")
            yield


_TABLE: Any = IdempotencyKey.__table__
_KEYS = _TABLE.c
_MINE = and_(_KEYS.key == bindparam("claimed"), _KEYS.holder == bindparam("claimed_by"))
_STORE = (
    update(_TABLE)
    .where(_MINE)
    .values({name: bindparam(name, type_=_KEYS[name].type) for name in ("status", "headers", "body", "subjects")})
)
_RELEASE = delete(_TABLE).where(_MINE)


def _claiming() -> Executable:
    """Return what writes a claim unless another stands; it gives back a row where it did."""
    until = {"held_until": func.now() + CLAIMED_FOR, "expires_at": func.now() + STORED_FOR}
    given = {name: bindparam(name, type_=_KEYS[name].type) for name in ("org_id", "key", "fingerprint", "holder")}
    claim = insert(_TABLE).values({**given, **until})
    abandoned = and_(
        _KEYS.status.is_(None), _KEYS.held_until < func.now(), _KEYS.fingerprint == claim.excluded.fingerprint
    )
    anew = {name: claim.excluded[name] for name in ("fingerprint", "holder", *until)}
    return claim.on_conflict_do_update(
        index_elements=["org_id", "key"],
        set_={**anew, "status": None, "headers": None, "body": None, "subjects": None},
        where=or_(_KEYS.expires_at < func.now(), abandoned),
    ).returning(text("1"))


_CLAIM = _claiming()


def _of(claim: Claim) -> dict[str, object]:
    return {"claimed": claim.key, "claimed_by": as_id(claim.holder, "holder")}


def _answer(row: IdempotencyKey, claim: Claim) -> IdempotentResponse | ClaimState:
    if row.fingerprint != claim.fingerprint:
        return ClaimState.OTHER_WRITE
    if row.status is None:
        return ClaimState.RUNNING
    headers: dict[str, str] = row.headers or {}
    return IdempotentResponse(status=row.status, headers=headers, body=row.body or b"")
