"""What a step reads under the lock of its plan, by one statement: its own answer, the ledger and the seats."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CTE,
    BigInteger,
    DateTime,
    ScalarSelect,
    Select,
    Text,
    Uuid,
    bindparam,
    false,
    func,
    select,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.invoicing.draft import ADDITIONS
from billflow.domain.ledger import LedgerEntry
from billflow.domain.seats import SeatObservation
from billflow.models.contracts.plans import StepResult
from billflow.models.tables import CustomerPlan, InvoiceLineRow, LedgerAllocation, LicenseLedger, SeatRow, StepRow
from billflow.store.session.rows import field_names
from billflow.store.session.sent_directly import fetch, one_of


@dataclass(frozen=True)
class StepFacts:
    """The answer of the step if it is taken, the ledger by the ids of its entries, and the seats.

    `has_additions` tells that something was billed for a part of the cycle.
    """

    answer: StepResult | None
    ledger: Mapping[UUID, LedgerEntry]
    has_additions: bool
    observations: tuple[SeatObservation, ...]

    def before(self, plan: CustomerPlan, at: datetime) -> "StepFacts | None":
        """Return what would have been read for an earlier moment; None where that takes another look at the ledger."""
        renewed = any(one.is_renewal and one.add_on is None and one.event_time > at for one in self.ledger.values())
        if renewed or (plan.ledger_from_at and plan.ledger_from_at > at):
            return None
        newest = max((one.observed_at for one in self.observations), default=at)
        seen = tuple(one for one in self.observations if one.observed_at <= at or one.observed_at == newest)
        return replace(self, answer=None, observations=seen)


async def step_facts(session: AsyncSession, plan: CustomerPlan, at: datetime, key: str | None = None) -> StepFacts:
    """Read what the step of *key* at *at* needs to know of a plan, which is locked where it is to be written.

    The ledger is read from the renewal before the oldest unbilled entry on; what is older stays as it is. That renewal
    is never before the one that an earlier step began with: what is billed stays billed. Observations are those pending
    up to *at*, and the newest one of all: it tells how fresh the data is.
    """
    asked = {
        "of_key": key,
        "of_plan": plan.id,
        "from_seq": plan.ledger_from if plan.ledger_from_at and plan.ledger_from_at <= at else 1,
        "until": at,
        "of_customer": plan.customer_id,
        "seen_through": plan.seats_observed_through,
    }
    ((answer, entries, seats),) = await fetch(session, _STEP_FACTS, asked)
    return StepFacts(
        StepResult.model_validate(answer) if answer is not None else None,
        {UUID(entry["id"]): _entry(entry) for entry in entries or ()},
        any(entry["is_addition"] for entry in entries or ()),
        tuple(
            SeatObservation(observed_at=_moment(at), members=members, guests=guests)
            for at, members, guests in seats or ()
        ),
    )


def _entry(stored: Mapping[str, Any]) -> LedgerEntry:
    return LedgerEntry(
        **{name: stored[name] for name in _FIELDS} | {"event_time": _moment(stored["event_time"])},
    )


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


_FIELDS = field_names(LedgerEntry)
_OF_PLAN, _UNTIL = bindparam("of_plan", type_=Uuid()), bindparam("until", type_=DateTime(timezone=True))


def _entries() -> CTE:
    from_seq = bindparam("from_seq", type_=BigInteger)
    mine = LicenseLedger.plan_id == _OF_PLAN, LicenseLedger.seq >= from_seq
    seq = select(LicenseLedger.seq).where(*mine)
    # Looked up for each entry: joined, PostgreSQL may read allocations and lines of all plans, since it can't know
    # where the ledger begins.
    of_entry = LedgerAllocation.entry_id == LicenseLedger.id
    billed = select(LedgerAllocation.entry_id).where(of_entry).correlate(LicenseLedger).scalar_subquery()
    oldest_open = seq.with_only_columns(func.min(LicenseLedger.seq)).where(billed.is_(None)).scalar_subquery()
    first = (
        seq.with_only_columns(func.max(LicenseLedger.seq))
        .where(LicenseLedger.is_renewal, LicenseLedger.add_on.is_(None), LicenseLedger.event_time <= _UNTIL)
        .where(LicenseLedger.seq < func.coalesce(oldest_open, _PAST_ALL))
        .scalar_subquery()
    )
    is_addition = (
        select(one_of(InvoiceLineRow.kind, ADDITIONS))
        .join(LedgerAllocation, LedgerAllocation.invoice_line_id == InvoiceLineRow.id)
        .where(of_entry)
        .correlate(LicenseLedger)
        .scalar_subquery()
    )
    return (
        select(
            LicenseLedger.id,
            *(getattr(LicenseLedger, name) for name in _FIELDS if name != "allocated"),
            billed.is_not(None).label("allocated"),
            func.coalesce(is_addition, false()).label("is_addition"),
        )
        .where(*mine, LicenseLedger.seq >= func.coalesce(first, 1))
        .cte("entries")
    )


def _ledger() -> ScalarSelect[Any]:
    entries = _entries()
    in_order = aggregate_order_by(entries.table_valued(), entries.c.seq)
    return select(func.json_agg(in_order)).scalar_subquery()


def _seats() -> ScalarSelect[Any]:
    seen_through = bindparam("seen_through", type_=DateTime(timezone=True))
    mine = SeatRow.customer_id == bindparam("of_customer", type_=Uuid())
    newest = select(func.max(SeatRow.observed_at)).where(mine).scalar_subquery()
    wanted = (SeatRow.observed_at <= _UNTIL) | (SeatRow.observed_at == newest)
    counts = func.json_build_array(SeatRow.observed_at, SeatRow.members, SeatRow.guests)
    in_order = aggregate_order_by(counts, SeatRow.observed_at)
    return select(func.json_agg(in_order)).where(mine, SeatRow.observed_at > seen_through, wanted).scalar_subquery()


def _query() -> Select[Any, Any, Any]:
    answer = select(StepRow.result).where(StepRow.key == bindparam("of_key", type_=Text)).scalar_subquery()
    return select(answer, _ledger(), _seats())


_PAST_ALL = 2**62
_STEP_FACTS = _query()
