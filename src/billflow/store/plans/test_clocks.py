"""Test clocks: where they stand, and whether everything attached to one has come through all that is due."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid4

from sqlalchemy import Select, Uuid, and_, bindparam, case, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.errors import InvalidInput, Refused
from billflow.domain.plan import PlanStatus
from billflow.models.contracts.customers import ChangeContext
from billflow.models.contracts.invoices import UNPAID, InvoiceStatus
from billflow.models.contracts.records import Page, Paging
from billflow.models.contracts.test_clocks import ClockProgress, ClockRecord
from billflow.models.tables import CustomerPlan, InvoiceRow, TestClock
from billflow.ports.test_clocks import TestClockRepository
from billflow.store.audit.recorder import recorder_of, why
from billflow.store.customers.transactions import RUNS
from billflow.store.session.database import Repository
from billflow.store.session.paging import page
from billflow.store.session.rows import as_id, as_record, row_by_id

_KIND = "test_clock"

_DUE_AT = case(
    (CustomerPlan.status == PlanStatus.SWITCH_PLAN_TIER_AT_PLAN_END, CustomerPlan.next_invoice_date),
    else_=func.least(CustomerPlan.next_invoice_date, CustomerPlan.end_date),
)
"""`domain.plan.Plan.due_at` in SQL."""

_GOES_ON = CustomerPlan.attention_code.is_(None)

_BOUGHT = and_(CustomerPlan.awaiting_invoice_id == InvoiceRow.id, InvoiceRow.status.not_in(UNPAID))
"""The invoice that a purchase awaits is closed, and the plan has not heard of it."""

_UNSENT = and_(
    InvoiceRow.status == InvoiceStatus.DRAFT, func.coalesce(InvoiceRow.last_outcome["kind"].astext, "") != "rejected"
)


async def has_work_due(session: AsyncSession, clock_id: UUID) -> bool:
    """Tell whether a billing date, an unsent invoice, an attempt or a purchase still waits at the clock's time."""
    return bool(await session.scalar(_WORK_DUE, {"of_clock": clock_id}))


async def has_purchase_due(session: AsyncSession, clock_id: UUID) -> bool:
    """Tell whether a plan on the clock is bought and has not heard of it."""
    return bool(await session.scalar(_PURCHASE_DUE, {"of_clock": clock_id}))


def _work_due() -> Select[bool]:
    now_at = select(TestClock.now_at).where(TestClock.id == _OF_CLOCK).scalar_subquery()
    billing_date = select(CustomerPlan.id).where(_ON_CLOCK, RUNS, _GOES_ON)
    unpaid = select(InvoiceRow.id).join(CustomerPlan, CustomerPlan.id == InvoiceRow.plan_id).where(_ON_CLOCK)
    attempt = and_(InvoiceRow.status.in_(UNPAID), InvoiceRow.next_attempt_at <= now_at)
    # Every open invoice has a collection, which says first what it will do.
    handed_on = and_(InvoiceRow.status == InvoiceStatus.OPEN, InvoiceRow.next_action.is_(None))
    waiting = or_(
        billing_date.where(now_at >= _DUE_AT).exists(), unpaid.where(or_(_UNSENT, attempt, handed_on, _BOUGHT)).exists()
    )
    return select(waiting)


def _purchase_due() -> Select[bool]:
    plans = select(CustomerPlan.id).join(InvoiceRow, InvoiceRow.plan_id == CustomerPlan.id)
    return select(plans.where(_ON_CLOCK, _BOUGHT).exists())


_OF_CLOCK = bindparam("of_clock", type_=Uuid())
_ON_CLOCK = CustomerPlan.test_clock_id == _OF_CLOCK
_WORK_DUE, _PURCHASE_DUE = _work_due(), _purchase_due()
"""Made once: who moves a clock asks many times."""


async def next_collection(session: AsyncSession, clock_id: UUID) -> datetime | None:
    """Return the earliest moment after the clock's time at which collection does something."""
    query = (
        select(func.min(InvoiceRow.next_attempt_at))
        .join(CustomerPlan, CustomerPlan.id == InvoiceRow.plan_id)
        .join(TestClock, TestClock.id == CustomerPlan.test_clock_id)
        .where(TestClock.id == clock_id, InvoiceRow.status.in_(UNPAID), InvoiceRow.next_attempt_at > TestClock.now_at)
    )
    return await session.scalar(query)


