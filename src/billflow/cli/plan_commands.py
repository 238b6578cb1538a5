"""Asking plans to do something, and showing what came of it."""

from dataclasses import asdict
from typing import TYPE_CHECKING

from billflow.cli.json_objects import JsonObject
from billflow.cli.lookup import found
from billflow.cli.output import Output, Part, Table
from billflow.cli.plan_views import INVOICES, described
from billflow.cli.session import Api
from billflow.domain.errors import Refused

if TYPE_CHECKING:
    from billflow.cli.command_variants import Request

_UNPAID = ("declined", "rejected")


def command(api: Api, typed: "Request") -> Output:
    """Give a plan a command, and show the plan and the invoices made."""
    return commanded(api.write("POST", f"/plans/{found(api, 'plan', typed.plan)}/commands", _body(typed), typed.key))


def commanded(answer: JsonObject) -> Output:
    """Show a plan after a command, and the invoices made."""
    tables = {"Invoices made": answer.invoices, "Invoices voided": answer.voided}
    parts: list[Part] = [
        described(answer.plan),
        *(Table(title, INVOICES, made) for title, made in tables.items() if made),
    ]
    if answer.successor:
        parts += ["From now on this plan follows it:", described(answer.successor)]
    return Output(answer, *parts)


def signal(api: Api, typed: "Request") -> Output:
    """Leave a command with a plan without waiting for it."""
    plan = found(api, "plan", typed.plan)
    return signalled(api.write("POST", f"/plans/{plan}/signals", _body(typed), typed.key), typed.plan)


def signalled(answer: JsonObject, plan: str) -> Output:
    """Say where it is seen what came of a command that nobody waits for."""
    return Output(answer, f"Left with the plan; `billflow plan timeline {plan}` shows what came of it.")


def started(answer: JsonObject) -> Output:
    """Show a plan that was started; it is refused where its payment came to nothing."""
    plan, outcome = described(answer.plan), answer.outcome
    if outcome and outcome.kind in _UNPAID:
        refused = Refused(f"The plan did not start: {outcome.message.rstrip('.')}.", code=outcome.code)
        return Output(answer, plan, error=refused)
    if outcome and outcome.kind == "requires_action":
        page = outcome.hosted_invoice_url or "see the invoice"
        return Output(answer, plan, f"The customer has to confirm the payment: {page}")
    return Output(answer, plan)


def _body(typed: "Request") -> dict[str, object]:
    return asdict(typed.command)
