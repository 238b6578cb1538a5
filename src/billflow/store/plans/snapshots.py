"""The facts of all plans that run, as of one moment: several readers see what one open transaction sees."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from billflow.domain.settings import DEFAULT_SETTINGS, BillingSettings
from billflow.dry_run.facts_file import RecordedPlan
from billflow.models.contracts.dry_run import DryRunFilter
from billflow.models.contracts.steps import PlanRef
from billflow.models.tables import CustomerPlan
from billflow.store.customers.transactions import RUNS
from billflow.store.plans.facts import load, plan_rows
from billflow.store.session.database import Repository
from billflow.store.session.filters import equal


@dataclass(frozen=True, slots=True)
class ExportedSnapshot:
    """A snapshot by its name, which others can read for as long as it is open, and the plans that run in it."""

    name: str
    plan_ids: Sequence[str]


@dataclass(frozen=True)
class PostgresPlanSnapshots(Repository):
    """What a whole organization's plans are billed by; nothing here writes."""

    settings: BillingSettings = DEFAULT_SETTINGS

    @asynccontextmanager
    async def exported(self, org_id: str, wanted: DryRunFilter) -> AsyncIterator[ExportedSnapshot]:
        """Hold a snapshot open for the block, and yield it with the plans that are wanted of those that run."""
        row = CustomerPlan
        columns = {name: getattr(row, name) for name in DryRunFilter.model_fields if name != "plan_id"}
        query = select(row.id).where(RUNS, *equal(wanted, {"plan_id": row.id, **columns})).order_by(row.id)
        async with self.database.snapshot(org_id) as session:
            plan_ids = [str(plan_id) for plan_id in await session.scalars(query)]
            name = await session.scalar(select(func.pg_export_snapshot()))
            yield ExportedSnapshot(name or "", plan_ids)

    async def facts(self, org_id: str, snapshot: str, plan_ids: Sequence[str], now: datetime) -> list[RecordedPlan]:
        """Return the facts of plans as the *snapshot* has them, of each at *now* or where its test clock stands."""
        async with self.database.snapshot(org_id, snapshot) as session:
            found = []
            for plan_id in plan_ids:
                rows = await plan_rows(session, PlanRef(org_id=org_id, plan_id=plan_id), lock=False)
                at = rows.clock_at or now
                found.append(RecordedPlan(now=at, facts=(await load(session, rows, at, self.settings)).facts))
            return found