async def clock_of_invoice(session: AsyncSession, invoice_id: UUID) -> datetime | None:
    """Return where the test clock of an invoice's plan stands, None in real time."""
    query = (
        select(TestClock.now_at)
        .join(CustomerPlan, CustomerPlan.test_clock_id == TestClock.id)
        .join(InvoiceRow, InvoiceRow.plan_id == CustomerPlan.id)
        .where(InvoiceRow.id == invoice_id)
    )
    return (await session.scalars(query)).one_or_none()


@dataclass(frozen=True)
class PostgresTestClockRepository(Repository, TestClockRepository):
    """Test clocks; every method is one transaction. With `livemode` none can be made."""

    livemode: bool = False

    async def create(
        self, org_id: str, now_at: datetime, name: str = "", change: ChangeContext | None = None
    ) -> ClockRecord:
        """Create a test clock that stands at *now_at*; raises `Refused` in live mode."""
        if self.livemode:
            raise Refused("Live customers have no test clocks; use a test key.", code="live_mode")
        async with self.database.unit_of_work(org_id) as session:
            clock = TestClock(id=uuid4(), org_id=as_id(org_id, "organization"), name=name, now_at=now_at)
            session.add(clock)
            await session.flush()
            if change:
                after = {"name": name, "now_at": now_at.isoformat()}
                recorder = recorder_of(session, clock.org_id, change)
                recorder.audit("test_clock.created", (_KIND, clock.id), after=after, detail=why(change))
            return _record(clock)

    async def get(self, org_id: str, clock_id: str) -> ClockRecord:
        async with self.database.unit_of_work(org_id) as session:
            return _record(await row_by_id(session, TestClock, clock_id, "test clock"))

    async def list(self, org_id: str, paging: Paging) -> Page[ClockRecord]:
        """Return one page of the test clocks, the newest first."""
        order = (TestClock.created_at, TestClock.id)
        async with self.database.unit_of_work(org_id) as session:
            return await page(session, select(TestClock), order, paging, lambda row: _record(row[0]))

    async def advance(self, org_id: str, clock_id: str, to: datetime) -> ClockRecord:
        """Move a test clock forward; raises `NotFound`, or `InvalidInput` for a moment before the clock's own."""
        async with self.database.unit_of_work(org_id) as session:
            clock = await _going_to(session, clock_id, to)
            clock.now_at = to
            return _record(clock)

    async def begin_advance(
        self, org_id: str, clock_id: str, to: datetime, change: ChangeContext | None = None
    ) -> ClockRecord:
        """Write down who advances a clock; raises `NotFound`, or `InvalidInput` for a moment before the clock's own."""
        async with self.database.unit_of_work(org_id) as session:
            clock = await _going_to(session, clock_id, to)
            if change:
                detail = why(change, **{"from": clock.now_at.isoformat(), "to": to.isoformat()})
                recorder_of(session, clock.org_id, change).audit(
                    "test_clock.advanced", (_KIND, clock.id), detail=detail
                )
            return _record(clock)

    async def progress(self, org_id: str, clock_id: str) -> ClockProgress:
        """Return how far the plans on a clock have come; what is on hold is not counted. Raises `NotFound`."""
        async with self.database.unit_of_work(org_id) as session:
            clock = await row_by_id(session, TestClock, clock_id, "test clock")
            is_due = clock.now_at >= _DUE_AT
            counted = func.count(), func.count().filter(is_due), func.min(_DUE_AT).filter(is_due)
            query = select(*counted).where(CustomerPlan.test_clock_id == clock.id, RUNS, _GOES_ON)
            plans, due, reached = (await session.execute(query)).one()
            is_busy = await has_work_due(session, clock.id)
            return ClockProgress(plans=plans, due=due, reached=reached or clock.now_at, is_busy=is_busy)


async def _going_to(session: AsyncSession, clock_id: str, to: datetime) -> TestClock:
    """Return a clock, locked; raises `InvalidInput` for a moment before its own."""
    clock = await row_by_id(session, TestClock, clock_id, "test clock", lock=True)
    if to < clock.now_at:
        raise InvalidInput(
            f"The clock stands at {clock.now_at.isoformat()} and can't go back; name a later moment.",
            code="clock_goes_forward_only",
            field="to",
        )
    return clock


def _record(clock: TestClock) -> ClockRecord:
    return as_record(ClockRecord, clock, now_at=clock.now_at.astimezone(UTC))
