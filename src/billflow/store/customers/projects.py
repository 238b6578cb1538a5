"""A customer's projects; they inherit its settings, and bill to one of its accounts."""

from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.errors import Refused
from billflow.domain.inheritance import merged
from billflow.models.contracts.customer_resources import ProjectCreate, ProjectRecord, ProjectUpdate
from billflow.models.contracts.customers import CustomerRef
from billflow.models.tables import BillingAccountRow, CustomerRow, ProjectRow
from billflow.ports.customers import ProjectRepository
from billflow.store.customers.billing_accounts import default_account
from billflow.store.customers.deployments import slug_of
from billflow.store.customers.resources import ProjectResourceRepository
from billflow.store.session.rows import as_id, existing


class PostgresProjectRepository(
    ProjectResourceRepository[CustomerRef, ProjectCreate, ProjectUpdate, ProjectRecord], ProjectRepository
):
    """Projects, the oldest first, as many as the settings allow; one that is removed takes its channels along."""

    table, record, noun = ProjectRow, ProjectRecord, "project"
    order = (ProjectRow.created_at, ProjectRow.id)
    audited = ("name", "slug")

    async def _values(self, session: AsyncSession, customer: CustomerRow, new: ProjectCreate) -> dict[str, Any]:
        await _check_limit(session, customer)
        return {
            "billing_account_id": await _account_id(session, customer, new.billing_account_id),
            "name": new.name,
            "slug": new.slug or await _free_slug(session, customer, new.name),
            "settings": merged({}, new.settings.given()),
        }

    async def _before_update(
        self, session: AsyncSession, customer: CustomerRow, row: ProjectRow, update: ProjectUpdate
    ) -> None:
        if "billing_account_id" in update.model_fields_set:
            await _account_id(session, customer, update.billing_account_id)


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


async def _account_id(session: AsyncSession, customer: CustomerRow, account_id: str | None) -> UUID:
    if account_id is None:
        return (await default_account(session, customer.id)).id
    found = await session.get(BillingAccountRow, as_id(account_id, "billing account"))
    mine = found if found and found.customer_id == customer.id else None
    return existing(mine, "billing account", account_id, " of that customer").id


async def _free_slug(session: AsyncSession, customer: CustomerRow, name: str) -> str:
    slug = slug_of(name, "project")
    taken = exists().where(ProjectRow.customer_id == customer.id, ProjectRow.slug == slug)
    return f"{slug}-{uuid4().hex[:8]}" if await session.scalar(select(taken)) else slug
