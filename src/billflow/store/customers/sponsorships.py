"""Requests not to have to pay, and what support decides about them."""

from dataclasses import dataclass
from uuid import uuid4

from sqlalchemy import select

from billflow.domain.errors import Refused
from billflow.domain.plan import PlanStatus
from billflow.models.contracts.customer_finances import SponsorshipRecord, SponsorshipRequestCreate, SponsorshipStatus
from billflow.models.contracts.customers import ChangeContext, CustomerRef, CustomerStatus
from billflow.models.tables import CustomerPlan, CustomerRow, SponsorshipRequest
from billflow.store.audit.recorder import Recorder
from billflow.store.customers.transactions import LIVE, customer_change, customer_read
from billflow.store.plans.catalog_records import current_catalog
from billflow.store.session.database import Repository
from billflow.store.session.rows import as_id, as_record, existing, written


@dataclass(frozen=True)
class PostgresSponsorshipRepository(Repository):
    """Sponsorship requests of customers; every method is one transaction. Unknown ids raise `NotFound`."""

    async def list(self, ref: CustomerRef) -> tuple[SponsorshipRecord, ...]:
        """Return all requests, the newest first."""
        async with customer_read(self.database, ref) as (customer, session):
            query = select(SponsorshipRequest).where(SponsorshipRequest.customer_id == customer.id)
            rows = await session.scalars(query.order_by(SponsorshipRequest.created_at.desc()))
            return tuple(as_record(SponsorshipRecord, row) for row in rows)

    async def request(
        self, ref: CustomerRef, new: SponsorshipRequestCreate, change: ChangeContext
    ) -> SponsorshipRecord:
        """Write a request; raises `Refused` while another one waits."""
        async with customer_change(self.database, ref, change) as (customer, recorder):
            row = SponsorshipRequest(
                id=uuid4(), org_id=customer.org_id, customer_id=customer.id, **new.model_dump(mode="json")
            )
            recorder.session.add(row)
            customer.sponsorship_pending = True
            _note(recorder, customer, row, "customer.sponsorship_requested")
            return as_record(SponsorshipRecord, await written(recorder.session, row))

    async def approve(self, ref: CustomerRef, request_id: str, change: ChangeContext) -> SponsorshipRecord:
        """Approve a request, once; raises `Refused` on a paid plan, with a scheduled upgrade, or a closed account."""
        async with customer_change(self.database, ref, change) as (customer, recorder):
            row = await _request(recorder, customer, request_id)
            if row.status is not SponsorshipStatus.APPROVED:
                await _check_may_be_sponsored(recorder, customer)
                _decide(recorder, customer, row, (SponsorshipStatus.APPROVED, change))
            return as_record(SponsorshipRecord, await written(recorder.session, row))

    async def decline(self, ref: CustomerRef, request_id: str, change: ChangeContext) -> SponsorshipRecord:
        """Decline a request, once; raises `Refused` where it was approved."""
        async with customer_change(self.database, ref, change) as (customer, recorder):
            row = await _request(recorder, customer, request_id)
            if row.status is not SponsorshipStatus.DECLINED:
                _decide(recorder, customer, row, (SponsorshipStatus.DECLINED, change))
            return as_record(SponsorshipRecord, await written(recorder.session, row))


async def _check_may_be_sponsored(recorder: Recorder, customer: CustomerRow) -> None:
    if customer.status is CustomerStatus.INACTIVE:
        raise Refused("The customer's account is closed; activate it first.", code="customer_not_active")
    catalog = await current_catalog(recorder.session)
    live = select(CustomerPlan).where(CustomerPlan.customer_id == customer.id, LIVE)
    for plan in await recorder.session.scalars(live):
        if catalog.tier(plan.tier).billable:
            raise Refused("The customer is on a paid plan; end that one first.", code="on_paid_plan")
        if plan.status is PlanStatus.SWITCH_PLAN_TIER_AT_PLAN_END:
            raise Refused("An upgrade of the plan is scheduled; cancel that first.", code="upgrade_scheduled")


async def _request(recorder: Recorder, customer: CustomerRow, request_id: str) -> SponsorshipRequest:
    row = await recorder.session.get(SponsorshipRequest, as_id(request_id, "sponsorship request"))
    mine = row if row and row.customer_id == customer.id else None
    return existing(mine, "sponsorship request", request_id, " of that customer")


def _decide(
    recorder: Recorder,
    customer: CustomerRow,
    row: SponsorshipRequest,
    decision: tuple[SponsorshipStatus, ChangeContext],
) -> None:
    status, change = decision
    if row.status is not SponsorshipStatus.PENDING:
        raise Refused(f"The request was {row.status} before; make a new one.", code="already_decided")
    row.status, row.decided_at, row.decided_by, row.reason = status, change.at, change.actor, change.reason
    customer.sponsorship_pending = False
    _note(recorder, customer, row, f"customer.sponsorship_{status}")


def _note(recorder: Recorder, customer: CustomerRow, row: SponsorshipRequest, event: str) -> None:
    data = {"sponsorship_request_id": str(row.id), "reason": row.reason}
    recorder.audit(event, ("customer", customer.id), detail=data)
    recorder.publish(event, data, customer_id=customer.id)
