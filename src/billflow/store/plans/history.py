"""What happened to one plan: its ledger, its steps, its timeline."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.models.contracts.records import LedgerRecord, StepRecord, TimelineEntry
from billflow.models.tables import LedgerAllocation, LicenseLedger, OutboxEvent, StepRow
from billflow.store.audit.personal_data import PersonalDataReader, personal_data_of


async def ledger_of(session: AsyncSession, plan_id: UUID) -> tuple[LedgerRecord, ...]:
    """Return the plan's ledger in sequence, with what became of each entry."""
    query = (
        select(LicenseLedger, LedgerAllocation.disposition, LedgerAllocation.invoice_line_id)
        .outerjoin(LedgerAllocation, LedgerAllocation.entry_id == LicenseLedger.id)
        .where(LicenseLedger.plan_id == plan_id)
        .order_by(LicenseLedger.seq)
    )
    return tuple(
        LedgerRecord(
            seq=entry.seq,
            event_time=entry.event_time,
            is_renewal=entry.is_renewal,
            licenses=entry.licenses,
            licenses_at_next_renewal=entry.licenses_at_next_renewal,
            disposition=disposition,
            invoice_line_id=str(line_id) if line_id else None,
        )
        for entry, disposition, line_id in await session.execute(query)
    )


async def steps_of(session: AsyncSession, plan_id: UUID) -> tuple[StepRecord, ...]:
    """Return the steps of the plan in the order they were taken."""
    query = select(StepRow).where(StepRow.plan_id == plan_id).order_by(StepRow.sequence)
    return tuple(
        StepRecord(
            key=step.key,
            kind=step.kind,
            at=step.at,
            refused=step.result.get("refused") is not None,
            detail=step.detail,
        )
        for step in await session.scalars(query)
    )


async def timeline_of(session: AsyncSession, plan_id: UUID) -> tuple[TimelineEntry, ...]:
    """Return steps and events of the plan in the order they were recorded."""
    steps = await session.scalars(select(StepRow).where(StepRow.plan_id == plan_id).order_by(StepRow.sequence))
    events = await session.scalars(
        select(OutboxEvent).where(OutboxEvent.plan_id == plan_id).order_by(OutboxEvent.sequence)
    )
    told = list(events)
    opener = await personal_data_of(session, (event.customer_id for event in told))
    entries = [_step(step) for step in steps] + [_event(event, opener) for event in told]
    return tuple(sorted(entries, key=lambda entry: entry.recorded_at))


def _step(step: StepRow) -> TimelineEntry:
    command = step.detail.get("command") or {}
    return TimelineEntry(
        at=step.at,
        recorded_at=step.created_at,
        kind="step",
        name=command.get("type", step.kind),
        actor=step.actor,
        data={**step.detail, "refused": step.result.get("refused")},
    )


def _event(event: OutboxEvent, opener: PersonalDataReader) -> TimelineEntry:
    data = opener.open(event.customer_id, event.data)
    return TimelineEntry(at=event.at, recorded_at=event.created_at, kind="event", name=event.type, data=data)
