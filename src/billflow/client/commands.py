"""Calls that ask something of a plan."""

from dataclasses import fields

from billflow.client.calls import Call, plain, write
from billflow.domain.commands import PlanCommand
from billflow.models.contracts.responses import CommandResponse


def give(plan_id: str, command: PlanCommand, *, key: str | None = None) -> Call[CommandResponse]:
    """Give a plan a command of `billflow.domain.commands`; answers once it is done."""
    body = {field.name: getattr(command, field.name) for field in fields(command)}
    return write("POST", f"/plans/{plan_id}/commands", CommandResponse, plain(body), key)
