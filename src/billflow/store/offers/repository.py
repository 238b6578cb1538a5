"""Offers that support makes to customers, as rows."""

from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from sqlalchemy import exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from billflow.domain.errors import Refused
from billflow.domain.offers import OfferTerms, check_offer
from billflow.models.contracts.customers import ChangeContext, CustomerRef, OfferStatus
from billflow.models.contracts.offers import OfferCreate, OfferRecord, OfferUpdate
from billflow.models.contracts.plans import PlanState
from billflow.models.tables import CustomerPlan, CustomerPlanOffer, CustomerRow
from billflow.ports.offers import OfferRepository
from billflow.store.audit.recorder import Recorder, recorder_of
from billflow.store.customers.transactions import LIVE, customer_change, load_customer
from billflow.store.offers.records import close, lock_offer, note
from billflow.store.plans.catalog_records import current_catalog
from billflow.store.plans.mapping import hosting_of
from billflow.store.plans.records import STATES, plan_state
from billflow.store.plans.start import locked_customer
from billflow.store.session.database import Repository
from billflow.store.session.rows import as_id, as_record, from_row, row_by_id, written

EXPIRED_AT_ONCE = 100
"""How many offers expire in one transaction."""


@dataclass(frozen=True)
class PostgresOfferRepository(Repository, OfferRepository):
    """Offers; every method is one transaction. Unknown ids raise `NotFound`."""

    async def create(self, org_id: str, customer_id: str, new: OfferCreate, change: ChangeContext) -> OfferRecord:
        """Make an offer that stays open until it is accepted, withdrawn or expires.

        Raises `Refused` where the customer pays for a plan already, or has an open offer for the tier.
        """
        async with self.database.unit_of_work(org_id) as session:
            customer, account = await locked_customer(session, customer_id)
            check_offer(new.terms(account.currency), await current_catalog(session), hosting_of(customer), change.at)
            recorder = recorder_of(session, customer.org_id, change)
            if expired := await _expired_before(session, customer, new, change.at):
                close(expired, OfferStatus.EXPIRED, recorder)
                await session.flush()
            offer = _row(customer, new, account.currency)
            session.add(offer)
            await written(session, offer)
            note(offer, "offer.created", recorder)
            return _record(offer, change.at)

    async def check(self, org_id: str, customer_id: str, new: OfferCreate, at: datetime) -> None:
        """Raise as `create` would, and write nothing."""
        async with self.database.unit_of_work(org_id) as session:
            customer, account = await locked_customer(session, customer_id)
            check_offer(new.terms(account.currency), await current_catalog(session), hosting_of(customer), at)
            await _expired_before(session, customer, new, at)

    async def update(
        self, org_id: str, customer_id: str, offer_id: str, update: OfferUpdate, change: ChangeContext
    ) -> OfferRecord:
        """Change an open offer; raises `Refused` for one that is over, and where the rules refuse what it becomes."""
        ref = CustomerRef(org_id=org_id, customer_id=customer_id)
        async with customer_change(self.database, ref, change) as (customer, recorder):
            offer = await lock_offer(recorder.session, customer, offer_id)
            if _record(offer, change.at).status is not OfferStatus.OPEN:
                raise Refused("The offer is over; make a new one.", code="offer_not_open")
            for name in update.model_fields_set:
                setattr(offer, name, getattr(update, name))
            catalog = await current_catalog(recorder.session)
            check_offer(from_row(OfferTerms, offer), catalog, hosting_of(customer), change.at)
            note(offer, "offer.changed", recorder)
            return _record(offer, change.at)

    async def withdraw(self, org_id: str, customer_id: str, offer_id: str, change: ChangeContext) -> OfferRecord:
        """Withdraw an open offer; one that is over stays as it is. Raises `Refused` for one that was accepted."""
        ref = CustomerRef(org_id=org_id, customer_id=customer_id)
        async with customer_change(self.database, ref, change) as (customer, recorder):
            offer = await lock_offer(recorder.session, customer, offer_id)
            if offer.status is OfferStatus.ACCEPTED:
                raise Refused("The offer was accepted; change or end the plan instead.", code="offer_accepted")
            if offer.status is OfferStatus.OPEN:
                over = from_row(OfferTerms, offer).is_over(change.at)
                end = OfferStatus.EXPIRED if over else OfferStatus.WITHDRAWN
                close(offer, end, recorder)
            return _record(offer, change.at)

    async def list(self, org_id: str, customer_id: str, at: datetime) -> tuple[OfferRecord, ...]:
        """Return what was offered to a customer, the newest first, as it stands at *at*."""
        async with self.database.unit_of_work(org_id) as session:
            customer = await load_customer(session, customer_id)
            query = select(CustomerPlanOffer).where(CustomerPlanOffer.customer_id == customer.id)
            rows = await session.scalars(query.order_by(CustomerPlanOffer.created_at.desc(), CustomerPlanOffer.id))
            return tuple(_record(row, at) for row in rows)

    async def get(self, org_id: str, offer_id: str, at: datetime) -> OfferRecord:
        """Return one offer as it stands at *at*."""
        async with self.database.unit_of_work(org_id) as session:
            return _record(await row_by_id(session, CustomerPlanOffer, offer_id, "offer"), at)

    async def expire(self, org_id: str, at: datetime) -> bool:
        offer, plan = CustomerPlanOffer, CustomerPlan
        on_a_clock = exists().where(plan.customer_id == offer.customer_id, plan.test_clock_id.is_not(None))
        query = (
            select(offer)
            .where(offer.status == OfferStatus.OPEN, offer.expires_at <= at, ~on_a_clock)
            .order_by(offer.expires_at, offer.id)
            .limit(EXPIRED_AT_ONCE)
            .with_for_update(key_share=True, skip_locked=True)
        )
        async with self.database.unit_of_work(org_id) as session:
            over = (await session.scalars(query)).all()
            for row in over:
                close(row, OfferStatus.EXPIRED, Recorder(session, row.org_id, row.expires_at or at))
            return len(over) == EXPIRED_AT_ONCE

    async def replaced_plan(self, org_id: str, customer_id: str, offer_id: str) -> PlanState | None:
        """Return the plan that costs nothing and an offer takes the place of, or took; None where there is none."""
        follower = aliased(CustomerPlan)
        took_over = select(follower.predecessor_id).where(follower.offer_id == as_id(offer_id, "offer"))
        mine = CustomerPlan.customer_id == as_id(customer_id, "customer")
        query = STATES.where(mine, or_(LIVE, CustomerPlan.id.in_(took_over))).order_by(CustomerPlan.created_at)
        async with self.database.unit_of_work(org_id) as session:
            sold = (await current_catalog(session)).tiers
            free = CustomerPlan.tier.in_([tier.code for tier in sold.values() if not tier.billable])
            found = (await session.execute(query.where(free).limit(1))).one_or_none()
            return plan_state(found) if found else None

    async def waiting_purchase(self, org_id: str, offer_id: str) -> PlanState | None:
        """Return the plan that waits for the payment of an accepted offer, None where there is none."""
        waiting = CustomerPlan.awaiting_invoice_id.is_not(None)
        query = STATES.where(CustomerPlan.offer_id == as_id(offer_id, "offer"), waiting)
        async with self.database.unit_of_work(org_id) as session:
            found = (await session.execute(query)).one_or_none()
            return plan_state(found) if found else None


