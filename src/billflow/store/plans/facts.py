"""Loading what a step starts from, under the locks under which it stays true until the step is written."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.catalog import Catalog
from billflow.domain.invoicing.draft import InvoiceKind
from billflow.domain.plan import Plan, PlanStatus
from billflow.domain.settings import BillingSettings
from billflow.domain.step import Facts
from billflow.models.contracts.seller import SellerDocument
from billflow.models.contracts.steps import PlanRef
from billflow.models.tables import (
    BillingAccountRow,
    CustomerPlan,
    CustomerRow,
    InvoiceRow,
    TestClock,
)
from billflow.store.access.seller_records import NEWEST_SELLER, seller_of
from billflow.store.access.tax_records import TAX_VERSIONS, settings_by
from billflow.store.offers.coupon_records import HAS_COUPON, coupon_of, coupon_used_by
from billflow.store.plans.additions import billed_additions
from billflow.store.plans.catalog_records import NEWEST_CATALOG, catalog_of, former_catalog
from billflow.store.plans.cutover_facts import standing_of
from billflow.store.plans.cycle_charges import charged_lines, is_paid
from billflow.store.plans.items import HAS_ITEMS, open_items
from billflow.store.plans.mapping import plan_of, seen_by, terms_of
from billflow.store.plans.step_facts import StepFacts, step_facts
from billflow.store.session.rows import as_id, existing
from billflow.store.session.tracked_rows import tracked_row


@dataclass(frozen=True)
class PlanRows:
    """The rows a step of a plan works on, what is sold meanwhile and by whom; `clock_at` is its test clock's time.

    `tax_versions` are those of how it is taxed, the newest first. `has_items` tells that one-off items were ever added
    to the plan, `has_coupon` that a coupon discounts what is next.
    """

    plan: CustomerPlan
    customer: CustomerRow
    account: BillingAccountRow
    clock_at: datetime | None
    catalog: Catalog
    seller: SellerDocument | None
    tax_versions: Sequence[UUID] = ()
    has_items: bool = False
    has_coupon: bool = False


@dataclass(frozen=True)
class Loaded:
    """The facts of a step, and the rows they came from; `entries` maps sequence numbers to ids."""

    rows: PlanRows
    facts: Facts
    entries: dict[int, UUID]

    @property
    def ledger_from(self) -> int:
        """Return the first sequence number that this step read, before which no later one has to look."""
        return min(self.entries, default=1)


async def plan_rows(session: AsyncSession, ref: PlanRef, *, lock: bool) -> PlanRows:
    """Load a plan with its customer, default billing account and clock; raises `NotFound`.

    With *lock* the plan and its customer stay locked, in this order, until the transaction ends.
    """
    found = await tracked_row(session, _LOCKED_ROWS if lock else _ROWS, {"of_plan": as_id(ref.plan_id, "plan")})
    plan, customer, account, clock_at, version_id, seller_id, tax_versions, *has = existing(found, "plan", ref.plan_id)
    catalog, seller = await catalog_of(session, version_id), await seller_of(session, seller_id)
    return PlanRows(plan, customer, account, clock_at, catalog, seller, tax_versions or (), *has)


_ROWS = (
    select(
        CustomerPlan,
        CustomerRow,
        BillingAccountRow,
        TestClock.now_at,
        NEWEST_CATALOG,
        NEWEST_SELLER,
        TAX_VERSIONS,
        HAS_ITEMS,
        HAS_COUPON,
    )
    .join(CustomerRow, CustomerRow.id == CustomerPlan.customer_id)
    .join(BillingAccountRow, and_(BillingAccountRow.customer_id == CustomerRow.id, BillingAccountRow.is_default))
    .outerjoin(TestClock, TestClock.id == CustomerPlan.test_clock_id)
    .where(CustomerPlan.id == bindparam("of_plan"))
)
_LOCKED_ROWS = _ROWS.with_for_update(of=[CustomerPlan, CustomerRow], key_share=True)


async def load(
    session: AsyncSession, rows: PlanRows, at: datetime, settings: BillingSettings, *, credits_cycle: bool = True
) -> Loaded:
    """Gather the facts of the plan as of *at*."""
    found = await step_facts(session, rows.plan, at)
    return await facts_of(session, rows, found, at, settings, credits_cycle=credits_cycle)


async def facts_of(  # noqa: PLR0913  (each is needed)
    session: AsyncSession,
    rows: PlanRows,
    found: StepFacts,
    at: datetime,
    settings: BillingSettings,
    *,
    credits_cycle: bool = True,
) -> Loaded:
    """Gather the facts of the plan as of *at*, of which *found* has been read already.

    Unless the step may credit what was charged for the running cycle, as commands do (rules 12), that is left out.
    """
    plan, ledger = plan_of(rows.plan), found.ledger
    purchase = await _purchase(session, rows.plan)
    trial_purchase = purchase if rows.plan.status.in_trial else None
    coupon = await coupon_of(session, rows.customer.id) if rows.has_coupon else None
    facts = Facts(
        plan=plan,
        customer=terms_of(rows.customer, rows.account, coupon, plan=rows.plan),
        catalog=rows.catalog,
        ledger=tuple(entry for entry in ledger.values() if entry.add_on is None),
        add_ons=tuple(entry for entry in ledger.values() if entry.add_on is not None),
        observations=found.observations,
        last_observation=seen_by(rows.plan),
        settings=await settings_by(session, settings, rows.seller, rows.tax_versions),
        next_plan=await _next_plan(session, plan),
        parallel_run=await standing_of(session, rows.plan) if credits_cycle else None,
        charged=await charged_lines(session, ledger, at) if credits_cycle else (),
        additions=await billed_additions(session, ledger) if found.has_additions else (),
        paid_licenses=purchase.licenses or 0 if purchase else 0,
        trial_invoice_paid=is_paid(trial_purchase) if trial_purchase else None,
        trial_discounted_months=trial_purchase.flat_discount_months if trial_purchase else 0,
        trial_coupon=await coupon_used_by(session, trial_purchase),
        former_catalog=await former_catalog(session, rows.plan.catalog_version, rows.catalog),
        items=await open_items(session, rows.plan) if rows.has_items else (),
    )
    return Loaded(rows, facts, {entry.seq: entry_id for entry_id, entry in ledger.items()})


async def _next_plan(session: AsyncSession, plan: Plan) -> Plan | None:
    if plan.status is not PlanStatus.SWITCH_PLAN_TIER_AT_PLAN_END:
        return None
    query = select(CustomerPlan).where(
        CustomerPlan.predecessor_id == UUID(plan.id),
        CustomerPlan.status == PlanStatus.NEVER_STARTED,
        CustomerPlan.billing_cycle_anchor == plan.end_date,
    )
    row = (await session.scalars(query)).one_or_none()
    return plan_of(row) if row else None


async def _purchase(session: AsyncSession, plan: CustomerPlan) -> InvoiceRow | None:
    """Load the invoice whose payment starts the plan, or the newest one that buys its trial.

    A trial's invoice that was voided counts as not paid.
    """
    if plan.awaiting_invoice_id is not None:
        return await session.get(InvoiceRow, plan.awaiting_invoice_id)
    if not plan.status.in_trial:
        return None
    return (await session.scalars(_TRIAL_PURCHASE, {"of_plan": plan.id})).one_or_none()


_TRIAL_PURCHASE = (
    select(InvoiceRow)
    .where(InvoiceRow.plan_id == bindparam("of_plan"), InvoiceRow.kind == InvoiceKind.TRIAL_PURCHASE)
    .order_by(InvoiceRow.created_at.desc())
    .limit(1)
)
