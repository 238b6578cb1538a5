"""`billflow cutover`: plans of a parallel run move from the old system to billflow, or back before their date."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import typer

from billflow.cli.output import Output
from billflow.cli.params import AsJson, Key, Reason, moment_option
from billflow.cli.plan_batches import DryRunOnly, batch_of, reason_of
from billflow.cli.session import Api, CommandGroup, ask
from billflow.domain.cutover_commands import BeginCutover, CancelCutover
from billflow.domain.errors import InvalidInput

app = CommandGroup(invoke_without_command=True)

_FILTERS = ("customer", "test-clock", "status", "tier", "currency", "attention", "next-invoice-before")

Plans = Annotated[
    list[str] | None,
    typer.Option("--plans", metavar="NAME=VALUE", help=f"Only plans of a {', '.join(_FILTERS)}; may be repeated."),
]
NotBefore = Annotated[
    datetime | None, moment_option("At the first end of a period from then on; of the running one if left out.", "--at")
]
IncludeDifferent = Annotated[
    bool, typer.Option("--include-different", help="Also plans whose compared invoices differ, or are missing.")
]
OldSystemEnds = Annotated[
    bool,
    typer.Option("--old-system-ends", help="The old system is not at Stripe, and stops billing then by itself."),
]


@app.callback(invoke_without_command=True)
def cutover(  # noqa: PLR0913  (each is an option)
    context: typer.Context,
    *,
    plans: Plans = None,
    at: NotBefore = None,
    include_different: IncludeDifferent = False,
    old_system_ends: OldSystemEnds = False,
    dry_run: DryRunOnly = False,
    reason: Reason = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Bill plans of a parallel run from the end of a period on, where the old subscription is told to end."""
    if context.invoked_subcommand is not None:
        return
    command = BeginCutover(not_before=at, include_different=include_different, old_system_ends=old_system_ends)
    why = reason_of(dry_run=dry_run, reason=reason)
    ask(lambda api: batch_of(api, chosen(plans), command, why, key), as_json=as_json)


@app.on_api("cutover cancel --plans tier=cloud_standard --reason 'not before the new prices'")
def cancel(
    api: Api, *, plans: Plans = None, dry_run: DryRunOnly = False, reason: Reason = None, key: Key = None
) -> Output:
    """Let the old subscriptions go on and the plans run in parallel to them, before the moment of their cutover."""
    return batch_of(api, chosen(plans), CancelCutover(), reason_of(dry_run=dry_run, reason=reason), key)


def chosen(typed: Sequence[str] | None) -> dict[str, Any]:
    """Return which plans of a parallel run are meant; raises `InvalidInput` for a filter that there is not."""
    wanted: dict[str, Any] = {"parallel_run": True}
    for text in typed or ():
        name, _, value = text.partition("=")
        if name not in _FILTERS or not value:
            message = f"--plans {text} says nothing that can be looked for; write one of {', '.join(_FILTERS)} as "
            raise InvalidInput(f"{message}tier=cloud_standard.", field="plans")
        wanted[name.replace("-", "_")] = value
    return wanted
