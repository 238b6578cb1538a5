"""`billflow plan batch` and `billflow batch`: one command for many plans, after a dry run of each."""

import time as clock
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

import typer

from billflow.cli.command_variants import VARIANTS, name_of
from billflow.cli.fields import options_of, parameter, sample_of, signed, typed_as
from billflow.cli.json_objects import JsonObject, given, rows_of
from billflow.cli.lookup import PagingHere, begun, found, id_of
from billflow.cli.output import Listing, Output, Table, listed
from billflow.cli.params import AsJson, Key, Reason, example, moment_option
from billflow.cli.plan_batch_views import BATCHES, ITEMS, shown
from billflow.cli.session import Api, CommandGroup, ask
from billflow.domain.commands import PlanCommand
from billflow.domain.errors import InvalidInput
from billflow.domain.plan import PlanStatus

LOOKS = 1.0
"""Seconds between two looks at how far a batch is."""

FIRST = 50
"""Plans of a batch that are shown."""

_LOOKED_UP = {"customer": ("customer", "customer_id"), "test_clock": ("test clock", "test_clock_id")}

app = CommandGroup()

BatchHere = Annotated[str, id_of("plan batch"), begun("plan batch")]


@app.on_api("batch list --json", name="list")
def list_(api: Api, *, paging: PagingHere) -> Listing:
    """List batches of plans, the newest first."""
    return listed("Batches", api.get("/plan-batches", **paging), BATCHES)


@app.on_api("batch show 0192f3")
def show(api: Api, batch: BatchHere) -> Output:
    """Show how far a batch is, and what its plans come to."""
    return _shown(api, api.get(f"/plan-batches/{batch}"))


@app.on_api("batch items 0192f3 --status refused", "batch items 0192f3 --csv")
def items(
    api: Api,
    batch: BatchHere,
    *,
    status: Annotated[str | None, typer.Option(help="Those only: waiting, ready, refused, done or failed.")] = None,
) -> Listing:
    """List the plans of a batch: what the command would do to each or has done, or why not."""
    return listed("Plans of the batch", api.all(f"/plan-batches/{batch}/items", status=status), ITEMS)


@app.on_api('batch confirm 0192f3 --reason "the license gate was lifted"')
def confirm(
    api: Api,
    batch: BatchHere,
    *,
    reason: Annotated[str, typer.Option("--reason", help="Why, for the audit log.")],
    key: Key = None,
) -> Output:
    """Give the command of a batch to every plan that its dry run found ready, and wait until that is done."""
    return _shown(api, _confirmed(api, batch, reason, key))


@app.on_api("batch cancel 0192f3")
def cancel(api: Api, batch: BatchHere, *, reason: Reason = None, key: Key = None) -> Output:
    """Give the command of a batch to no more plans; those that have taken it keep it."""
    return _shown(api, api.write("POST", f"/plan-batches/{batch}/cancel", given(reason=reason), key))


def batch_group() -> typer.Typer:
    """Return `billflow plan batch [FILTERS] COMMAND`, with a command for each that plans take."""
    text = "Give a command to every plan that fits, after a dry run of each; name at least one filter."
    made = typer.Typer(help=text, epilog=example("plan batch --attention stale_seat_data retry --dry-run"))

    @made.callback()
    def plans(  # noqa: PLR0913  (each is one filter)
        context: typer.Context,
        *,
        customer: Annotated[str | None, typer.Option(help="Those of a customer.")] = None,
        status: Annotated[PlanStatus | None, typer.Option(help="Where they stand.")] = None,
        tier: Annotated[str | None, typer.Option(help="A tier's code.")] = None,
        currency: Annotated[str | None, typer.Option(help="What they are billed in.")] = None,
        attention: Annotated[str | None, typer.Option(help="The code of what holds them.")] = None,
        needs_attention: Annotated[bool, typer.Option("--needs-attention", help="On hold plans only.")] = False,
        live: Annotated[bool, typer.Option("--live", help="Those that run, trials included.")] = False,
        next_invoice_before: Annotated[
            datetime | None, moment_option("Billed next before then.", "--next-invoice-before")
        ] = None,
    ) -> None:
        own = {"tier": tier, "currency": currency, "attention": attention, "next_invoice_before": next_invoice_before}
        flags = {"needs_attention": needs_attention or None, "live": live or None}
        context.obj = given(customer=customer, status=status, **own, **flags)

    for variant in VARIANTS:
        sample = " ".join([name_of(variant), *sample_of(variant)])
        epilog = example(f"plan batch --tier cloud_standard {sample} --dry-run")
        made.command(name_of(variant), epilog=epilog)(_command(variant))
    return made


