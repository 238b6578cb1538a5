"""What every part of the records works with."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.catalog import Catalog
from billflow.domain.ledger import LicenseCount
from billflow.domain.settings import DEFAULT_SETTINGS, BillingSettings
from billflow.models.contracts.plans import PlanState, StartPlanInput, StepResult
from billflow.models.contracts.steps import StepInput
from billflow.models.tables import CustomerPlan, LicenseLedger, StepRow
from billflow.store.plans.facts import PlanRows
from billflow.store.plans.snapshots import plan_state
from billflow.store.session.database import Database


@dataclass(frozen=True)
class PlanStore:
    """The database, what is sold, and how the organization bills."""

    database: Database
    catalog: Catalog
    settings: BillingSettings = DEFAULT_SETTINGS

    async def _state(self, session: AsyncSession, rows: PlanRows, plan: CustomerPlan | None = None) -> PlanState:
        """Return the snapshot of the rows' plan, or of another *plan* of the same customer."""
        row = plan or rows.plan
        count = await newest_count(session, row)
        suspended_at = rows.customer.suspended_at
        return plan_state(row, self.catalog, count=count, suspended_at=suspended_at, clock_at=rows.clock_at)


async def newest_count(session: AsyncSession, plan: CustomerPlan) -> LicenseCount | None:
    """Return the numbers of the plan's newest ledger entry."""
    query = (
        select(LicenseLedger.licenses, LicenseLedger.licenses_at_next_renewal)
        .where(LicenseLedger.plan_id == plan.id)
        .order_by(LicenseLedger.seq.desc())
        .limit(1)
    )
    found = (await session.execute(query)).one_or_none()
    return LicenseCount(*found) if found else None


async def idempotent_answer(session: AsyncSession, key: str) -> StepResult | None:
    """Return what the step of that key answered when it was taken, None where it is still to be taken."""
    stored: dict[str, Any] | None = (
        await session.scalars(select(StepRow.result).where(StepRow.key == key))
    ).one_or_none()
    return StepResult.model_validate(stored) if stored is not None else None


def store_idempotent_answer(
    session: AsyncSession, rows: PlanRows, step: StepInput | StartPlanInput, answer: StepResult
) -> None:
    """Note that the step was taken, and what it answered."""
    session.add(
        StepRow(
            org_id=rows.plan.org_id,
            key=step.key,
            plan_id=rows.plan.id,
            kind=step.kind,
            at=step.at,
            actor=step.actor,
            detail=step.detail,
            result=answer.model_dump(mode="json"),
        )
    )
