"""Telling ahead, from the rows: in a step's transaction on test clocks, by a sweep in real time; once per occasion."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Integer, and_, bindparam, cast, func, or_, select, true, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.notices import Notice, NoticeDays, NoticeOccasion, notices_until, upcoming_invoice
from billflow.domain.plan import PlanStatus, Schedule
from billflow.domain.settings import DEFAULT_SETTINGS, BillingSettings
from billflow.domain.step import Facts
from billflow.models.contracts.customers import ChangeContext
from billflow.models.contracts.mail import NotificationFacts, Occasion, PlanNotification
from billflow.models.contracts.steps import PlanRef
from billflow.models.tables import BillingAccountRow, CustomerPlan, CustomerRow, Org, PlanNotice
from billflow.ports.notices import NoticeRepository, UnmailedNotice
from billflow.store.access.portal import settings_of
from billflow.store.audit.recorder import Recorder, recorder_of
from billflow.store.customers.transactions import RUNS
from billflow.store.plans.catalog_records import TIER_NAME
from billflow.store.plans.facts import PlanRows, facts_of, plan_rows
from billflow.store.plans.mapping import plan_of
from billflow.store.plans.step_facts import StepFacts, step_facts
from billflow.store.session.database import Repository
from billflow.store.session.rows import as_id, as_json, row_by_id
from billflow.store.session.sent_directly import fetch

NOTICES = "notices"
"""Where an organization's settings have the days."""

MOST_MAILED = 100


@dataclass(frozen=True)
class PostgresNoticeRepository(Repository, NoticeRepository):
    """What customers were told ahead; every method is safe to repeat."""

    settings: BillingSettings = DEFAULT_SETTINGS

    async def days(self, org_id: str) -> NoticeDays:
        """Return how many days ahead the organization's customers are told."""
        async with self.database.unit_of_work(org_id) as session:
            return await _days(session, as_id(org_id, "organization"))

    async def set_days(self, org_id: str, days: NoticeDays, change: ChangeContext) -> NoticeDays:
        """Set how many days ahead; what was told already is not told again."""
        async with self.database.unit_of_work(org_id) as session:
            org = await row_by_id(session, Org, org_id, "organization", lock=True)
            before, after = await _days(session, org.id), asdict(days)
            values = {"settings": {**org.settings, NOTICES: after}}
            await session.execute(update(Org).where(Org.id == org.id).values(values))
            recorder = recorder_of(session, org.id, change)
            recorder.audit("notices.set", ("organization", org.id), before=asdict(before), after=after)
            return days

    async def notify(self, org_id: str, now: datetime, clock_id: str | None = None) -> int:
        async with self.database.unit_of_work(org_id) as session:
            days = await _days(session, as_id(org_id, "organization"))
            plan_ids = (await session.scalars(_candidates(days, now, clock_id))).all()
        told = 0
        for plan_id in plan_ids:
            async with self.database.unit_of_work(org_id) as session:
                rows = await plan_rows(session, PlanRef(org_id=org_id, plan_id=str(plan_id)), lock=True)
                told += await write_notices(session, rows, now, self.settings)
        return told

    async def unmailed(self, org_id: str) -> Sequence[UnmailedNotice]:
        default = and_(BillingAccountRow.customer_id == CustomerRow.id, BillingAccountRow.is_default)
        query = (
            select(PlanNotice, CustomerRow, BillingAccountRow.invoice_email, TIER_NAME)
            .join(CustomerPlan, CustomerPlan.id == PlanNotice.plan_id)
            .join(CustomerRow, CustomerRow.id == CustomerPlan.customer_id)
            .join(BillingAccountRow, default)
            .where(PlanNotice.mailed_at.is_(None), CustomerRow.deleted_at.is_(None), CustomerRow.erased_at.is_(None))
            .order_by(PlanNotice.at)
            .limit(MOST_MAILED)
        )
        async with self.database.unit_of_work(org_id) as session:
            with_link = (await settings_of(session, org_id)).mail_links
            return [_unmailed(*row, with_link=with_link) for row in await session.execute(query)]

    async def mark_mailed(self, notification: PlanNotification, at: datetime) -> None:
        key = {name: getattr(notification, name) for name in ("plan_id", "due_at")}
        mine = select(PlanNotice).filter_by(**key, occasion=NoticeOccasion[notification.occasion.name])
        async with self.database.unit_of_work(notification.org_id) as session:
            row = (await session.scalars(mine)).one()
            row.mailed_at = at


def _unmailed(
    row: PlanNotice, customer: CustomerRow, invoice_email: str | None, tier: str, *, with_link: bool
) -> UnmailedNotice:
    notification = PlanNotification(
        org_id=str(row.org_id),
        plan_id=str(row.plan_id),
        occasion=Occasion[row.occasion.name],
        due_at=row.due_at,
        at=row.at,
    )
    facts = NotificationFacts(
        customer_id=str(customer.id),
        recipient=invoice_email or customer.email,
        name=customer.name,
        language=customer.default_language,
        invoice_name="",
        open_amount=row.data.get("total", 0),
        currency=row.data.get("currency", customer.default_currency),
        due_at=row.due_at,
        hosted_invoice_url=None,
        is_closed=False,
        tier=tier,
        plus_tax=row.data.get("automatic_tax", False),
        portal_link=with_link,
    )
    return UnmailedNotice(notification, facts)


