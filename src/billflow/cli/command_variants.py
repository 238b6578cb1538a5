"""One subcommand per variant of `PlanCommand`, made from its dataclass: a new variant needs nothing here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, get_args

import typer

from billflow.cli.fields import options_of, parameter, sample_of, signed, typed_as
from billflow.cli.params import AsJson, At, Key, PlanId
from billflow.domain.commands import PlanCommand

VARIANTS: tuple[type[PlanCommand], ...] = get_args(PlanCommand)

Shared = Mapping[str, tuple[Any, Any]]
"""Options that every variant takes besides its own: name to annotation and default."""

WHEN_SENT: Shared = {"key": (Key, None), "as_json": (AsJson, False)}
WHEN_PREVIEWED: Shared = {"at": (At, None), "as_json": (AsJson, False)}


@dataclass(frozen=True, slots=True)
class Request:
    """A command as it was typed: for which plan, under which key, as of when."""

    plan: str
    command: PlanCommand
    key: str | None
    at: datetime | None
    as_json: bool


def group(
    verb: str, help_text: str, act: Callable[[Request], None], shared: Shared, program: str = "billflow plan"
) -> typer.Typer:
    """Return `PROGRAM VERB PLAN COMMAND`, which passes what was typed to *act*."""
    made = typer.Typer(help=help_text, epilog=_example(program, verb, VARIANTS[0]))

    @made.callback()
    def register(context: typer.Context, plan: PlanId) -> None:
        context.obj = plan

    for variant in VARIANTS:
        made.command(name_of(variant), epilog=_example(program, verb, variant))(_command(variant, act, shared))
    return made


def name_of(variant: type[PlanCommand]) -> str:
    """Return how a command is typed: `set-licenses`."""
    default = next(field.default for field in fields(variant) if field.name == "type")
    return str(default).replace("_", "-")


def _command(variant: type[PlanCommand], act: Callable[[Request], None], shared: Shared) -> Callable[..., None]:
    def run(context: typer.Context, **typed: Any) -> None:
        command = typed_as(variant, typed)
        act(Request(context.obj, command, typed.get("key"), typed.get("at"), typed["as_json"]))

    own = [parameter("context", typer.Context), *options_of(variant)]
    signed(run, [*own, *(parameter(name, *kind) for name, kind in shared.items())], variant.__doc__)
    return run


def _example(program: str, verb: str, variant: type[PlanCommand]) -> str:
    return " ".join(["Example:", program, verb, "0192f3", name_of(variant), *sample_of(variant)])
