"""Plans: starting them, looking at them, and asking something of them."""

import asyncio
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import Body, Query
from pydantic import ConfigDict, Field

from billflow.api.as_of import PastMoment, PastPaging, PastSlice, known
from billflow.api.changes import PlanHere
from billflow.api.fields import KeyHere
from billflow.api.principal import Principal, PrincipalHere
from billflow.api.routers import api_router
from billflow.api.services import Services, ServicesHere
from billflow.domain.commands import ScheduleTierAtPlanEnd, UpgradeTierNow
from billflow.domain.plan import CollectionMethod, LicenseManagement, Schedule
from billflow.domain.plan_start import StartPlan
from billflow.models.contracts.base import Command, RequestModel, RequestMoment
from billflow.models.contracts.keys import NamespacedKey
from billflow.models.contracts.plans import StartPlanInput
from billflow.models.contracts.records import InvoiceFilter, Paging, PlanFilter, PlanRecord
from billflow.models.contracts.responses import (
    AddOnList,
    CommandResponse,
    InvoiceList,
    ItemList,
    LedgerList,
    PlanList,
    PlanResponse,
    PlanStartResponse,
    SignalResponse,
    TimelineList,
)
from billflow.models.contracts.steps import CommandRequest, PlanRef

PATIENCE = 75.0
"""Seconds that a worker has to answer; starting a plan may take a minute of it for the card."""

router = api_router("plans", "/plans")

_STARTS: dict[str, Any] = {
    "by card": {"value": {"customer_id": "6f1c…", "tier": "cloud_standard", "schedule": "monthly"}},
    "a trial": {"value": {"customer_id": "6f1c…", "tier": "cloud_standard", "schedule": "annual", "trial_days": 30}},
    "by invoice": {
        "value": {
            "customer_id": "6f1c…",
            "tier": "cloud_standard",
            "schedule": "annual",
            "license_management": "manual",
            "licenses": 25,
            "collection_method": "send_invoice",
        }
    },
}
COMMANDS: dict[str, Any] = {
    "more licenses": {"value": {"type": "set_licenses", "licenses": 30}},
    "end with the cycle": {"value": {"type": "downgrade_at_end_of_cycle"}},
    "an add-on": {"value": {"type": "set_add_on", "add_on": "storage", "quantity": 2}},
    "a set-up fee": {"value": {"type": "add_item", "description": "Set-up", "unit_amount": 50000}},
}


class PlanCreate(RequestModel):
    """A plan to start; without `licenses` they follow the seats, `trial_days` of 0 means to buy at once."""

    customer_id: str = Field(max_length=100)
    tier: str = Field(max_length=100)
    schedule: Schedule
    licenses: int | None = None
    license_management: LicenseManagement = LicenseManagement.AUTOMATIC
    collection_method: CollectionMethod = CollectionMethod.CHARGE_AUTOMATICALLY
    trial_days: int = 0
    fixed_price: int | None = None
    offer_id: str | None = Field(None, max_length=100)
    end_date: RequestMoment | None = None
    coupon: str | None = Field(None, max_length=100)
    test_clock_id: str | None = Field(None, max_length=100)

    def start(self) -> StartPlan:
        """Return what is asked for; raises `InvalidInput`."""
        return StartPlan(**self.model_dump(exclude={"customer_id", "test_clock_id"}))


class PlanQuery(PlanFilter, Paging):
    """Which plans to list, and which part of the list; as of when."""

    model_config = ConfigDict(extra="forbid")

    as_of: PastMoment = None


@router.post("", status_code=HTTPStatus.CREATED)
async def start_plan(
    asked: Annotated[PlanCreate, Body(openapi_examples=_STARTS)],
    services: ServicesHere,
    principal: PrincipalHere,
    key: KeyHere,
) -> PlanStartResponse:
    """Start a plan, and wait for the card where it pays by card."""
    now = datetime.now(UTC)
    if asked.test_clock_id:
        now = (await services.repositories.test_clocks.get(principal.org_id, asked.test_clock_id)).now_at
    ask = StartPlanInput(
        org_id=principal.org_id,
        customer_id=asked.customer_id,
        idempotency_key=key,
        actor=principal.actor,
        start=asked.start(),
        test_clock_id=asked.test_clock_id,
        at=now,
    )
    async with asyncio.timeout(PATIENCE):
        return PlanStartResponse.of(await services.plans.start(ask, principal.scopes))