async def write_notices(
    session: AsyncSession, rows: PlanRows, until: datetime, settings: BillingSettings, found: StepFacts | None = None
) -> int:
    """Tell what is to be told of a plan by *until*, each once, in a transaction that holds the plan's lock.

    *found* is what a step at *until* has read already.
    """
    if rows.customer.suspended_at is not None:
        return 0
    days, known = await _days_and_known(session, rows, until)
    told = 0
    for notice in notices_until(plan_of(rows.plan), days, until):
        if (notice.occasion, notice.due_at) in known:
            continue
        at = notice.at if rows.clock_at is not None else until
        read = (found and found.before(rows.plan, at)) or await step_facts(session, rows.plan, at)
        facts = (await facts_of(session, rows, read, at, settings, credits_cycle=False)).facts
        data = _data(facts, notice, at)
        if data is not None and await _write(session, rows, notice, at, data):
            told += 1
    return told


def _data(facts: Facts, notice: Notice, at: datetime) -> dict[str, Any] | None:
    """Return what is told; None for an invoice that bills nothing."""
    plan = facts.plan
    match notice.occasion:
        case NoticeOccasion.TRIAL_WILL_END:
            return {"ends": notice.due_at, "tier": plan.tier}
        case NoticeOccasion.PLAN_WILL_RENEW:
            price = {"price_per_license": plan.price_per_license, "fixed_price": plan.fixed_price}
            return {"renews": notice.due_at, "tier": plan.tier, "currency": plan.currency, **price}
    invoice = upcoming_invoice(facts, notice.due_at, at)
    if invoice is None:
        return None
    lines = [{"description": line.description, "amount": line.amount} for line in invoice.lines]
    net = {"automatic_tax": True} if invoice.automatic_tax else {}
    money = {"total": invoice.total, "currency": invoice.currency, **net}
    return {"billing_date": notice.due_at, **money, "lines": lines}


async def _write(session: AsyncSession, rows: PlanRows, notice: Notice, at: datetime, data: dict[str, Any]) -> bool:
    plan = rows.plan
    named = {"of_org": plan.org_id, "of_plan": plan.id, "kind": notice.occasion, "due": notice.due_at}
    if not await fetch(session, _NOTICE, {**named, "told_at": at, "told": as_json(data)}):
        return False
    Recorder(session, plan.org_id, at).publish(notice.occasion, data, customer_id=plan.customer_id, plan_id=plan.id)
    return True


_NOTICE = (
    insert(PlanNotice)
    .values(
        org_id=bindparam("of_org"),
        plan_id=bindparam("of_plan"),
        occasion=bindparam("kind"),
        due_at=bindparam("due"),
        at=bindparam("told_at"),
        data=bindparam("told"),
    )
    .on_conflict_do_nothing()
    .returning(PlanNotice.plan_id)
)


async def _days_and_known(
    session: AsyncSession, rows: PlanRows, until: datetime
) -> tuple[NoticeDays, set[tuple[str, datetime]]]:
    """Return how many days ahead is told, and what was told of the plan about *until* and later."""
    asked = {"of_org": rows.plan.org_id, "of_plan": rows.plan.id, "until": until}
    ((settings, known),) = await fetch(session, _DAYS_AND_KNOWN, asked)
    return _days_in(settings), {(occasion, datetime.fromisoformat(due_at)) for occasion, due_at in known or ()}


_KNOWN = (
    select(func.json_agg(func.json_build_array(PlanNotice.occasion, PlanNotice.due_at), type_=JSON))
    .where(PlanNotice.plan_id == bindparam("of_plan"), PlanNotice.due_at >= bindparam("until"))
    .scalar_subquery()
)
_DAYS_AND_KNOWN = select(Org.settings, _KNOWN).where(Org.id == bindparam("of_org"))


async def _days(session: AsyncSession, org_id: UUID) -> NoticeDays:
    return _days_in(await session.scalar(select(Org.settings).where(Org.id == org_id)))


def _days_in(settings: Mapping[str, Any] | None) -> NoticeDays:
    return NoticeDays(**(settings or {}).get(NOTICES, {}))


def _candidates(days: NoticeDays, now: datetime, clock_id: str | None) -> Any:
    """Return the query for the plans of which something may have to be told, and was not."""
    plan = CustomerPlan
    due_at = func.least(plan.next_invoice_date, plan.end_date)
    told = select(PlanNotice.plan_id).where(PlanNotice.plan_id == plan.id)
    invoice = told.where(PlanNotice.occasion == NoticeOccasion.INVOICE_UPCOMING, PlanNotice.due_at == due_at)
    years = cast(func.date_part("year", func.age(now, plan.billing_cycle_anchor)) + 1, Integer)
    renewal = plan.billing_cycle_anchor + func.make_interval(years)
    renews = told.where(PlanNotice.occasion == NoticeOccasion.PLAN_WILL_RENEW, PlanNotice.due_at > now)
    year = timedelta(days=days.plan_will_renew + 2)
    trial = told.where(PlanNotice.occasion == NoticeOccasion.TRIAL_WILL_END, PlanNotice.due_at == due_at)
    bills_soon = due_at.between(now, now + timedelta(days=days.invoice_upcoming)) & ~invoice.exists()
    trials = [status for status in PlanStatus if status.in_trial]
    trial_ends_soon = due_at.between(now, now + timedelta(days=days.trial_will_end)) & plan.status.in_(trials)
    ends_soon = trial_ends_soon & ~trial.exists()
    is_renewed_soon = (plan.schedule == Schedule.ANNUAL) & (renewal <= now + year) & ~renews.exists()
    mine = plan.test_clock_id.is_(None) if clock_id is None else plan.test_clock_id == as_id(clock_id, "test clock")
    wanted = or_(bills_soon, ends_soon, is_renewed_soon) if clock_id is None else true()
    active = select(CustomerRow.id).where(CustomerRow.id == plan.customer_id, CustomerRow.suspended_at.is_(None))
    return select(plan.id).where(RUNS, mine, wanted, active.exists()).order_by(plan.id)
