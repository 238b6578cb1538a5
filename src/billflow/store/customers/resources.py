"""What the resources of a customer have in common: they are listed, added, changed and removed in the same way."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar
from uuid import UUID, uuid4

from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.errors import Refused
from billflow.models.contracts.customer_resources import ProjectRef
from billflow.models.contracts.customer_settings import ResolvedSettings
from billflow.models.contracts.customers import ChangeContext, CustomerRef, CustomerStatus
from billflow.models.tables import CustomerRow, ProjectRow
from billflow.models.tables.base import Json
from billflow.store.audit.recorder import Recorder, recorder_of
from billflow.store.customers.changes import overwrite
from billflow.store.customers.constraints import refused_duplicates
from billflow.store.customers.settings import resolved_settings
from billflow.store.customers.transactions import load_customer, not_erased
from billflow.store.session.database import Repository
from billflow.store.session.rows import as_id, as_json, as_record, existing, row_by_id, written

Ref = TypeVar("Ref", CustomerRef, ProjectRef)
New = TypeVar("New", bound=BaseModel)
Update = TypeVar("Update", bound=BaseModel)
Record = TypeVar("Record", bound=BaseModel)


class Owner(NamedTuple):
    """Whose a resource is: a customer's, or a project's of a customer."""

    customer: CustomerRow
    project: ProjectRow | None = None

    @property
    def link(self) -> tuple[str, UUID]:
        """Return the column by which resources name their owner, and its value."""
        return ("project_id", self.project.id) if self.project else ("customer_id", self.customer.id)


class ResourceRepository(Repository, ABC, Generic[Ref, New, Update, Record]):
    """One kind of resource; every method is one transaction, and a change is made under the customer's lock.

    Unknown ids raise `NotFound`; `Refused` is raised for what a rule forbids, and where what must be unique is not.
    """

    table: ClassVar[Any]
    record: ClassVar[Any]
    noun: ClassVar[str]
    order: ClassVar[tuple[Any, ...]]
    audited: ClassVar[tuple[str, ...]]
    """The columns that the audit log has of a resource that was created or deleted."""

    async def list(self, ref: Ref) -> tuple[Record, ...]:
        """Return all of them, in the order of their kind."""
        async with self.database.unit_of_work(ref.org_id) as session:
            name, key = (await load_owner(session, ref)).link
            rows = await session.scalars(select(self.table).filter_by(**{name: key}).order_by(*self.order))
            return tuple(map(self._record, rows))

    async def get(self, ref: Ref, resource_id: str) -> Record:
        """Return one."""
        async with self.database.unit_of_work(ref.org_id) as session:
            return self._record(await self._load(session, await load_owner(session, ref), resource_id))

    async def create(self, ref: Ref, new: New, change: ChangeContext, *, resource_id: UUID | None = None) -> Record:
        """Add one, under an id of the caller's if it names one."""
        async with self._change(ref, change) as (owner, recorder):
            values = dict([owner.link]) | await self._values(recorder.session, owner.customer, new)
            row = self.table(id=resource_id or uuid4(), org_id=owner.customer.org_id, **values)
            recorder.session.add(row)
            self._note(recorder, "created", owner, row, after=self._audited(row))
            return self._record(await written(recorder.session, row))

    async def update(self, ref: Ref, resource_id: str, update: Update, change: ChangeContext) -> Record:
        """Change the fields that *update* sets; settings are merged."""
        async with self._change(ref, change) as (owner, recorder):
            row = await self._load(recorder.session, owner, resource_id)
            await self._before_update(recorder.session, owner.customer, row, update)
            before, after = overwrite(row, update)
            if after:
                self._note(recorder, "updated", owner, row, before=before, after=after)
            return self._record(await written(recorder.session, row))

    async def delete(self, ref: Ref, resource_id: str, change: ChangeContext) -> None:
        """Remove one."""
        async with self._change(ref, change) as (owner, recorder):
            row = await self._load(recorder.session, owner, resource_id)
            await self._check_deletable(recorder.session, row)
            self._note(recorder, "deleted", owner, row, before=self._audited(row), after={})
            await recorder.session.delete(row)

    @abstractmethod
    async def _values(self, session: AsyncSession, customer: CustomerRow, new: New) -> dict[str, Any]:
        """Return the columns of a new row, after making room for it."""

    async def _before_update(self, session: AsyncSession, customer: CustomerRow, row: Any, update: Update) -> None:
        """Make room for a change; raises `Refused` or `NotFound`."""

    async def _check_deletable(self, session: AsyncSession, row: Any) -> None:
        """Raise `Refused` for a row that has to stay."""

    def _check_owner(self, owner: Owner) -> None:
        """Raise `Refused` where nothing may be changed at all."""

    @asynccontextmanager
    async def _change(self, ref: Ref, change: ChangeContext) -> AsyncIterator[tuple[Owner, Recorder]]:
        with refused_duplicates():
            async with self.database.unit_of_work(ref.org_id) as session:
                owner: Owner = await load_owner(session, ref, lock=True)
                not_erased(owner.customer)
                self._check_owner(owner)
                yield owner, recorder_of(session, owner.customer.org_id, change)

    async def _load(self, session: AsyncSession, owner: Owner, resource_id: str) -> Any:
        label = self.noun.replace("_", " ")
        found = await session.get(self.table, as_id(resource_id, label))
        column, key = owner.link
        mine = found if getattr(found, column, None) == key else None
        return existing(mine, label, resource_id, f" of that {column.removesuffix('_id')}")

    def _note(self, recorder: Recorder, verb: str, owner: Owner, row: Any, **states: Json) -> None:
        action, customer_id = f"{self.noun}.{verb}", owner.customer.id
        recorder.audit(action, (self.noun, row.id), detail={"customer_id": str(customer_id)}, **states)
        recorder.publish(action, {f"{self.noun}_id": str(row.id)}, customer_id=customer_id)

    def _audited(self, row: Any) -> Json:
        return as_json({name: getattr(row, name) for name in self.audited})

    def _record(self, row: Any) -> Record:
        kind: type[Record] = self.record
        return as_record(kind, row)


class ProjectResourceRepository(ResourceRepository[Ref, New, Update, Record]):
    """Projects and what is in them: with settings of their own, and read-only while the customer is suspended."""

    async def resolved_settings(self, ref: Ref, resource_id: str) -> ResolvedSettings:
        """Return the settings that hold in one, and where each comes from."""
        async with self.database.unit_of_work(ref.org_id) as session:
            owner: Owner = await load_owner(session, ref)
            row = await self._load(session, owner, resource_id)
            holders = (owner.customer, owner.project, row)
            return resolved_settings(*(holder for holder in holders if holder is not None))

    def _check_owner(self, owner: Owner) -> None:
        if owner.customer.status is not CustomerStatus.ACTIVE:
            raise Refused(
                f"The customer is {owner.customer.status} and its projects are read-only; activate it first.",
                code="customer_not_active",
            )


async def load_owner(session: AsyncSession, ref: CustomerRef | ProjectRef, *, lock: bool = False) -> Owner:
    """Return whose resources *ref* names, the customer locked with *lock*; raises `NotFound`."""
    if isinstance(ref, CustomerRef):
        return Owner(await load_customer(session, ref.customer_id, lock=lock))
    project = await row_by_id(session, ProjectRow, ref.project_id, "project")
    return Owner(await load_customer(session, str(project.customer_id), lock=lock), project)
