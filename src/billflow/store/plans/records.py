"""Plans as everyone else sees them: snapshots, ledger entries, steps, and what happened in order."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Select, bindparam, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.catalog import Catalog
from billflow.domain.ledger import LedgerEntry
from billflow.domain.plan import InvoicingStatus, billing_date
from billflow.models.contracts.plans import Attention, PlanState
from billflow.models.contracts.records import PlanRecord, StepRecord, TimelineEntry
from billflow.models.contracts.steps import PlanRef
from billflow.models.tables import CustomerPlan, CustomerRow, LicenseLedger, OutboxEvent, StepRow, TestClock
from billflow.store.audit.personal_data import PersonalDataReader
from billflow.store.plans.catalog_records import TIER_NAME
from billflow.store.session.rows import as_id, as_record, existing, from_row

State = TypeVar("State", bound=PlanState)

_NEWEST = (
    select(LicenseLedger.licenses, LicenseLedger.licenses_at_next_renewal)
    .where(LicenseLedger.plan_id == CustomerPlan.id, LicenseLedger.add_on.is_(None))
    .order_by(LicenseLedger.seq.desc())
    .limit(1)
    .lateral()
)
STATES: Select[*tuple[Any, ...]] = (
    select(
        CustomerPlan,
        CustomerRow.suspended_at,
        TestClock.now_at,
        _NEWEST.c.licenses,
        _NEWEST.c.licenses_at_next_renewal,
        TIER_NAME,
        CustomerRow.name,
    )
    .join(CustomerRow, CustomerRow.id == CustomerPlan.customer_id)
    .outerjoin(TestClock, TestClock.id == CustomerPlan.test_clock_id)
    .outerjoin(_NEWEST, true())
)
"""Plans with all that is shown of them; read with `plan_state` or `plan_record`."""

STATE = STATES.where(CustomerPlan.id == bindparam("of_plan"))
"""The same of one plan."""


def plan_state(found: Sequence[Any]) -> PlanState:
    """Return the snapshot of a plan from one row of `STATES`."""
    return _shown(PlanState, found)


def state_of(
    row: CustomerPlan, customer: CustomerRow, clock_at: datetime | None, catalog: Catalog, newest: LedgerEntry | None
) -> PlanState:
    """Return the snapshot of a plan whose rows are at hand, *newest* among them the newest entry about its licenses."""
    tier_name = catalog.tiers[row.tier].name if row.tier in catalog.tiers else row.tier
    licenses = (newest.licenses, newest.licenses_at_next_renewal) if newest else (None, None)
    return _shown(PlanState, (row, customer.suspended_at, clock_at, *licenses, tier_name, customer.name))


def plan_record(found: Sequence[Any]) -> PlanRecord:
    """Return a plan as it is listed from one row of `STATES`."""
    return _shown(PlanRecord, found, customer_name=found[-1])


def _shown(kind: type[State], found: Sequence[Any], **extra: object) -> State:
    row, suspended_at, clock_at, licenses, licenses_at_next_renewal, tier_name, _ = found
    attention = attention_of(row)
    return as_record(
        kind,
        row,
        **extra,
        tier_name=tier_name,
        licenses=licenses or 0,
        licenses_at_next_renewal=licenses_at_next_renewal or 0,
        due_at=billing_date(row.status, row.next_invoice_date, row.end_date),
        invoicing_status=InvoicingStatus.NEEDS_ATTENTION if attention else row.invoicing_status,
        attention=attention,
        suspended=suspended_at is not None,
        resume_due=row.on_hold_since is not None and suspended_at is None and row.status.is_live,
        clock_at=clock_at,
    )


async def plan_by_id(session: AsyncSession, plan: PlanRef) -> PlanState:
    """Return the snapshot of a plan as it stands in this transaction; raises `NotFound`."""
    found = await session.execute(STATE, {"of_plan": as_id(plan.plan_id, "plan")})
    return plan_state(existing(found.one_or_none(), "plan", plan.plan_id))


def attention_of(row: CustomerPlan) -> Attention | None:
    """Return why the plan is on hold, None where it goes on."""
    if row.attention_code is None or row.attention_message is None or row.attention_since is None:
        return None
    return Attention(code=row.attention_code, message=row.attention_message, since=row.attention_since)


def step_record(step: StepRow) -> StepRecord:
    """Return a step as it is shown."""
    return from_row(StepRecord, step, refused=step.result.get("refused") is not None)


def step_entry(step: StepRow, actor_name: str | None) -> TimelineEntry:
    """Return a step as an entry of the timeline, by somebody of that name."""
    command = step.detail.get("command") or {}
    data = {**step.detail, "refused": step.result.get("refused")}
    name = command.get("type", step.kind)
    told = {"recorded_at": step.created_at, "actor_name": actor_name, "kind": "step", "name": name, "data": data}
    return from_row(TimelineEntry, step, **told)


def event_entry(event: OutboxEvent, opener: PersonalDataReader) -> TimelineEntry:
    """Return an event as an entry of the timeline."""
    data = opener.open(event.customer_id, event.data)
    return TimelineEntry(at=event.at, recorded_at=event.created_at, kind="event", name=event.type, data=data)
