"""The first step of a plan that another system billed so far."""

from collections.abc import Sequence
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.plan_import import import_plan
from billflow.domain.settings import BillingSettings
from billflow.domain.start_request import StartFacts
from billflow.models.contracts.imports import LedgerOpening, PlanOpening
from billflow.models.contracts.plans import ImportPlanInput, PlanState, StepResult
from billflow.models.contracts.steps import PlanRef
from billflow.models.tables import BillingAccountRow, CustomerRow, TestClock
from billflow.store.access.tax_records import current_settings
from billflow.store.audit.recorder import Recorder
from billflow.store.offers.coupon_records import coupon_of
from billflow.store.plans.catalog_records import current_catalog
from billflow.store.plans.facts import PlanRows
from billflow.store.plans.mapping import terms_of
from billflow.store.plans.outcome import new_plan_row
from billflow.store.plans.records import plan_by_id
from billflow.store.plans.start import newest_observation, plans_so_far
from billflow.store.plans.step import StepWriter


def plan_input(
    recorder: Recorder, opening: PlanOpening, ledger: Sequence[LedgerOpening], *, parallel_run: bool
) -> ImportPlanInput:
    """Return the first step of an imported plan, with its entries of the ledger."""
    return ImportPlanInput(
        org_id=str(recorder.org_id),
        external_id=opening.external_id,
        actor=recorder.actor,
        start=opening.asked(tuple(ledger), parallel_run=parallel_run),
        at=recorder.at,
    )


async def import_plan_row(
    recorder: Recorder,
    payer: tuple[CustomerRow, BillingAccountRow],
    ask: ImportPlanInput,
    clock: TestClock | None,
    defaults: BillingSettings,
) -> StepResult:
    """Write the plan as the domain says that it goes on; raises what `import_plan` raises."""
    session, (customer, account) = recorder.session, payer
    has_live_plan, is_buying, had_plan = await plans_so_far(session, customer)
    catalog, terms = await current_catalog(session), await coupon_of(session, customer.id)
    facts = StartFacts(
        plan_id=str(uuid4()),
        customer=terms_of(customer, account, terms, had_plan=had_plan),
        catalog=catalog,
        has_live_plan=has_live_plan,
        buying=is_buying,
        last_observation=await newest_observation(session, customer, recorder.at),
        settings=await current_settings(session, defaults),
    )
    outcome = import_plan(facts, ask.start, recorder.at)
    row = new_plan_row(customer, UUID(facts.plan_id), clock.id if clock else None)
    rows = PlanRows(row, customer, account, clock.now_at if clock else None, catalog, None)
    return await StepWriter(session, rows, ask).write(outcome, row, facts.customer)


async def imported_plan_state(session: AsyncSession, customer: CustomerRow, plan_id: UUID) -> PlanState:
    """Return a plan that was imported before, as it stands."""
    return await plan_by_id(session, PlanRef(org_id=str(customer.org_id), plan_id=str(plan_id)))
