"""A customer's projects; they inherit its settings, and bill to one of its accounts."""

from dataclasses import dataclass
from uuid import UUID, uuid4

from sqlalchemy import exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.errors import Refused
from billflow.domain.inheritance import Level, merged
from billflow.models.contracts.customer_resources import NewProject, ProjectChange, ProjectRecord
from billflow.models.contracts.customer_settings import ResolvedSettings
from billflow.models.contracts.customers import ChangeContext, CustomerRef
from billflow.models.tables import BillingAccountRow, CustomerRow, ProjectRow
from billflow.store.customers.base import CustomerStore, check_writable, note, overwrite, part_of
from billflow.store.customers.creation import slug_of
from billflow.store.customers.settings import level_of, resolved_settings


@dataclass(frozen=True)
class Projects(CustomerStore):
    """Projects of a customer; while it is suspended they are read-only."""

    async def projects(self, ref: CustomerRef) -> tuple[ProjectRecord, ...]:
        """Return all projects, the oldest first."""
        async with self._reading(ref) as (customer, session):
            query = select(ProjectRow).where(ProjectRow.customer_id == customer.id)
            return tuple(
                map(project_record, await session.scalars(query.order_by(ProjectRow.created_at, ProjectRow.id)))
            )

    async def project(self, ref: CustomerRef, project_id: str) -> ProjectRecord:
        """Return one project; raises `NotFound`."""
        async with self._reading(ref) as (customer, session):
            return project_record(await part_of(session, customer, ProjectRow, project_id, "project"))

    async def project_settings(self, ref: CustomerRef, project_id: str) -> ResolvedSettings:
        """Return the settings that hold in a project, and where each comes from; raises `NotFound`."""
        async with self._reading(ref) as (customer, session):
            row = await part_of(session, customer, ProjectRow, project_id, "project")
            return resolved_settings([level_of(customer), project_level(row)])

    async def add_project(
        self, ref: CustomerRef, new: NewProject, change: ChangeContext, *, project_id: UUID | None = None
    ) -> ProjectRecord:
        """Add a project, under an id of the caller's if it names one.

        Raises `Refused` where there are as many as the settings allow, or the slug is taken.
        """
        async with self._changing(ref, change) as (customer, recorder):
            check_writable(customer)
            await _check_limit(recorder.session, customer)
            row = ProjectRow(
                id=project_id or uuid4(),
                org_id=customer.org_id,
                customer_id=customer.id,
                billing_account_id=await _account_id(recorder.session, customer, new.billing_account_id),
                name=new.name,
                slug=new.slug or await _free_slug(recorder.session, customer, new.name),
                settings=merged({}, new.settings.given()),
            )
            recorder.session.add(row)
            note(recorder, "project.created", customer.id, row, {"name": row.name, "slug": row.slug})
            return await _written(recorder.session, row)

    async def change_project(
        self, ref: CustomerRef, project_id: str, asked: ProjectChange, change: ChangeContext
    ) -> ProjectRecord:
        """Change what *asked* names, settings merged; raises `NotFound` or `Refused`."""
        async with self._changing(ref, change) as (customer, recorder):
            check_writable(customer)
            row = await part_of(recorder.session, customer, ProjectRow, project_id, "project")
            if "billing_account_id" in asked.model_fields_set:
                await _account_id(recorder.session, customer, asked.billing_account_id)
            before, after = overwrite(row, asked)
            if after:
                note(recorder, "project.updated", customer.id, row, before, after)
            return await _written(recorder.session, row)

    async def remove_project(self, ref: CustomerRef, project_id: str, change: ChangeContext) -> None:
        """Remove a project with its channels; raises `NotFound` or `Refused`."""
        async with self._changing(ref, change) as (customer, recorder):
            check_writable(customer)
            row = await part_of(recorder.session, customer, ProjectRow, project_id, "project")
            note(recorder, "project.deleted", customer.id, row, {"name": row.name, "slug": row.slug}, {})
            await recorder.session.delete(row)


def project_level(row: ProjectRow) -> Level:
    """Return a project's settings as the level that channels inherit from."""
    return Level("project", str(row.id), row.settings)


async def _check_limit(session: AsyncSession, customer: CustomerRow) -> None:
    """Raise `Refused` where the customer has as many projects as `features.max_projects` allows."""
    limit = (customer.settings.get("features") or {}).get("max_projects")
    if limit is None:
        return
    count = await session.scalar(select(func.count()).where(ProjectRow.customer_id == customer.id))
    if (count or 0) >= limit:
        raise Refused(
            f"The customer has reached features.max_projects, {limit}; raise it in its settings.",
            code="too_many_projects",
        )


async def _account_id(session: AsyncSession, customer: CustomerRow, wanted: str | None) -> UUID:
    if wanted is not None:
        return (await part_of(session, customer, BillingAccountRow, wanted, "billing account")).id
    default = select(BillingAccountRow.id).where(
        BillingAccountRow.customer_id == customer.id, BillingAccountRow.is_default
    )
    return (await session.scalars(default)).one()


async def _free_slug(session: AsyncSession, customer: CustomerRow, name: str) -> str:
    slug = slug_of(name, "project")
    taken = exists().where(ProjectRow.customer_id == customer.id, ProjectRow.slug == slug)
    return f"{slug}-{uuid4().hex[:8]}" if await session.scalar(select(taken)) else slug


async def _written(session: AsyncSession, row: ProjectRow) -> ProjectRecord:
    await session.flush()
    await session.refresh(row)
    return project_record(row)


def project_record(row: ProjectRow) -> ProjectRecord:
    """Return a project as it is shown."""
    return ProjectRecord(
        project_id=str(row.id),
        customer_id=str(row.customer_id),
        billing_account_id=str(row.billing_account_id),
        name=row.name,
        slug=row.slug,
        settings=row.settings,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
