"""Applying a catalogue, and what was applied so far."""

from sqlalchemy import Select, and_, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.catalog import Catalog
from billflow.domain.catalog_check import TierUse, check_add_ons_kept, check_kept
from billflow.domain.cycle import SWITCHES
from billflow.domain.errors import NotFound
from billflow.domain.invoicing.draft import InvoiceKind
from billflow.domain.plan import PlanStatus
from billflow.models.contracts.catalog import CATALOG_FILE, CatalogDocument, CatalogVersion
from billflow.models.contracts.customers import ChangeContext
from billflow.models.contracts.invoices import UNPAID
from billflow.models.tables import CatalogVersionRow, CustomerPlan, InvoiceRow
from billflow.store.audit.recorder import recorder_of
from billflow.store.plans.add_ons import add_on_uses
from billflow.store.plans.catalog_records import current_catalog
from billflow.store.session.database import Repository, advisory_lock
from billflow.store.session.rows import as_id, from_row

_NEWEST_FIRST: Select[CatalogVersionRow] = select(CatalogVersionRow).order_by(CatalogVersionRow.version.desc())


class PostgresCatalogRepository(Repository):
    """The catalogues of organizations; every method is one transaction."""

    async def current(self, org_id: str) -> Catalog:
        """Return what the organization sells now; without a tier, as long as it has applied nothing."""
        async with self.database.unit_of_work(org_id) as session:
            return await current_catalog(session)

    async def apply(self, org_id: str, document: CatalogDocument, change: ChangeContext) -> CatalogVersion:
        """Sell from *document* from now on; where it says what the newest version says, that one stays the newest.

        Raises `InvalidInput` for what can't be sold, and `Refused` for what plans need that run.
        """
        catalog, content = document.checked(), document.content()
        async with self.database.unit_of_work(org_id) as session:
            await advisory_lock(session, f"catalog {org_id}")
            newest = (await session.scalars(_NEWEST_FIRST.limit(1))).one_or_none()
            if newest and newest.content == content:
                return _record(newest)
            await _check_kept(session, catalog)
            owner, version = as_id(org_id, "organization"), newest.version + 1 if newest else 1
            row = CatalogVersionRow(org_id=owner, version=version, content=content, **_why(change))
            session.add(row)
            detail = {"version": version} | ({"reason": change.reason} if change.reason else {})
            recorder_of(session, owner, change).audit("catalog.applied", ("org", owner), detail=detail)
            return _record(row)

    async def check(self, org_id: str, document: CatalogDocument) -> Catalog:
        """Return what would be sold by *document*; raises what `apply` would raise."""
        catalog = document.checked()
        async with self.database.unit_of_work(org_id) as session:
            await _check_kept(session, catalog)
        return catalog

    async def versions(self, org_id: str) -> tuple[CatalogVersion, ...]:
        """Return every version that was applied, the newest first."""
        async with self.database.unit_of_work(org_id) as session:
            return tuple(map(_record, await session.scalars(_NEWEST_FIRST)))

    async def version(self, org_id: str, version: int | None = None) -> tuple[CatalogVersion, CatalogDocument]:
        """Return one version, the newest unless named; raises `NotFound` for one that was never applied."""
        query = _NEWEST_FIRST.limit(1)
        if version is not None:
            query = query.where(CatalogVersionRow.version == version)
        async with self.database.unit_of_work(org_id) as session:
            row = (await session.scalars(query)).one_or_none()
        if row is not None:
            return _record(row), CATALOG_FILE.parse(row.content)
        if version is not None:
            raise NotFound(f"There is no version {version} of the catalogue.", field="version")
        return CatalogVersion(version=0), CatalogDocument(tier={})


def _why(change: ChangeContext) -> dict[str, object]:
    return {"actor": change.actor, "reason": change.reason, "at": change.at}


def _record(row: CatalogVersionRow) -> CatalogVersion:
    return from_row(CatalogVersion, row, applied_at=row.at, applied_by=row.actor)


async def _check_kept(session: AsyncSession, new: Catalog) -> None:
    check_kept(await current_catalog(session), new, await _uses(session))
    check_add_ons_kept(new, await add_on_uses(session))


async def _uses(session: AsyncSession) -> list[TierUse]:
    """Return which tiers plans have, or get back where the invoice of an ended trial is paid after all."""
    paid_late = exists().where(
        InvoiceRow.plan_id == CustomerPlan.id,
        InvoiceRow.kind == InvoiceKind.TRIAL_PURCHASE,
        InvoiceRow.status.in_(UNPAID),
    )
    needed = or_(CustomerPlan.status != PlanStatus.ENDED, and_(CustomerPlan.status == PlanStatus.ENDED, paid_late))
    query = (
        select(CustomerPlan.tier, CustomerPlan.currency, func.count(), func.array_agg(CustomerPlan.status.distinct()))
        .where(needed)
        .group_by(CustomerPlan.tier, CustomerPlan.currency)
        .order_by(CustomerPlan.tier, CustomerPlan.currency)
    )
    return [
        TierUse(
            tier,
            currency,
            frozenset(SWITCHES[status] for status in map(PlanStatus, statuses) if status in SWITCHES),
            plans,
        )
        for tier, currency, plans, statuses in await session.execute(query)
    ]
