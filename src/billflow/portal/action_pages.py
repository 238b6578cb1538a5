"""A customer changes its plan: what that comes to is shown before it is done, then it is confirmed, and done once."""

import asyncio
from http import HTTPStatus

from fastapi import APIRouter, Response

from billflow.api.routes.plans import PATIENCE
from billflow.domain.catalog import Catalog
from billflow.domain.commands import PlanCommand
from billflow.domain.errors import BillingError, NotFound
from billflow.domain.scopes import Scope
from billflow.errors import kind_of
from billflow.models.contracts.keys import NamespacedKey
from billflow.models.contracts.records import PlanRecord
from billflow.models.contracts.steps import CommandRequest
from billflow.pages.confirmations import given_key, new_key, with_key
from billflow.pages.forms import FormHere
from billflow.portal.actions import ACTIONS, PortalAction, key_in
from billflow.portal.previews import shown_preview
from billflow.portal.security import PortalRoute
from billflow.portal.visits import PortalVisit, VisitHere

SCOPES = frozenset({Scope.READ, Scope.WRITE})
"""What a customer may at most: nothing that support has to grant."""

router = APIRouter(route_class=PortalRoute)


@router.get("/plans/{plan_id}/{action}")
async def show_action(visit: VisitHere, plan_id: str, action: str) -> Response:
    """Show the form of an action; once it is filled in, what the action would do; the way to that with a key first."""
    plan, one = await _asked(visit, plan_id, action)
    filled = visit.query.get("value", "")
    if one.field and not filled:
        return await _page(visit, plan, action)
    if given_key(visit.request) is None:
        return with_key(visit.request)
    return await _page(visit, plan, action, filled)


@router.post("/plans/{plan_id}/{action}")
async def do_action(visit: VisitHere, plan_id: str, action: str, sent: FormHere) -> Response:
    """Do it, once for each form however often that is sent, and go back to the overview."""
    plan, one = await _asked(visit, plan_id, action)
    filled = sent.get("value", "")
    try:
        await _done(visit, plan, one.command(plan, filled), key_in(sent))
    except BillingError as error:
        return await _page(visit, plan, action, filled, problem=error)
    return visit.redirect("/?done=done")


async def _asked(visit: PortalVisit, plan_id: str, action: str) -> tuple[PlanRecord, PortalAction]:
    plan, one = await visit.plan(plan_id), ACTIONS.get(action)
    if one is None:
        raise NotFound("There is no such page.")
    visit.check(one.ability)
    return plan, one


async def _done(visit: PortalVisit, plan: PlanRecord, command: PlanCommand, key: NamespacedKey) -> None:
    change = visit.change()
    request = CommandRequest(command_id=key, command=command, actor=change.actor, request_id=change.request_id)
    async with asyncio.timeout(PATIENCE):
        await visit.services.plans.command(plan.ref, request, SCOPES)


async def _page(
    visit: PortalVisit, plan: PlanRecord, action: str, filled: str | None = None, *, problem: BillingError | None = None
) -> Response:
    one, preview = ACTIONS[action], None
    catalog = await visit.services.repositories.catalogs.current(plan.org_id)
    if filled is not None and problem is None:
        try:
            found = await visit.services.plans.preview(plan.ref, one.command(plan, filled))
            preview = shown_preview(found, plan, visit.reader, catalog)
        except BillingError as error:
            problem = error
    return visit.page(
        "action.html",
        status=(kind_of(type(problem)).http_status or 500) if problem else HTTPStatus.OK,
        plan=plan,
        action=action,
        field=one.field,
        value=filled if filled is not None else str(getattr(plan, one.field or "", "")),
        tiers=_tiers(plan, catalog, visit) if one.field == "tier" else (),
        preview=preview,
        problem=problem,
        key=given_key(visit.request) or new_key(),
        next_key=new_key(),
    )


def _tiers(plan: PlanRecord, catalog: Catalog, visit: PortalVisit) -> tuple[tuple[str, str], ...]:
    """Return the tiers that the plan may become: code and name."""
    known = (catalog.tiers.get(code) for code in catalog.tier(plan.tier).upgrades_to)
    return tuple(
        (tier.code, tier.name)
        for tier in known
        if tier and tier.prices and not tier.retired and tier.suits(visit.customer.hosting)
    )
