"""Calls that ask something of a plan."""

from dataclasses import fields
from datetime import datetime
from typing import Any

from billflow.client.calls import Call, ask, write
from billflow.domain.commands import PlanCommand
from billflow.models.contracts.previews import PreviewResponse
from billflow.models.contracts.responses import CommandResponse, SignalResponse


def give(plan_id: str, command: PlanCommand, *, key: str | None = None) -> Call[CommandResponse]:
    """Give a plan a command of `billflow.domain.commands`; answers once it is done."""
    return write("POST", f"/plans/{plan_id}/commands", CommandResponse, _fields(command), key)


def leave(plan_id: str, command: PlanCommand, *, key: str | None = None) -> Call[SignalResponse]:
    """Leave a command with a plan and don't wait; its timeline shows what came of it."""
    return write("POST", f"/plans/{plan_id}/signals", SignalResponse, _fields(command), key)


def preview(plan_id: str, command: PlanCommand | None = None, *, at: datetime | None = None) -> Call[PreviewResponse]:
    """Say what a command would change and bill, or without one what the moment *at* finds; nothing is written."""
    return ask(f"/plans/{plan_id}/preview", PreviewResponse, _fields(command) if command else None, at=at)


def _fields(command: PlanCommand) -> dict[str, Any]:
    return {field.name: getattr(command, field.name) for field in fields(command)}
