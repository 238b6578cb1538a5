"""Asking plans to do something, and showing what came of it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from billflow.cli import output
from billflow.cli.lookup import found, now, org_of, plan_ref
from billflow.cli.plan_views import described, invoice_rows
from billflow.cli.session import actor, answered, key_of
from billflow.domain.errors import Refused
from billflow.domain.plan_start import StartPlan
from billflow.models.contracts.invoices import Declined, Rejected, RequiresAction
from billflow.models.contracts.keys import KeyNamespace
from billflow.models.contracts.plans import StartPlanInput, StartPlanResult, StepResult
from billflow.models.contracts.steps import CommandRequest

if TYPE_CHECKING:
    from billflow.cli.command_variants import Request
    from billflow.wiring.engine import Engine


@dataclass(frozen=True, slots=True)
class Start:
    """A plan to start, as it was typed."""

    customer: str
    asked: StartPlan
    clock: str | None
    key: str | None
    as_json: bool


async def start(engine: "Engine", typed: Start) -> None:
    """Start a plan; raises `Refused` where its payment came to nothing."""
    org_id, customer_id = await org_of(engine), await found(engine, "customer", typed.customer)
    clock_id = await found(engine, "clock", typed.clock) if typed.clock else None
    ask = StartPlanInput(
        org_id=org_id,
        customer_id=customer_id,
        idempotency_key=key_of(typed.key),
        actor=actor(),
        start=typed.asked,
        test_clock_id=clock_id,
        at=(await engine.repositories.test_clocks.get(org_id, clock_id)).now_at if clock_id else now(),
    )
    show_started(await answered(engine.plans.start(ask), ask.idempotency_key), as_json=typed.as_json)


async def command(engine: "Engine", typed: "Request") -> None:
    """Give a plan a command, and show the plan and the invoices made."""
    request = _request(typed)
    result = await answered(engine.plans.command(await plan_ref(engine, typed.plan), request), request.command_id)
    if typed.as_json:
        output.as_json(result)
        return
    _show_result(result)


async def signal(engine: "Engine", typed: "Request") -> None:
    """Leave a command with a plan without waiting for it."""
    request = _request(typed)
    await engine.plans.signal(await plan_ref(engine, typed.plan), request)
    if typed.as_json:
        output.as_json({"command_id": KeyNamespace.CLIENT.name_of(request.command_id), "sent": True})
        return
    output.say(f"Left with the plan; `billflow plan timeline {typed.plan}` shows what came of it.")


def _request(typed: "Request") -> CommandRequest:
    return CommandRequest(command_id=key_of(typed.key), command=typed.command, actor=actor())


def _show_result(result: StepResult) -> None:
    described(result.state)
    if result.invoices:
        output.table("Invoices made", *invoice_rows(result.invoices))
    if result.voided:
        output.table("Invoices voided", *invoice_rows(result.voided))
    if result.successor:
        output.say("From now on this plan follows it:")
        described(result.successor)


def show_started(started: StartPlanResult, *, as_json: bool) -> None:
    """Show a plan that was started; raises `Refused` where its payment came to nothing."""
    if as_json:
        output.as_json(started)
    else:
        described(started.state)
    outcome = started.outcome
    if isinstance(outcome, Declined | Rejected):
        raise Refused(f"The plan did not start: {outcome.message.rstrip('.')}.", code=outcome.code)
    if isinstance(outcome, RequiresAction) and not as_json:
        output.say(f"The customer has to confirm the payment: {outcome.hosted_invoice_url or 'see the invoice'}")
