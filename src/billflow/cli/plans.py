"""`billflow plan`: start, change and look at plans."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from billflow.cli.command_variants import WHEN_PREVIEWED, WHEN_SENT, Request, group
from billflow.cli.fields import options_of, parameter, signed, typed_as
from billflow.cli.lookup import found, org_of, plan_ref
from billflow.cli.params import After, AsJson, CustomerId, Key, Limit, PlanId, example
from billflow.cli.session import on_database, run
from billflow.domain.plan import PlanStatus
from billflow.domain.plan_start import StartPlan

if TYPE_CHECKING:
    from billflow.wiring.engine import Engine
    from billflow.wiring.store import Store

app = typer.Typer(help="Start, change and look at plans.", epilog=example("plan list"), no_args_is_help=True)

_Clock = Annotated[str | None, typer.Option("--clock", help="The test clock the plan is attached to.")]


def start(**typed: Any) -> None:
    """Stand for the options of `StartPlan`, which its signature is made from."""
    asked: StartPlan = typed_as(StartPlan, typed)

    async def act(engine: "Engine") -> None:
        from billflow.cli import plan_commands

        wanted = plan_commands.Start(typed["customer"], asked, typed["clock"], typed["key"], typed["as_json"])
        await plan_commands.start(engine, wanted)

    run(act)


signed(
    start,
    [
        parameter("customer", CustomerId),
        *options_of(StartPlan),
        parameter("clock", _Clock, None),
        parameter("key", Key, None),
        parameter("as_json", AsJson, default=False),
    ],
    "Start a plan for a customer, and wait a minute at most for its card.",
)
app.command(
    epilog=example("plan start 5f1c --tier cloud_standard --schedule monthly --trial-days 30"),
)(start)


@app.command("list", epilog=example("plan list --status active", "plan list --needs-attention --json"))
def list_(  # noqa: PLR0913  (each is one filter)
    *,
    customer: Annotated[str | None, typer.Option(help="A customer's id, or enough of its beginning.")] = None,
    status: Annotated[PlanStatus | None, typer.Option(help="Where the plan stands.")] = None,
    tier: Annotated[str | None, typer.Option(help="A tier's code.")] = None,
    needs_attention: Annotated[bool, typer.Option("--needs-attention", help="On hold plans only.")] = False,
    limit: Limit = 50,
    after: After = None,
    as_json: AsJson = False,
) -> None:
    """List plans, the newest first."""

    async def act(store: "Store") -> None:
        from billflow.cli.plan_views import paged, plan_rows
        from billflow.models.contracts.records import Paging, PlanFilter

        wanted = PlanFilter(
            customer_id=await found(store, "customer", customer) if customer else None,
            status=status,
            tier=tier,
            needs_attention=needs_attention or None,
        )
        page = await store.queries.plans.search(await org_of(store), wanted, Paging(limit=limit, after=after))
        paged("Plans", page, plan_rows(page.rows), noun="plans", as_json=as_json)

    on_database(act)


@app.command(epilog=example("plan show 0192f3"))
def show(plan: PlanId, *, as_json: AsJson = False) -> None:
    """Show a plan as it is now."""

    async def act(store: "Store") -> None:
        from billflow.cli import output
        from billflow.cli.plan_views import described

        state = await store.repositories.plans.get(await plan_ref(store, plan))
        if as_json:
            output.as_json(state)
        else:
            described(state)

    on_database(act)


@app.command(epilog=example("plan ledger 0192f3"))
def ledger(plan: PlanId, *, as_json: AsJson = False) -> None:
    """Show how many licenses a plan held from when on, and what became of each entry."""

    async def act(store: "Store") -> None:
        from billflow.cli.plan_views import ledger_rows, whole

        entries = await store.queries.plans.ledger(await plan_ref(store, plan))
        whole("ledger", entries, ledger_rows(entries), as_json=as_json)

    on_database(act)


@app.command(epilog=example("plan timeline 0192f3"))
def timeline(plan: PlanId, *, as_json: AsJson = False) -> None:
    """Show what happened to a plan, who did it, and what was refused."""

    async def act(store: "Store") -> None:
        from billflow.cli.plan_views import timeline_rows, whole

        entries = await store.queries.plans.timeline(await plan_ref(store, plan))
        whole("timeline", entries, timeline_rows(entries), as_json=as_json)

    on_database(act)


@app.command(epilog=example("plan forecast 0192f3 --count 12"))
def forecast(
    plan: PlanId,
    *,
    count: Annotated[int, typer.Option(help="How many invoices, 120 at most.")] = 3,
    as_json: AsJson = False,
) -> None:
    """Show the next invoices of a plan, if nothing changes."""

    async def act(engine: "Engine") -> None:
        from billflow.cli.previews import show_forecast

        await show_forecast(engine, plan, count, as_json=as_json)

    run(act)


def _command(typed: Request) -> None:
    async def act(engine: "Engine") -> None:
        from billflow.cli import plan_commands

        await plan_commands.command(engine, typed)

    run(act)


def _signal(typed: Request) -> None:
    async def act(engine: "Engine") -> None:
        from billflow.cli import plan_commands

        await plan_commands.signal(engine, typed)

    run(act)


def _preview(typed: Request) -> None:
    async def act(engine: "Engine") -> None:
        from billflow.cli.previews import show_preview

        await show_preview(engine, typed)

    run(act)


app.add_typer(group("command", "Give a plan a command, and wait for its answer.", _command, WHEN_SENT), name="command")
app.add_typer(group("signal", "Leave a command with a plan, and don't wait.", _signal, WHEN_SENT), name="signal")
app.add_typer(group("preview", "Show what a command would change and bill.", _preview, WHEN_PREVIEWED), name="preview")
