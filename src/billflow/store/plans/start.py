"""Starting a plan: under the customer's lock, so that two purchases at once give one."""

from dataclasses import dataclass, replace
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, and_, exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.errors import NotFound, Refused
from billflow.domain.plan import PlanStatus
from billflow.domain.plan_start import StartFacts
from billflow.domain.seats import SeatObservation
from billflow.models.contracts.customers import CustomerStatus
from billflow.models.contracts.plans import StartPlanInput, StepResult
from billflow.models.tables import (
    BillingAccountRow,
    CustomerPlan,
    CustomerRow,
    LicenseLedger,
    SeatRow,
    TestClock,
)
from billflow.ports.billing import DecideStart
from billflow.store.audit.recorder import Recorder
from billflow.store.offers.records import accept, adopt_sent_invoice, fixed_price_waits, open_offer, terms_of_offer
from billflow.store.plans.base import PlanStore, idempotent_answer, store_idempotent_answer
from billflow.store.plans.facts import PlanRows
from billflow.store.plans.mapping import observations_of, terms_of
from billflow.store.plans.outcome import OutcomeWriter
from billflow.store.plans.snapshots import summary
from billflow.store.session.database import as_id

_NOT_LIVE = [status for status in PlanStatus if not status.is_live]


@dataclass(frozen=True)
class Starts(PlanStore):
    """The first step of each plan."""

    async def start_plan(self, ask: StartPlanInput, decide: DecideStart) -> StepResult:
        """Write a new plan and its first invoice; the same key gives the first answer.

        Raises `Refused`, `InvalidInput` or `NotFound`, and then nothing was written.
        """
        async with self.database.unit_of_work(ask.org_id) as session:
            customer, account = await held_customer(session, ask.customer_id)
            if known := await idempotent_answer(session, ask.key):
                return known
            if customer.status is not CustomerStatus.ACTIVE:
                raise Refused(f"The customer is {customer.status}; activate it first.", code="customer_not_active")
            clock = await _clock(session, customer, ask.test_clock_id)
            recorder = Recorder(session, customer.org_id, ask.at, ask.actor)
            offer = await open_offer(session, customer, ask.start.offer_id) if ask.start.offer_id else None
            facts = await self._facts(session, customer, account, ask)
            if offer:
                facts = replace(facts, offer=terms_of_offer(offer), sent_by_support=ask.sent_invoice is not None)
            outcome = decide(facts)
            if offer:
                accept(offer, customer, recorder)
            writer = OutcomeWriter(recorder, customer, account, ask.key, "plan.start", ask.detail)
            row = writer.open_row(UUID(facts.plan_id), clock.id if clock else None)
            await writer.write(outcome, row, {}, facts.customer)
            if ask.sent_invoice:
                await adopt_sent_invoice(session, ask.sent_invoice, writer.made[0], account)
            rows = PlanRows(row, customer, account, clock.now_at if clock else None)
            state = await self._state(session, rows)
            result = StepResult(state=state, invoices=tuple(map(summary, writer.made)))
            store_idempotent_answer(session, rows, ask, result)
            return result

    async def _facts(
        self, session: AsyncSession, customer: CustomerRow, account: BillingAccountRow, ask: StartPlanInput
    ) -> StartFacts:
        mine = CustomerPlan.customer_id == customer.id
        has_live, buying, had = await _which_exist(
            session,
            and_(mine, CustomerPlan.status.not_in(_NOT_LIVE)),
            and_(mine, CustomerPlan.awaiting_invoice_id.is_not(None)),
            and_(mine, CustomerPlan.id == LicenseLedger.plan_id),
        )
        return StartFacts(
            plan_id=str(uuid4()),
            customer=terms_of(customer, account, had_plan=had),
            catalog=self.catalog,
            has_live_plan=has_live,
            buying=buying,
            has_offer=await fixed_price_waits(session, customer, ask.start.tier, ask.at),
            last_observation=await _newest_observation(session, customer, ask),
            settings=self.settings,
        )


async def held_customer(session: AsyncSession, customer_id: str) -> tuple[CustomerRow, BillingAccountRow]:
    """Load a customer with its default billing account, and hold it until the transaction ends.

    Raises `NotFound`, also for one that was deleted.
    """
    query = (
        select(CustomerRow, BillingAccountRow)
        .join(BillingAccountRow, and_(BillingAccountRow.customer_id == CustomerRow.id, BillingAccountRow.is_default))
        .where(CustomerRow.id == as_id(customer_id, "customer"), CustomerRow.deleted_at.is_(None))
        .with_for_update(of=CustomerRow, key_share=True)
    )
    found = (await session.execute(query)).one_or_none()
    if found is None:
        raise NotFound(f"There is no customer {customer_id!r}.")
    return found[0], found[1]


async def _which_exist(session: AsyncSession, *conditions: ColumnElement[bool]) -> list[bool]:
    row = (await session.execute(select(*(exists().where(condition) for condition in conditions)))).one()
    return [bool(value) for value in row]


async def _newest_observation(
    session: AsyncSession, customer: CustomerRow, ask: StartPlanInput
) -> SeatObservation | None:
    query = (
        select(SeatRow)
        .where(SeatRow.customer_id == customer.id, SeatRow.observed_at <= ask.at)
        .order_by(SeatRow.observed_at.desc())
        .limit(1)
    )
    return next(iter(observations_of(await session.scalars(query))), None)


async def _clock(session: AsyncSession, customer: CustomerRow, clock_id: str | None) -> TestClock | None:
    """Return the clock the plan is to hang on; all plans of a customer live in the same time."""
    wanted = as_id(clock_id, "test clock") if clock_id else None
    clock = await session.get(TestClock, wanted) if wanted else None
    if wanted and clock is None:
        raise NotFound(f"There is no test clock {clock_id!r}.")
    elsewhere = and_(CustomerPlan.customer_id == customer.id, CustomerPlan.test_clock_id.is_distinct_from(wanted))
    if (await _which_exist(session, elsewhere))[0]:
        raise Refused(
            "The customer has plans in another time; use one test clock for all of them, or a new customer.",
            code="test_clock_mismatch",
            field="test_clock_id",
        )
    return clock
