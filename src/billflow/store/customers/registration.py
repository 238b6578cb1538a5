"""Organizations, customers, seats and test clocks: the writes that need no plan."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import NAMESPACE_DNS, UUID, uuid4, uuid5

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.errors import InvalidInput, NotFound, Refused
from billflow.models.contracts.customers import (
    ChangeContext,
    ClockRecord,
    CustomerPricing,
    CustomerRecord,
    CustomerStatus,
    NewCustomer,
    SeatReport,
)
from billflow.models.contracts.records import Page, Paging
from billflow.models.tables import CustomerPlan, CustomerRow, Org, TestClock
from billflow.store.audit.recorder import recorder_of
from billflow.store.customers.creation import create, explained, held_with_plans, turn
from billflow.store.customers.records import customer_record, pricing_of
from billflow.store.plans.start import locked_customer
from billflow.store.session.database import Database, as_id
from billflow.store.session.mapping import as_json
from billflow.store.session.paging import page

_ORGS = uuid5(NAMESPACE_DNS, "billflow.org")
_REPORT = text(
    "INSERT INTO seat_observation (org_id, customer_id, observed_at, members, guests)"
    " SELECT :org, :customer, reported.* FROM unnest("
    "CAST(:moments AS timestamptz[]), CAST(:members AS bigint[]), CAST(:guests AS bigint[])) AS reported"
    " ON CONFLICT DO NOTHING RETURNING 1"
)


def org_id_of(slug: str) -> str:
    """Return the id of the organization with that slug, whether or not it exists yet (decision 0010)."""
    return str(uuid5(_ORGS, slug))


@dataclass(frozen=True)
class PostgresRegistry:
    """`ports.billing.Registry` on PostgreSQL; every method is one transaction.

    With `livemode` it works with real money, and only for organizations that were made so.
    """

    database: Database
    livemode: bool = False

    async def create_org(self, slug: str, name: str | None = None) -> str:
        """Make sure the organization exists, and return its id; raises `Refused` for one of the other mode."""
        org_id = org_id_of(slug)
        row = insert(Org).values(id=UUID(org_id), slug=slug, name=name or slug, livemode=self.livemode)
        async with self.database.unit_of_work(org_id) as session:
            await session.execute(row.on_conflict_do_nothing())
            is_live = await session.scalar(select(Org.livemode).where(Org.id == UUID(org_id)))
        if is_live is not self.livemode:
            theirs, ours = ("live", "test") if is_live else ("test", "live")
            raise Refused(
                f"The organization {slug!r} is in {theirs} mode, but STRIPE_API_KEY is a {ours} key; use a {theirs} "
                "key, or name another organization by BILLFLOW_ORG.",
                code="wrong_mode",
            )
        return org_id

    async def create_customer(self, org_id: str, new: NewCustomer, change: ChangeContext) -> CustomerRecord:
        """Create a customer with its deployment and default billing account.

        Raises `Refused` where its e-mail, ERP number or deployment belongs to another customer.
        """
        try:
            async with self.database.unit_of_work(org_id) as session:
                recorder = recorder_of(session, as_id(org_id, "organization"), change)
                return await customer_record(session, await create(recorder, new))
        except IntegrityError as error:
            raise explained(error) from error

    async def set_pricing(
        self, org_id: str, customer_id: str, pricing: CustomerPricing, change: ChangeContext
    ) -> CustomerRecord:
        """Agree on prices with a customer, for plans that are still to start. Raises `NotFound`.

        Months of the flat discount that *pricing* does not name stay, unless there is a discounted price (rules 14).
        """
        async with self.database.unit_of_work(org_id) as session:
            customer, _ = await locked_customer(session, customer_id)
            if not _ends_flat_discount(pricing):
                pricing = pricing.model_copy(update={"flat_discounted_months": customer.flat_discounted_months})
            before, after = as_json(pricing_of(customer)), as_json(pricing)
            for name in CustomerPricing.model_fields:
                setattr(customer, name, getattr(pricing, name))
            recorder = recorder_of(session, customer.org_id, change)
            recorder.audit("customer.pricing_set", ("customer", customer.id), before=before, after=after)
            recorder.say("customer.pricing_set", after, customer_id=customer.id)
            return await customer_record(session, customer.id)

    async def report_seats(self, org_id: str, customer_id: str, reports: Sequence[SeatReport]) -> int:
        """Keep what a deployment reported, and return how many moments were new; the first report of one counts.

        Raises `NotFound`.
        """
        async with self.database.unit_of_work(org_id) as session:
            customer = await session.get(CustomerRow, as_id(customer_id, "customer"))
            if customer is None:
                raise NotFound(f"There is no customer {customer_id!r}.")
            new = {
                "org": customer.org_id,
                "customer": customer.id,
                "moments": [report.observed_at for report in reports],
                "members": [report.members for report in reports],
                "guests": [report.guests for report in reports],
            }
            done = await session.execute(_REPORT, new)
            return len(done.all())

    async def suspend(self, org_id: str, customer_id: str, change: ChangeContext) -> CustomerRecord:
        """Stop all charges from `change.at` on; suspended already stays as it is. Raises `NotFound` or `Refused`."""
        async with self.database.unit_of_work(org_id) as session:
            customer, _ = await held_with_plans(session, customer_id)
            if customer.status is CustomerStatus.INACTIVE:
                raise Refused("The customer's account is closed; activate it first.", code="customer_not_active")
            turn(customer, CustomerStatus.SUSPENDED, recorder_of(session, customer.org_id, change), change)
            return await customer_record(session, customer.id)

    async def activate(self, org_id: str, customer_id: str, change: ChangeContext) -> CustomerRecord:
        """Let the customer back in; its live plans stay unbilled until each took the step that resumes it."""
        async with self.database.unit_of_work(org_id) as session:
            customer, plans = await held_with_plans(session, customer_id)
            for plan in plans:
                hold(plan, customer)
            turn(customer, CustomerStatus.ACTIVE, recorder_of(session, customer.org_id, change), change)
            return await customer_record(session, customer.id)

    async def deactivate(self, org_id: str, customer_id: str, change: ChangeContext) -> CustomerRecord:
        """Close the account. Raises `Refused` while a plan is live or being bought."""
        async with self.database.unit_of_work(org_id) as session:
            customer, plans = await held_with_plans(session, customer_id)
            if plans:
                raise Refused("The customer has a live plan; end that one first.", code="live_plan")
            turn(customer, CustomerStatus.INACTIVE, recorder_of(session, customer.org_id, change), change)
            return await customer_record(session, customer.id)

    async def create_clock(self, org_id: str, now_at: datetime, name: str = "") -> ClockRecord:
        """Create a test clock that stands at *now_at*; raises `Refused` in live mode."""
        if self.livemode:
            raise Refused("Live customers have no test clocks; use a test key.", code="live_mode")
        async with self.database.unit_of_work(org_id) as session:
            clock = TestClock(id=uuid4(), org_id=as_id(org_id, "organization"), name=name, now_at=now_at)
            session.add(clock)
            await session.flush()
            return clock_record(clock)

    async def clock(self, org_id: str, clock_id: str) -> ClockRecord:
        """Return a test clock; raises `NotFound`."""
        async with self.database.unit_of_work(org_id) as session:
            return clock_record(await _clock(session, clock_id))

    async def clocks(self, org_id: str, paging: Paging) -> Page[ClockRecord]:
        """Return one part of the test clocks, the newest first."""
        order = (TestClock.created_at, TestClock.id)
        async with self.database.unit_of_work(org_id) as session:
            return await page(session, select(TestClock), order, paging, lambda row: clock_record(row[0]))

    async def advance_clock(self, org_id: str, clock_id: str, to: datetime) -> ClockRecord:
        """Move a test clock forward; raises `NotFound`, or `InvalidInput` for a moment before the clock's own."""
        async with self.database.unit_of_work(org_id) as session:
            clock = await _clock(session, clock_id, lock=True)
            if to < clock.now_at:
                raise InvalidInput(
                    f"The clock stands at {clock.now_at.isoformat()} and can't go back; name a later moment.",
                    code="clock_goes_forward_only",
                    field="to",
                )
            clock.now_at = to
            return clock_record(clock)


def hold(plan: CustomerPlan, customer: CustomerRow) -> None:
    """Keep a live plan unbilled from the end of its customer's suspension until the step that resumes it."""
    if plan.status.is_live and customer.suspended_at is not None:
        plan.on_hold_since = plan.on_hold_since or customer.suspended_at
        plan.version += 1


def _ends_flat_discount(pricing: CustomerPricing) -> bool:
    discounted = pricing.monthly_discounted_price or pricing.annual_discounted_price
    return bool(discounted) or "flat_discounted_months" in pricing.model_fields_set


async def _clock(session: AsyncSession, clock_id: str, *, lock: bool = False) -> TestClock:
    clock = await session.get(TestClock, as_id(clock_id, "test clock"), with_for_update=lock or None)
    if clock is None:
        raise NotFound(f"There is no test clock {clock_id!r}.")
    return clock


def clock_record(clock: TestClock) -> ClockRecord:
    """Return a clock as it is shown."""
    return ClockRecord(
        org_id=str(clock.org_id), test_clock_id=str(clock.id), name=clock.name, now_at=clock.now_at.astimezone(UTC)
    )
