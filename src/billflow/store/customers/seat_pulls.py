"""Who is to be counted, and what came of it; a count is one observation of its deployment and moment."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import SecretStr
from sqlalchemy import Text, cast, exists, func, select, update
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.errors import Refused
from billflow.models.contracts.seat_sources import (
    CountedBatch,
    CountedDeployment,
    CountedSeats,
    DeploymentSeats,
    SeatBatch,
    SeatBatches,
    SeatCounts,
    SeatPullInput,
    SeatSource,
    SeatSourceKind,
    member_hash,
)
from billflow.models.tables import (
    CustomerPlan,
    CustomerRow,
    Realm,
    RemoteRealm,
    RemoteServer,
    SeatMemberRow,
    SeatPullRow,
    SeatRow,
    SeatSourceRow,
    TestClock,
)
from billflow.ports.seats import BadSeatCounts, SeatSourceRepository
from billflow.store.audit.recorder import Recorder
from billflow.store.customers.seat_schedule import customers_to_count
from billflow.store.customers.transactions import LIVE, load_customer
from billflow.store.session.database import Repository
from billflow.store.session.monitoring import org_ids
from billflow.store.session.rows import as_id, row_by_id

MOST_AT_ONCE = 50
ATTEMPTS = 5
"""How often a source that is away is asked in one run of the schedule."""

MISSING = "seats_missing"

_DEPLOYMENT = func.coalesce(CustomerRow.realm_id, CustomerRow.remote_realm_id, CustomerRow.remote_server_id)
_NAME = func.coalesce(Realm.string_id, cast(RemoteRealm.uuid, Text), cast(RemoteServer.uuid, Text))


class PostgresSeatPullRepository(Repository, SeatSourceRepository):
    """Counts of seats; what is written of one moment is written once."""

    async def organizations_that_pull(self) -> tuple[str, ...]:
        source = SeatSourceRow
        pulled = source.kind != SeatSourceKind.PUSH, source.removed_at.is_(None)
        return await org_ids(self.database, select(source.org_id).where(*pulled).distinct())

    async def due(self, request: SeatPullInput) -> SeatBatches:
        async with self.database.unit_of_work(request.org_id) as session:
            if request.customer_id:
                await load_customer(session, request.customer_id)
            found = (await session.execute(customers_to_count(request))).all()
            if request.customer_id and not found:
                raise Refused(
                    "The customer's seats are pushed; set a source to pull them from by `billflow seats source set`.",
                    code="no_seat_source",
                )
        batches = []
        for source_id in dict.fromkeys(source_id for _, source_id in found):
            mine = [str(customer_id) for customer_id, its_source in found if its_source == source_id]
            batches += [
                SeatBatch(
                    org_id=request.org_id,
                    seat_source_id=str(source_id),
                    customer_ids=ids,
                    at=request.moment,
                    apply=request.apply,
                    attempts=1 if request.by_hand else ATTEMPTS,
                )
                for ids in (tuple(mine[n : n + MOST_AT_ONCE]) for n in range(0, len(mine), MOST_AT_ONCE))
            ]
        return SeatBatches(batches=tuple(batches))

    async def source(self, org_id: str, seat_source_id: str) -> SeatSource:
        async with self.database.unit_of_work(org_id) as session:
            row = await row_by_id(session, SeatSourceRow, seat_source_id, "seat source")
            if row.removed_at is not None:
                raise BadSeatCounts("The seat source was removed meanwhile; nothing was counted.")
            secret = SecretStr(row.secret) if row.secret else None
            return SeatSource(kind=row.kind, target=row.target, query=row.query, secret=secret)

    async def deployments(self, batch: SeatBatch) -> Mapping[str, CountedDeployment]:
        query = (
            select(CustomerRow.id, _DEPLOYMENT, _NAME)
            .outerjoin(Realm, Realm.id == CustomerRow.realm_id)
            .outerjoin(RemoteRealm, RemoteRealm.id == CustomerRow.remote_realm_id)
            .outerjoin(RemoteServer, RemoteServer.id == CustomerRow.remote_server_id)
            .where(CustomerRow.id.in_(_uuids(batch)), CustomerRow.deleted_at.is_(None))
        )
        async with self.database.unit_of_work(batch.org_id) as session:
            return {
                str(customer_id): CountedDeployment(deployment_id=str(deployment_id), name=name)
                for customer_id, deployment_id, name in await session.execute(query)
            }

    async def record_counts(self, batch: SeatBatch, found: SeatCounts) -> CountedBatch:
        deployments = await self.deployments(batch)
        counts = {count.deployment_id: count for count in found.counts}
        async with self.database.unit_of_work(batch.org_id) as session:
            clocks, pushed = await _clocks(session, batch), await _pushed(session, batch)
            told = []
            for customer_id, deployment in deployments.items():
                count, at = counts.get(deployment.deployment_id), clocks.get(customer_id)
                moment = at or min(batch.at, found.modified_at or batch.at)
                shown = CountedSeats(
                    customer_id=customer_id, deployment_id=deployment.deployment_id, **pushed.get(customer_id, {})
                )
                if count is None:
                    message = f"The seat source has no count of the deployment {deployment.name!r}; let it answer one."
                    told.append(shown.model_copy(update={"code": MISSING, "message": message}))
                    continue
                is_new = await _write(session, batch, customer_id, count, moment) if batch.apply else False
                values = {"observed_at": moment, "members": count.members, "guests": count.guests, "is_new": is_new}
                told.append(shown.model_copy(update=values))
            await _note(session, batch, told)
            counted = [one.customer_id for one in told if one.code is None and batch.apply]
            waiting = await _waiting(session, counted)
            return CountedBatch(counts=tuple(told), waiting_plan_ids=waiting)

    async def record_failure(self, batch: SeatBatch, code: str, message: str) -> CountedBatch:
        deployments = await self.deployments(batch)
        async with self.database.unit_of_work(batch.org_id) as session:
            pushed = await _pushed(session, batch)
            told = [
                CountedSeats(
                    customer_id=customer_id,
                    deployment_id=deployment.deployment_id,
                    code=code,
                    message=message,
                    **pushed.get(customer_id, {}),
                )
                for customer_id, deployment in deployments.items()
            ]
            await _note(session, batch, told)
            return CountedBatch(counts=tuple(told))


def _uuids(batch: SeatBatch) -> list[UUID]:
    return [as_id(customer_id, "customer") for customer_id in batch.customer_ids]


async def _clocks(session: AsyncSession, batch: SeatBatch) -> dict[str, datetime]:
    """Return where the test clocks of the customers' plans stand: what is counted then is counted by them."""
    query = (
        select(CustomerPlan.customer_id, TestClock.now_at)
        .join(TestClock, TestClock.id == CustomerPlan.test_clock_id)
        .where(CustomerPlan.customer_id.in_(_uuids(batch)), LIVE)
    )
    return {str(customer_id): now_at for customer_id, now_at in await session.execute(query)}


