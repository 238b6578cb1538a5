"""Asking plans to do something, and showing what came of it."""

from typing import TYPE_CHECKING

from billflow.cli.lookup import plan_ref
from billflow.cli.output import Output, Part, Table
from billflow.cli.plan_views import INVOICES, described
from billflow.cli.session import Engine, actor, answered, key_of
from billflow.domain.errors import Refused
from billflow.models.contracts.keys import KeyNamespace

if TYPE_CHECKING:
    from billflow.cli.command_variants import Request
    from billflow.models.contracts.plans import StartPlanResult
    from billflow.models.contracts.steps import CommandRequest


async def command(engine: Engine, typed: "Request") -> Output:
    """Give a plan a command, and show the plan and the invoices made."""
    from billflow.models.contracts.responses import CommandResponse

    request = _request(typed)
    result = await answered(engine.plans.command(await plan_ref(engine, typed.plan), request), request.command_id)
    tables = {"Invoices made": result.invoices, "Invoices voided": result.voided}
    parts: list[Part] = [
        described(result.state),
        *(Table(title, INVOICES, made) for title, made in tables.items() if made),
    ]
    if result.successor:
        parts += ["From now on this plan follows it:", described(result.successor)]
    return Output(CommandResponse.of(result), *parts)


async def signal(engine: Engine, typed: "Request") -> Output:
    """Leave a command with a plan without waiting for it."""
    request = _request(typed)
    await engine.plans.signal(await plan_ref(engine, typed.plan), request)
    sentence = f"Left with the plan; `billflow plan timeline {typed.plan}` shows what came of it."
    return Output({"command_id": KeyNamespace.CLIENT.name_of(request.command_id), "sent": True}, sentence)


def _request(typed: "Request") -> "CommandRequest":
    from billflow.models.contracts.steps import CommandRequest

    return CommandRequest(command_id=key_of(typed.key), command=typed.command, actor=actor())


def started(result: "StartPlanResult") -> Output:
    """Show a plan that was started; it is refused where its payment came to nothing."""
    from billflow.models.contracts.invoices import Declined, Rejected, RequiresAction
    from billflow.models.contracts.responses import PlanStartResponse

    plan, outcome, answer = described(result.state), result.outcome, PlanStartResponse.of(result)
    if isinstance(outcome, Declined | Rejected):
        refused = Refused(f"The plan did not start: {outcome.message.rstrip('.')}.", code=outcome.code)
        return Output(answer, plan, error=refused)
    if isinstance(outcome, RequiresAction):
        page = outcome.hosted_invoice_url or "see the invoice"
        return Output(answer, plan, f"The customer has to confirm the payment: {page}")
    return Output(answer, plan)