async def _expired_before(
    session: AsyncSession, customer: CustomerRow, new: OfferCreate, at: datetime
) -> CustomerPlanOffer | None:
    """Return the expired offer in whose place *new* is made; raises `Refused` where it can't be made."""
    if await _pays_already(session, customer):
        raise Refused(
            "The customer pays for a plan; let the offer follow it with schedule_tier_at_plan_end.",
            code="live_plan",
        )
    same = (CustomerPlanOffer.customer_id == customer.id, CustomerPlanOffer.tier == new.tier)
    query = select(CustomerPlanOffer).where(*same, CustomerPlanOffer.status == OfferStatus.OPEN)
    open_offer = (await session.scalars(query.with_for_update(key_share=True))).one_or_none()
    if open_offer is not None and not from_row(OfferTerms, open_offer).is_over(at):
        raise Refused("There is an open offer for that tier; withdraw it first.", code="offer_exists", field="tier")
    return open_offer


async def _pays_already(session: AsyncSession, customer: CustomerRow) -> bool:
    tiers = await session.scalars(select(CustomerPlan.tier).where(CustomerPlan.customer_id == customer.id, LIVE))
    catalog = await current_catalog(session)
    return any(catalog.tier(tier).billable for tier in tiers)


def _record(offer: CustomerPlanOffer, at: datetime) -> OfferRecord:
    """Return an offer as it is shown; one whose time is over is expired, whether or not that was written."""
    over = offer.status is OfferStatus.OPEN and from_row(OfferTerms, offer).is_over(at)
    return as_record(
        OfferRecord,
        offer,
        status=OfferStatus.EXPIRED if over else offer.status,
        closed_at=offer.expires_at if over else offer.closed_at,
    )


def _row(customer: CustomerRow, new: OfferCreate, currency: str) -> CustomerPlanOffer:
    return CustomerPlanOffer(
        id=uuid4(),
        org_id=customer.org_id,
        customer_id=customer.id,
        status=OfferStatus.OPEN,
        currency=currency,
        **{name: getattr(new, name) for name in OfferCreate.model_fields},
    )