async def _pushed(session: AsyncSession, batch: SeatBatch) -> dict[str, dict[str, Any]]:
    """Return the newest count that each customer's product reported by itself."""
    query = (
        select(SeatRow)
        .where(SeatRow.customer_id.in_(_uuids(batch)), SeatRow.seat_source_id.is_(None))
        .order_by(SeatRow.customer_id, SeatRow.observed_at.desc())
        .ext(distinct_on(SeatRow.customer_id))
    )
    return {
        str(row.customer_id): {
            "pushed_at": row.observed_at,
            "pushed_members": row.members,
            "pushed_guests": row.guests,
        }
        for row in await session.scalars(query)
    }


async def _write(session: AsyncSession, batch: SeatBatch, owner: str, found: DeploymentSeats, at: datetime) -> bool:
    """Write a count as an observation; return whether its moment was new."""
    ids = {"org_id": as_id(batch.org_id, "organization"), "customer_id": as_id(owner, "customer")}
    values = {"observed_at": at, "members": found.members, "guests": found.guests}
    row = insert(SeatRow).values(**ids, **values, seat_source_id=as_id(batch.seat_source_id, "seat source"))
    done = await session.execute(row.on_conflict_do_nothing().returning(SeatRow.customer_id))
    is_new = done.one_or_none() is not None
    if is_new and found.people is not None:
        await _write_members(session, ids, found, at)
    return is_new


async def _write_members(session: AsyncSession, ids: Mapping[str, UUID], found: DeploymentSeats, at: datetime) -> None:
    """Note who came and who went since the people were named before."""
    mine = SeatMemberRow.customer_id == ids["customer_id"], SeatMemberRow.until.is_(None)
    now = {(member_hash(found.deployment_id, one.id), one.kind == "guest") for one in found.people or ()}
    there = {(row.member_hash, row.is_guest) for row in await session.scalars(select(SeatMemberRow).where(*mine))}
    gone = [name for name, _ in there - now]
    if gone:
        left = update(SeatMemberRow).where(*mine, SeatMemberRow.member_hash.in_(gone), SeatMemberRow.since < at)
        await session.execute(left.values(until=at))
    came: Sequence[dict[str, Any]] = [
        {**ids, "member_hash": name, "is_guest": is_guest, "since": at} for name, is_guest in sorted(now - there)
    ]
    if came:
        await session.execute(insert(SeatMemberRow).on_conflict_do_nothing(), came)


async def _note(session: AsyncSession, batch: SeatBatch, counts: Sequence[CountedSeats]) -> None:
    """Note how the newest count of each customer went, and publish that a source fails where none of it did before."""
    if not batch.apply or not counts:
        return
    org_id, source_id = as_id(batch.org_id, "organization"), as_id(batch.seat_source_id, "seat source")
    failing = exists(
        select(SeatPullRow.code).where(SeatPullRow.seat_source_id == source_id, SeatPullRow.code.is_not(None))
    )
    failed_before = bool(await session.scalar(select(failing)))
    for one in counts:
        await session.execute(_noted(one, batch, org_id, source_id))
    worst = next((one for one in counts if one.code is not None), None)
    if worst is not None and not failed_before:
        data = {"seat_source_id": str(source_id), "code": worst.code, "message": worst.message}
        Recorder(session, org_id, batch.at).publish("seat_source.failing", data)


def _noted(one: CountedSeats, batch: SeatBatch, org_id: UUID, source_id: UUID) -> Any:
    values: dict[str, Any] = {"seat_source_id": source_id, "pulled_at": batch.at}
    if one.code is None:
        values |= {"counted_at": one.observed_at, "members": one.members, "guests": one.guests}
        values |= {"failing_since": None, "code": None, "message": None}
        changed = values
    else:
        values |= {"failing_since": batch.at, "code": one.code, "message": one.message}
        since = func.coalesce(SeatPullRow.failing_since, batch.at)
        changed = {**values, "failing_since": since}
    row = insert(SeatPullRow).values(org_id=org_id, customer_id=as_id(one.customer_id, "customer"), **values)
    return row.on_conflict_do_update(index_elements=[SeatPullRow.customer_id], set_=changed)


async def _waiting(session: AsyncSession, customer_ids: Sequence[str]) -> tuple[str, ...]:
    """Return the plans on hold of these customers."""
    mine = CustomerPlan.customer_id.in_([as_id(one, "customer") for one in customer_ids])
    query = select(CustomerPlan.id).where(mine, LIVE, CustomerPlan.attention_code.is_not(None))
    return tuple(map(str, await session.scalars(query)))
