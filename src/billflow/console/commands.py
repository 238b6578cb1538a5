"""What a plan is asked to do: a form from the command's class, its preview, and the command itself."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from http import HTTPStatus
from inspect import cleandoc
from typing import Any, get_args

from fastapi import APIRouter, Response
from fastapi.responses import RedirectResponse

from billflow.api.changes import PlanHere, change_by
from billflow.api.routes.plans import PATIENCE
from billflow.api.services import Services
from billflow.console.actions import Action, Shown, key_in, preview_of, reason_in, shown_action
from billflow.console.forms import FormTerms, fields_of, read_form, written
from billflow.console.pages import BASE, words
from billflow.console.security import ConsoleRoute, FormHere
from billflow.console.visits import Visit, VisitHere
from billflow.domain.commands import PlanCommand
from billflow.domain.errors import BillingError, NotFound
from billflow.domain.lifecycle import ROWS
from billflow.domain.scopes import Scope
from billflow.models.contracts.console import StatedReason
from billflow.models.contracts.keys import KeyNamespace, NamespacedKey
from billflow.models.contracts.previews import PlanChange, PreviewResponse
from billflow.models.contracts.records import PlanRecord
from billflow.models.contracts.steps import CommandRequest, PlanRef
from billflow.pages.confirmations import WHY

TYPES: Mapping[type[Any], str] = {
    kind: str(field.default) for kind in get_args(PlanCommand) for field in fields(kind) if field.name == "type"
}
"""The type of every command by its class."""

KINDS: Mapping[str, type[Any]] = {name: kind for kind, name in TYPES.items()}

_CODE = re.compile(r"`(\w+)`")

router = APIRouter(route_class=ConsoleRoute)


@dataclass(frozen=True)
class CommandForm:
    """A command of one kind for one plan, in the terms that its form goes by."""

    kind: type[Any]
    plan: PlanRecord
    terms: FormTerms

    @property
    def name(self) -> str:
        """Return the command's type."""
        return TYPES[self.kind]

    @property
    def action(self) -> Action:
        """Return it as it is titled."""
        plan = self.plan
        return Action(
            title=words(self.name).capitalize(),
            description=_CODE.sub(lambda found: words(found[1]), cleandoc(self.kind.__doc__ or "")),
            address=f"{BASE}/plans/{plan.plan_id}/commands/{self.name}",
            about=f"{plan.customer_name}: {plan.tier_name}, {words(plan.schedule)}",
            back=f"{BASE}/customers/{plan.customer_id}#plan-{plan.plan_id}",
        )

    def current(self) -> dict[str, str]:
        """Return the plan's own values of the fields, as they are written."""
        at_renewal = {"licenses": "licenses_at_next_renewal"} if self.name == "set_licenses_at_renewal" else {}
        names = [field.name for field in fields_of(self.kind, {}, self.terms)]
        held = {name: getattr(self.plan, at_renewal.get(name, name), None) for name in names}
        return {name: written(value, name, self.terms.currency) for name, value in held.items()}


def offered(plan: PlanRecord, scopes: frozenset[Scope]) -> list[tuple[str, str]]:
    """Return the commands that the plan's status allows and somebody of *scopes* may give: type and title."""
    allowed = (kind for kind, row in ROWS.items() if plan.status in row.statuses and kind.scope in scopes)
    return [(TYPES[kind], words(TYPES[kind]).capitalize()) for kind in allowed]


@router.get("/plans/{plan_id}/commands/{command}")
async def show_command(visit: VisitHere, plan: PlanHere, command: str) -> Response:
    """Show the form of a command; once it is filled in, what the command would do."""
    form = await _form(visit.services, plan, command)
    asked = visit.query
    filled = fields_of(form.kind, asked or form.current(), form.terms)
    if not asked and filled:
        return shown_action(visit, form.action, filled)
    try:
        found = await visit.services.plans.preview(plan, read_form(form.kind, asked, form.terms))
    except BillingError as error:
        return shown_action(visit, form.action, filled, Shown(problem=error))
    shown = PreviewResponse.of_preview(found)
    preview = preview_of((), shown, changes=PlanChange.between(form.plan, shown))
    return shown_action(visit, form.action, filled, Shown(preview))


@router.post("/plans/{plan_id}/commands/{command}")
async def give_command(visit: VisitHere, plan: PlanHere, command: str, sent: FormHere) -> Response:
    """Give the command, once for each form however often that is sent, and go to what came of it."""
    form = await _form(visit.services, plan, command)
    try:
        key = await _given(visit, form, sent)
    except BillingError as error:
        filled = fields_of(form.kind, sent, form.terms)
        return shown_action(visit, form.action, filled, Shown(problem=error, reason=sent.get(WHY, "")))
    result = f"{BASE}/plans/{plan.plan_id}/results/{KeyNamespace.CONSOLE.name_of(key)}"
    return RedirectResponse(result, HTTPStatus.SEE_OTHER)


@router.get("/plans/{plan_id}/results/{name}")
async def show_result(visit: VisitHere, plan: PlanHere, name: str) -> Response:
    """Show what came of a command, from the records."""
    key = f"{plan.plan_id}/command/{KeyNamespace.CONSOLE.key(name)}"
    _, result = await visit.services.repositories.plans.get_with_result(plan, key)
    if result is None:
        raise NotFound("There is no such result; look at the plan's timeline.")
    return visit.page("result.html", result=result, plan=await visit.services.queries.plans.get(plan))


async def _given(visit: Visit, form: CommandForm, sent: Mapping[str, str]) -> NamespacedKey:
    key, reason, plan = key_in(sent), reason_in(sent), form.plan.ref
    asked = read_form(form.kind, sent, form.terms)
    why = StatedReason(
        org_id=plan.org_id,
        customer_id=form.plan.customer_id,
        subject=("plan", plan.plan_id),
        action=f"console.{form.name}",
        key=key,
    )
    await visit.services.repositories.reasons.record(why, change_by(visit.principal, reason))
    principal = visit.principal
    request = CommandRequest(command_id=key, command=asked, actor=principal.actor, request_id=principal.request_id)
    async with asyncio.timeout(PATIENCE):
        await visit.services.plans.command(plan, request, principal.scopes)
    return key


async def _form(services: Services, plan: PlanRef, command: str) -> CommandForm:
    if command not in KINDS:
        raise NotFound("There is no such command; the customer's page shows those that the plan takes.")
    record = await services.queries.plans.get(plan)
    catalog = await services.repositories.catalogs.current(plan.org_id)
    choices = {"tier": tuple(catalog.tiers), "add_on": tuple(catalog.add_ons)}
    return CommandForm(KINDS[command], record, FormTerms(record.currency, choices))
