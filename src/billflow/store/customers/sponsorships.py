"""Requests not to have to pay, and what support decides about them."""

from dataclasses import dataclass
from uuid import uuid4

from sqlalchemy import select

from billflow.domain.catalog import Catalog
from billflow.domain.errors import NotFound, Refused
from billflow.domain.plan import PlanStatus
from billflow.models.contracts.customer_finances import NewSponsorshipRequest, SponsorshipRecord, SponsorshipStatus
from billflow.models.contracts.customers import ChangeContext, CustomerRef, CustomerStatus
from billflow.models.tables import CustomerPlan, CustomerRow, SponsorshipRequest
from billflow.store.audit.recorder import Recorder
from billflow.store.customers.base import CustomerStore
from billflow.store.customers.creation import LIVE
from billflow.store.session.database import as_id


@dataclass(frozen=True)
class Sponsorships(CustomerStore):
    """Sponsorship requests of a customer; unknown ids raise `NotFound`."""

    async def sponsorships(self, ref: CustomerRef) -> tuple[SponsorshipRecord, ...]:
        """Return all requests, the newest first."""
        async with self._reading(ref) as (customer, session):
            query = select(SponsorshipRequest).where(SponsorshipRequest.customer_id == customer.id)
            return tuple(map(_record, await session.scalars(query.order_by(SponsorshipRequest.created_at.desc()))))

    async def request_sponsorship(
        self, ref: CustomerRef, new: NewSponsorshipRequest, change: ChangeContext
    ) -> SponsorshipRecord:
        """Write a request; raises `Refused` while another one waits."""
        async with self._changing(ref, change) as (customer, recorder):
            row = SponsorshipRequest(
                id=uuid4(), org_id=customer.org_id, customer_id=customer.id, **new.model_dump(mode="json")
            )
            recorder.session.add(row)
            customer.sponsorship_pending = True
            _note(recorder, customer, row, "customer.sponsorship_requested")
            return await _written(recorder, row)

    async def approve_sponsorship(
        self, ref: CustomerRef, request_id: str, catalog: Catalog, change: ChangeContext
    ) -> SponsorshipRecord:
        """Approve a request, once; raises `Refused` on a paid plan, with a scheduled upgrade, or a closed account."""
        async with self._changing(ref, change) as (customer, recorder):
            row = await _request(recorder, customer, request_id)
            if row.status is SponsorshipStatus.APPROVED:
                return await _written(recorder, row)
            await _check_may_be_sponsored(recorder, customer, catalog)
            return await _decide(recorder, customer, row, (SponsorshipStatus.APPROVED, change))

    async def decline_sponsorship(self, ref: CustomerRef, request_id: str, change: ChangeContext) -> SponsorshipRecord:
        """Decline a request, once; raises `Refused` where it was approved."""
        async with self._changing(ref, change) as (customer, recorder):
            row = await _request(recorder, customer, request_id)
            if row.status is SponsorshipStatus.DECLINED:
                return await _written(recorder, row)
            return await _decide(recorder, customer, row, (SponsorshipStatus.DECLINED, change))


async def _request(recorder: Recorder, customer: CustomerRow, request_id: str) -> SponsorshipRequest:
    row = await recorder.session.get(SponsorshipRequest, as_id(request_id, "sponsorship request"))
    if row is None or row.customer_id != customer.id:
        raise NotFound(f"There is no sponsorship request {request_id!r} of that customer.")
    return row


async def _check_may_be_sponsored(recorder: Recorder, customer: CustomerRow, catalog: Catalog) -> None:
    if customer.status is CustomerStatus.INACTIVE:
        raise Refused("The customer's account is closed; activate it first.", code="customer_not_active")
    for plan in await recorder.session.scalars(
        select(CustomerPlan).where(CustomerPlan.customer_id == customer.id, LIVE)
    ):
        if catalog.tier(plan.tier).billable:
            raise Refused("The customer is on a paid plan; end that one first.", code="on_paid_plan")
        if plan.status is PlanStatus.SWITCH_PLAN_TIER_AT_PLAN_END:
            raise Refused("An upgrade of the plan is scheduled; cancel that first.", code="upgrade_scheduled")


async def _decide(
    recorder: Recorder,
    customer: CustomerRow,
    row: SponsorshipRequest,
    decision: tuple[SponsorshipStatus, ChangeContext],
) -> SponsorshipRecord:
    status, change = decision
    if row.status is not SponsorshipStatus.PENDING:
        raise Refused(f"The request was {row.status} before; make a new one.", code="already_decided")
    row.status, row.decided_at, row.decided_by, row.reason = status, change.at, change.actor, change.reason
    customer.sponsorship_pending = False
    _note(recorder, customer, row, f"customer.sponsorship_{status}")
    return await _written(recorder, row)


def _note(recorder: Recorder, customer: CustomerRow, row: SponsorshipRequest, event: str) -> None:
    told = {"sponsorship_request_id": str(row.id), "reason": row.reason}
    recorder.audit(event, ("customer", customer.id), detail=told)
    recorder.say(event, told, customer_id=customer.id)


async def _written(recorder: Recorder, row: SponsorshipRequest) -> SponsorshipRecord:
    await recorder.session.flush()
    await recorder.session.refresh(row)
    return _record(row)


def _record(row: SponsorshipRequest) -> SponsorshipRecord:
    return SponsorshipRecord(
        sponsorship_request_id=str(row.id),
        customer_id=str(row.customer_id),
        status=row.status,
        organization_type=row.organization_type,
        website=row.website,
        description=row.description,
        expected_users=row.expected_users,
        decided_at=row.decided_at,
        decided_by=row.decided_by,
        reason=row.reason,
        created_at=row.created_at,
    )
