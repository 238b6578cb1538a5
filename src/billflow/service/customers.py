"""What is done to customers and reaches their plans, takes a while, or joins several sources."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import NamedTuple

from billflow.domain.access import PushAccess, newest_seen, push_access, seat_gate
from billflow.domain.catalog import Catalog, Hosting, Role, Tier
from billflow.domain.commands import EndNow
from billflow.domain.plan import Schedule
from billflow.domain.plan_start import StartPlan
from billflow.domain.seats import STALE_AFTER, SeatObservation, seats_of
from billflow.domain.step import Facts
from billflow.domain.suspension_effects import effects_of
from billflow.models.contracts.customer_access import AccessRecord, PlanAccess
from billflow.models.contracts.customer_finances import SponsorshipRecord, SponsorshipStatus
from billflow.models.contracts.customers import ChangeContext, CustomerRecord, CustomerRef, CustomerStatus
from billflow.models.contracts.keys import KeyNamespace
from billflow.models.contracts.onboarding import OnboardingOptions, OnboardingProgress, OnboardingStatus
from billflow.models.contracts.plans import PlanState, StartPlanInput
from billflow.models.contracts.steps import CommandRequest
from billflow.service.plans import PlanService
from billflow.store.session.repositories import Queries, Repositories
from billflow.temporal.workflow_starts import onboarding_workflow

_SetStatus = Callable[[CustomerRef, ChangeContext], Awaitable[CustomerRecord]]


class StatusChange(NamedTuple):
    """A customer after a change of its status, and as of when it was made: in the time its plans live in."""

    customer: CustomerRecord
    at: datetime


@dataclass(frozen=True)
class CustomerService:
    """Customers as callers see them; raises `BillingError` with a stable code where a rule says no."""

    plans: PlanService
    repositories: Repositories
    queries: Queries

    async def suspend(self, ref: CustomerRef, change: ChangeContext) -> StatusChange:
        """Suspend a customer and let its live plans know; repeated, it lets them know once more."""
        return await self._set_status(self.repositories.customers.suspend, ref, change)

    async def activate(self, ref: CustomerRef, change: ChangeContext) -> StatusChange:
        """Reactivate a customer; its live plans resume billing (rules 27)."""
        return await self._set_status(self.repositories.customers.activate, ref, change)

    async def deactivate(self, ref: CustomerRef, change: ChangeContext) -> StatusChange:
        """Close a customer's account; refused while a plan is live or being bought."""
        return await self._set_status(self.repositories.customers.deactivate, ref, change)

    async def access(self, ref: CustomerRef) -> AccessRecord:
        """Return what the customer may do now."""
        customer = await self.queries.customers.get(ref.org_id, ref.customer_id)
        active = customer.status is CustomerStatus.ACTIVE
        state = await self.plans.live_plan(ref.org_id, ref.customer_id)
        at = (state and state.clock_at) or datetime.now(UTC)
        facts = await self.queries.plans.facts(state.ref, at) if state else None
        sponsored = state is None and await self._is_sponsored(ref)
        catalog = facts.catalog if facts else await self.repositories.catalogs.current(ref.org_id)
        tier = catalog.tier(state.tier) if state else _sponsored_tier(catalog, customer) if sponsored else None
        return AccessRecord(
            customer_id=customer.customer_id,
            at=at,
            status=customer.status,
            suspended_at=customer.suspended_at,
            **asdict(effects_of(active=active)),
            sponsored=sponsored,
            features=tier.features if tier and active else (),
            plan=_plan_access(state, facts) if state and facts else None,
            push=await self._push(customer, facts, at, sponsored=sponsored),
        )

    async def onboard(self, ref: CustomerRef, options: OnboardingOptions, change: ChangeContext) -> OnboardingProgress:
        """Onboard a customer, durably; return how far it has come. An onboarding on hold is tried again at once."""
        request, progress = await self.repositories.onboardings.begin(ref, options, change)
        if progress.status is not OnboardingStatus.DONE:
            await self.plans.control.start(onboarding_workflow(request), "retry")
        return progress

    async def approve_sponsorship(self, ref: CustomerRef, request_id: str, change: ChangeContext) -> SponsorshipRecord:
        """Sponsor a customer: complimentary access ends, and a self-hosted one gets a plan that costs nothing.

        Safe to repeat, also where it broke off in between. Refused on a paid plan or with a scheduled upgrade.
        """
        approved = await self.repositories.sponsorships.approve(ref, request_id, change)
        customer = await self.queries.customers.get(ref.org_id, ref.customer_id)
        catalog = await self.repositories.catalogs.current(ref.org_id)
        tier, live = (
            catalog.holding(Role.COMMUNITY, customer.hosting),
            await self.plans.live_plan(ref.org_id, ref.customer_id),
        )
        key = KeyNamespace.SPONSORSHIP.key(approved.sponsorship_request_id)
        if live and tier and live.tier == tier.code:
            return approved
        if live:
            end = CommandRequest(command_id=key, command=EndNow(), actor=change.actor, request_id=change.request_id)
            await self.plans.command(live.ref, end)
        if tier:
            clock_id = live.test_clock_id if live else None
            await self.plans.start(
                StartPlanInput(
                    org_id=ref.org_id,
                    customer_id=customer.customer_id,
                    idempotency_key=key,
                    actor=change.actor,
                    start=StartPlan(tier=tier.code, schedule=Schedule.ANNUAL),
                    test_clock_id=clock_id,
                    at=(live and live.clock_at) or change.at,
                )
            )
        return approved

    async def _set_status(self, set_status: _SetStatus, ref: CustomerRef, change: ChangeContext) -> StatusChange:
        timed = await self._timed(ref, change)
        customer = await set_status(ref, timed)
        await self.plans.customer_changed(ref.org_id, ref.customer_id)
        return StatusChange(customer, timed.at)

    async def _timed(self, ref: CustomerRef, change: ChangeContext) -> ChangeContext:
        """Return the change as of the time the customer's plans live in: that of their test clock, if they have one."""
        plans = await self.queries.plans.running(ref.org_id, customer_id=ref.customer_id)
        at = next((plan.clock_at for plan in plans if plan.clock_at), None)
        return change.model_copy(update={"at": at}) if at else change

    async def _is_sponsored(self, ref: CustomerRef) -> bool:
        requests = await self.repositories.sponsorships.list(ref)
        return any(request.status is SponsorshipStatus.APPROVED for request in requests)

    async def _push(
        self, customer: CustomerRecord, facts: Facts | None, at: datetime, *, sponsored: bool
    ) -> PushAccess | None:
        """Return whether a self-hosted server may push; None for the cloud, which needs no permission."""
        if customer.hosting is Hosting.CLOUD:
            return None
        if customer.status is not CustomerStatus.ACTIVE:
            return PushAccess(allowed=False)
        access = push_access(facts, await self._newest_seen(customer, facts, at), at)
        return replace(access, allowed=access.allowed or sponsored)

    async def _newest_seen(self, customer: CustomerRecord, facts: Facts | None, at: datetime) -> SeatObservation | None:
        if facts is not None:
            return newest_seen(facts)
        reports = await self.queries.customers.seats(
            customer.org_id, customer.customer_id, since=at - STALE_AFTER, until=at
        )
        return SeatObservation(**reports[-1].model_dump()) if reports else None


def _sponsored_tier(catalog: Catalog, customer: CustomerRecord) -> Tier | None:
    """Return the tier whose features a sponsored customer has."""
    held = (catalog.holding(role, customer.hosting) for role in (Role.SPONSORED, Role.COMMUNITY))
    return next(filter(None, held), None)


def _plan_access(state: PlanState, facts: Facts) -> PlanAccess:
    gate = seat_gate(facts)
    return PlanAccess(
        plan_id=state.plan_id,
        tier=state.tier,
        tier_name=state.tier_name,
        status=state.status,
        licenses=state.licenses,
        seats_in_use=seats_of(facts.catalog.tier(state.tier).seat_rule, newest_seen(facts)),
        seats_left=gate.spare,
        can_add_seats=seat_gate(facts, members=1).allowed,
        warn_about_seats=gate.warning,
    )
