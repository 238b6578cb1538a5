"""`billflow plan`: start, change and look at plans."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Annotated, Any

import typer

from billflow.cli import plan_commands, previews
from billflow.cli.command_variants import WHEN_PREVIEWED, WHEN_SENT, Request, group
from billflow.cli.fields import Typed, options_of, typed_as
from billflow.cli.json_objects import given, rows_of
from billflow.cli.lookup import ClockOption, CustomerHere, CustomerOption, PagingHere, PlanHere, found
from billflow.cli.output import Listing, Output, listed
from billflow.cli.params import AsOf, Key
from billflow.cli.plan_batches import batch_group
from billflow.cli.plan_views import ADD_ONS, ITEMS, LEDGER, PLANS, described, timeline_lines
from billflow.cli.session import Api, CommandGroup, ask
from billflow.domain.plan import PlanStatus
from billflow.domain.plan_start import StartPlan

app = CommandGroup()


def _start_plan(_: Api, typed: Mapping[str, Any]) -> StartPlan:
    asked: StartPlan = typed_as(StartPlan, typed)
    return asked


StartHere = Annotated[StartPlan, Typed(_start_plan, [*options_of(StartPlan)])]


@app.on_api("plan start 5f1c --tier cloud_standard --schedule monthly --trial-days 30")
def start(
    api: Api,
    customer: CustomerHere,
    asked: StartHere,
    clock: ClockOption = None,
    key: Key = None,
) -> Output:
    """Start a plan for a customer, and wait a minute at most for its card."""
    wanted = given(customer_id=customer, test_clock_id=clock, **asdict(asked))
    return plan_commands.started(api.write("POST", "/plans", wanted, key))


@app.on_api("plan list --status active", "plan list --needs-attention --json", name="list")
def list_(  # noqa: PLR0913  (each is one filter)
    api: Api,
    *,
    customer: CustomerOption = None,
    status: Annotated[PlanStatus | None, typer.Option(help="Where the plan stands.")] = None,
    tier: Annotated[str | None, typer.Option(help="A tier's code.")] = None,
    needs_attention: Annotated[bool, typer.Option("--needs-attention", help="On hold plans only.")] = False,
    as_of: AsOf = None,
    paging: PagingHere,
) -> Listing:
    """List plans, the newest first."""
    wanted = {"customer_id": customer, "status": status, "tier": tier, "needs_attention": needs_attention or None}
    return listed("Plans", api.get("/plans", **wanted, as_of=as_of, **paging), PLANS)


@app.on_api("plan show 0192f3", "plan show 0192f3 --as-of 2027-01-31T12:00:00Z")
def show(api: Api, plan: PlanHere, *, as_of: AsOf = None) -> Output:
    """Show a plan as it is now, or as it was known to be."""
    state = api.get(f"/plans/{plan}", as_of=as_of)
    return Output(state, described(state))


@app.on_api("plan ledger 0192f3")
def ledger(api: Api, plan: PlanHere, *, as_of: AsOf = None) -> Listing:
    """Show how many licenses a plan held from when on, and what became of each entry."""
    return listed("Ledger", api.all(f"/plans/{plan}/ledger", as_of=as_of), LEDGER)


@app.on_api("plan add-ons 0192f3", name="add-ons")
def add_ons(api: Api, plan: PlanHere, *, as_of: AsOf = None) -> Listing:
    """Show how many units a plan holds of each add-on, and will renew with."""
    return listed("Add-ons", api.all(f"/plans/{plan}/add-ons", as_of=as_of), ADD_ONS)


@app.on_api("plan items 0192f3")
def items(api: Api, plan: PlanHere, *, as_of: AsOf = None) -> Listing:
    """Show a plan's one-off items: those that wait for the next invoice, and what became of the others."""
    return listed("Items", api.all(f"/plans/{plan}/items", as_of=as_of), ITEMS)


@app.on_api("plan timeline 0192f3")
def timeline(api: Api, plan: PlanHere, *, as_of: AsOf = None) -> Listing:
    """Show what happened to a plan, who did it, and what was refused."""
    found = api.all(f"/plans/{plan}/timeline", as_of=as_of)
    return Listing(found, *timeline_lines(rows_of(found), api.get(f"/plans/{plan}").currency))


@app.on_api("plan forecast 0192f3 --count 12")
def forecast(
    api: Api, plan: PlanHere, count: Annotated[int, typer.Option(help="How many invoices, 120 at most.")] = 3
) -> Output:
    """Show the next invoices of a plan, if nothing changes."""
    return previews.forecast(api.get(f"/plans/{plan}/forecast", count=count))


def _preview(api: Api, typed: Request) -> Output:
    path = f"/plans/{found(api, 'plan', typed.plan)}/preview"
    return previews.previewed(api.ask(path, asdict(typed.command), at=typed.at))


def _on_api(act: Callable[[Api, Request], Output]) -> Callable[[Request], None]:
    return lambda typed: ask(lambda api: act(api, typed), as_json=typed.as_json)


for _verb, _act, _shared, _help in (
    ("command", plan_commands.command, WHEN_SENT, "Give a plan a command, and wait for its answer."),
    ("signal", plan_commands.signal, WHEN_SENT, "Leave a command with a plan, and don't wait."),
    ("preview", _preview, WHEN_PREVIEWED, "Show what a command would change and bill."),
):
    app.add_typer(group(_verb, _help, _on_api(_act), _shared), name=_verb)
app.add_typer(batch_group(), name="batch")