def _command(variant: type[PlanCommand]) -> Callable[..., None]:
    def run(context: typer.Context, **typed: Any) -> None:
        reason = reason_of(dry_run=typed["dry_run"], reason=typed["reason"])
        command = typed_as(variant, typed)
        ask(lambda api: batch_of(api, context.obj, command, reason, typed["key"]), as_json=typed["as_json"])

    shared = {"dry_run": (DryRunOnly, False), "reason": (Reason, None), "key": (Key, None), "as_json": (AsJson, False)}
    own = [parameter("context", typer.Context), *options_of(variant)]
    signed(run, [*own, *(parameter(name, *kind) for name, kind in shared.items())], variant.__doc__)
    return run


DryRunOnly = Annotated[bool, typer.Option("--dry-run", help="Show what would happen to each, and change nothing.")]


def reason_of(*, dry_run: bool, reason: str | None) -> str | None:
    """Return why the command is given, None where it is only looked at; raises `InvalidInput` where that is missing."""
    if not dry_run and not reason:
        raise InvalidInput("Say why by --reason, or only look by --dry-run.", field="reason")
    return None if dry_run else reason


def batch_of(api: Api, plans: Mapping[str, Any], command: PlanCommand, reason: str | None, key: str | None) -> Output:
    """Make a batch for the plans that fit, confirm it where there is a reason, and return what became of each."""
    wanted = {name: value for name, value in plans.items() if name not in _LOOKED_UP}
    for name in _LOOKED_UP.keys() & plans.keys():
        kind, field = _LOOKED_UP[name]
        wanted[field] = found(api, kind, plans[name])
    made = api.write("POST", "/plan-batches", {"command": asdict(command), "plans": wanted}, key)
    batch = _until_over(api, made, "previewing")
    if reason is not None:
        batch = _confirmed(api, batch.id, reason, key and f"{key}/confirm")
    return _shown(api, batch)


def _confirmed(api: Api, batch: str, reason: str, key: str | None) -> JsonObject:
    return _until_over(api, api.write("POST", f"/plan-batches/{batch}/confirm", {"reason": reason}, key), "running")


def _until_over(api: Api, batch: JsonObject, while_it_is: str) -> JsonObject:
    """Show how far a batch is until it stands elsewhere, and return it; it goes on where that is interrupted."""
    from rich.console import Console

    with Console(stderr=True).status("") as status:
        while batch.status == while_it_is:
            waiting = batch.counts.waiting if while_it_is == "previewing" else batch.counts.ready
            total = sum(batch.counts.values())
            status.update(f"{total - waiting} of {total} plans; {batch.id} goes on if you leave")
            clock.sleep(LOOKS)
            batch = api.get(f"/plan-batches/{batch.id}")
    return batch


def _shown(api: Api, batch: JsonObject) -> Output:
    plans = rows_of(api.get(f"/plan-batches/{batch.id}/items", limit=FIRST))
    total = sum(batch.counts.values())
    more = f", {len(plans)} shown; `billflow batch items {batch.id}` lists all" if total > len(plans) else ""
    return Output(batch, *shown(batch), Table(f"Plans: {total}{more}", ITEMS, plans))
