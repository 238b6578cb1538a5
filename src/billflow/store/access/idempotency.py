"""What writes were answered, by their idempotency keys."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, Text, and_, bindparam, delete, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert

from billflow.models.contracts.access import Claim, ClaimState, IdempotentAnswer
from billflow.models.tables import IdempotencyKey
from billflow.store.session.database import Database, as_id

KEPT_FOR = timedelta(days=30)
HELD_FOR = timedelta(minutes=5)
"""How long a write may take before another of the same key takes it over, since its process must have died.

Longer than a plan's start (75 seconds) and every wait for a connection before and after it.
"""

_SWEPT_AT_ONCE = 100
_LOCK = select(func.pg_advisory_xact_lock(func.hashtextextended(bindparam("name", type_=Text), 0)))


@dataclass(frozen=True)
class PostgresIdempotency:
    """`ports_access.Idempotency` on PostgreSQL."""

    database: Database

    async def claim(self, org_id: str, claim: Claim) -> IdempotentAnswer | ClaimState:
        """Take a key for a write, or return what its first use was answered, or say why neither is possible."""
        values = {
            "fingerprint": claim.fingerprint,
            "holder": as_id(claim.holder, "holder"),
            "held_until": func.now() + HELD_FOR,
            "expires_at": func.now() + KEPT_FOR,
        }
        row = insert(IdempotencyKey).values(org_id=as_id(org_id, "organization"), key=claim.key, **values)
        left = and_(
            IdempotencyKey.status.is_(None),
            IdempotencyKey.held_until < func.now(),
            IdempotencyKey.fingerprint == claim.fingerprint,
        )
        taken = row.on_conflict_do_update(
            index_elements=["org_id", "key"],
            set_={**values, "status": None, "headers": None, "body": None},
            where=or_(IdempotencyKey.expires_at < func.now(), left),
        ).returning(text("1"))
        async with self.database.unit_of_work(org_id) as session:
            if (await session.execute(taken)).one_or_none():
                return ClaimState.MINE
            held = await session.get(IdempotencyKey, (as_id(org_id, "organization"), claim.key))
        return ClaimState.RUNNING if held is None else _answer(held, claim)

    async def keep(self, org_id: str, claim: Claim, answer: IdempotentAnswer) -> None:
        """Keep the answer to a claimed write for `KEPT_FOR`, and forget some that are older."""
        values = {"status": answer.status, "headers": answer.headers, "body": answer.body}
        async with self.database.unit_of_work(org_id) as session:
            await session.execute(update(IdempotencyKey).where(_of(claim)).values(values))
            old = select(IdempotencyKey.key).where(IdempotencyKey.expires_at < func.now()).limit(_SWEPT_AT_ONCE)
            unlocked = old.with_for_update(skip_locked=True)
            await session.execute(delete(IdempotencyKey).where(IdempotencyKey.key.in_(unlocked)))

    async def release(self, org_id: str, claim: Claim) -> None:
        """Give a key back whose write did not happen."""
        async with self.database.unit_of_work(org_id) as session:
            await session.execute(delete(IdempotencyKey).where(_of(claim)))

    @asynccontextmanager
    async def alone(self, org_id: str, name: str) -> AsyncIterator[None]:
        """Let nobody else in who asks for the same name, until it is left."""
        async with self.database.unit_of_work(org_id) as session:
            await session.execute(_LOCK, {"name": f"{org_id} {name}"})
            yield


def _of(claim: Claim) -> ColumnElement[bool]:
    return and_(IdempotencyKey.key == claim.key, IdempotencyKey.holder == as_id(claim.holder, "holder"))


def _answer(held: IdempotencyKey, claim: Claim) -> IdempotentAnswer | ClaimState:
    if held.fingerprint != claim.fingerprint:
        return ClaimState.OTHER_WRITE
    if held.status is None:
        return ClaimState.RUNNING
    headers: dict[str, str] = held.headers or {}
    return IdempotentAnswer(status=held.status, headers=headers, body=held.body or b"")