@router.get("")
async def list_plans(
    services: ServicesHere, principal: PrincipalHere, which: Annotated[PlanQuery, Query()]
) -> PlanList:
    """List plans, the newest first."""
    return PlanList.of(await services.queries.as_of(which.as_of).plans.search(principal.org_id, which, which))


@router.get("/{plan_id}", response_model=PlanResponse)
async def show_plan(plan: PlanHere, services: ServicesHere, as_of: PastMoment = None) -> PlanRecord:
    """Show a plan as it is now, or as it was known to be."""
    return await known(services, as_of, lambda queries: queries.plans.get(plan))


@router.get("/{plan_id}/ledger")
async def show_ledger(plan: PlanHere, services: ServicesHere, part: Annotated[PastSlice, Query()]) -> LedgerList:
    """List the entries of the plan's ledger: who had how many licenses from when on, and what billed them."""
    asked = plan, part.begin, part.limit
    found = await known(services, part.as_of, lambda queries: queries.plans.part_of_ledger(*asked))
    return LedgerList.of(part.of_part(*found))


@router.get("/{plan_id}/add-ons")
async def show_add_ons(plan: PlanHere, services: ServicesHere, part: Annotated[PastSlice, Query()]) -> AddOnList:
    """List the plan's add-ons: how many units it holds of each, and will renew with."""
    return AddOnList.of(part.of(await known(services, part.as_of, lambda queries: queries.plans.add_ons(plan))))


@router.get("/{plan_id}/items")
async def show_items(plan: PlanHere, services: ServicesHere, part: Annotated[PastSlice, Query()]) -> ItemList:
    """List the plan's one-off items: those that wait for the next invoice, and what became of the others."""
    return ItemList.of(part.of(await known(services, part.as_of, lambda queries: queries.plans.items(plan))))


@router.get("/{plan_id}/invoices")
async def show_invoices(plan: PlanHere, services: ServicesHere, paging: Annotated[PastPaging, Query()]) -> InvoiceList:
    """List the plan's invoices."""
    await known(services, paging.as_of, lambda queries: queries.plans.get(plan))
    wanted, queries = InvoiceFilter(plan_id=plan.plan_id), services.queries.as_of(paging.as_of)
    return InvoiceList.of(await queries.invoices.search(plan.org_id, wanted, paging))


@router.get("/{plan_id}/timeline")
async def show_timeline(plan: PlanHere, services: ServicesHere, part: Annotated[PastSlice, Query()]) -> TimelineList:
    """List what happened to the plan: its steps, and what came of them."""
    await known(services, part.as_of, lambda queries: queries.plans.get(plan))
    found = await services.queries.plans.timeline(plan)
    return TimelineList.of(part.of([one for one in found if not part.as_of or one.recorded_at <= part.as_of]))


@router.post("/{plan_id}/commands")
async def give_command(
    plan: PlanHere,
    command: Annotated[Command, Body(openapi_examples=COMMANDS)],
    services: ServicesHere,
    principal: PrincipalHere,
    key: KeyHere,
) -> CommandResponse:
    """Ask something of a plan; answers once it is done."""
    request = await _request(plan, command, services, principal, key)
    async with asyncio.timeout(PATIENCE):
        return CommandResponse.of(await services.plans.command(plan, request, principal.scopes))


@router.post("/{plan_id}/signals", status_code=HTTPStatus.ACCEPTED)
async def leave_command(
    plan: PlanHere,
    command: Annotated[Command, Body(openapi_examples=COMMANDS)],
    services: ServicesHere,
    principal: PrincipalHere,
    key: KeyHere,
) -> SignalResponse:
    """Leave a command with a plan and don't wait; its timeline shows what came of it."""
    await services.plans.signal(plan, await _request(plan, command, services, principal, key), principal.scopes)
    return SignalResponse()


async def _request(
    plan: PlanRef, command: Command, services: Services, principal: Principal, key: NamespacedKey
) -> CommandRequest:
    if isinstance(command, UpgradeTierNow | ScheduleTierAtPlanEnd):
        await services.check_tier(plan.org_id, command.tier)
    return CommandRequest(command_id=key, command=command, actor=principal.actor, request_id=principal.request_id)
