"""`billflow plan`: start, change and look at plans."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any

import typer

from billflow.cli import plan_commands, previews
from billflow.cli.command_variants import WHEN_PREVIEWED, WHEN_SENT, Request, group
from billflow.cli.fields import Typed, options_of, typed_as
from billflow.cli.lookup import ClockOption, CustomerHere, CustomerOption, PagingHere, PlanHere, org_of, time_of
from billflow.cli.output import Output, paged, whole
from billflow.cli.params import Key
from billflow.cli.plan_views import ADD_ONS, ITEMS, LEDGER, PLANS, TIMELINE, described
from billflow.cli.session import CommandGroup, Engine, Store, actor, answered, key_of, run
from billflow.domain.plan import PlanStatus
from billflow.domain.plan_start import StartPlan

app = CommandGroup()


async def _start_plan(_: Store, typed: Mapping[str, Any]) -> StartPlan:
    asked: StartPlan = typed_as(StartPlan, typed)
    return asked


@app.on_engine("plan start 5f1c --tier cloud_standard --schedule monthly --trial-days 30")
async def start(
    engine: Engine,
    customer: CustomerHere,
    asked: Annotated[StartPlan, Typed(_start_plan, [*options_of(StartPlan)])],
    clock: ClockOption = None,
    key: Key = None,
) -> Output:
    """Start a plan for a customer, and wait a minute at most for its card."""
    from billflow.models.contracts.plans import StartPlanInput

    wanted = StartPlanInput(
        **customer.model_dump(),
        idempotency_key=key_of(key),
        actor=actor(),
        start=asked,
        test_clock_id=clock,
        at=await time_of(engine, clock),
    )
    return plan_commands.started(await answered(engine.plans.start(wanted), wanted.idempotency_key))


@app.on_database("plan list --status active", "plan list --needs-attention --json", name="list")
async def list_(  # noqa: PLR0913  (each is one filter)
    store: Store,
    *,
    customer: CustomerOption = None,
    status: Annotated[PlanStatus | None, typer.Option(help="Where the plan stands.")] = None,
    tier: Annotated[str | None, typer.Option(help="A tier's code.")] = None,
    needs_attention: Annotated[bool, typer.Option("--needs-attention", help="On hold plans only.")] = False,
    paging: PagingHere,
) -> Output:
    """List plans, the newest first."""
    from billflow.models.contracts.records import PlanFilter

    attention = needs_attention or None
    wanted = PlanFilter(customer_id=customer, status=status, tier=tier, needs_attention=attention)
    return paged("Plans", await store.queries.plans.search(await org_of(store), wanted, paging), PLANS)


@app.on_database("plan show 0192f3")
async def show(store: Store, plan: PlanHere) -> Output:
    """Show a plan as it is now."""
    state = await store.queries.plans.get(plan)
    return Output(state, described(state))


@app.on_database("plan ledger 0192f3")
async def ledger(store: Store, plan: PlanHere) -> Output:
    """Show how many licenses a plan held from when on, and what became of each entry."""
    return whole("Ledger", await store.queries.plans.ledger(plan), LEDGER)


@app.on_database("plan add-ons 0192f3", name="add-ons")
async def add_ons(store: Store, plan: PlanHere) -> Output:
    """Show how many units a plan holds of each add-on, and will renew with."""
    return whole("Add-ons", await store.queries.plans.add_ons(plan), ADD_ONS)


@app.on_database("plan items 0192f3")
async def items(store: Store, plan: PlanHere) -> Output:
    """Show a plan's one-off items: those that wait for the next invoice, and what became of the others."""
    return whole("Items", await store.queries.plans.items(plan), ITEMS)


@app.on_database("plan timeline 0192f3")
async def timeline(store: Store, plan: PlanHere) -> Output:
    """Show what happened to a plan, who did it, and what was refused."""
    return whole("Timeline", await store.queries.plans.timeline(plan), TIMELINE)


@app.on_engine("plan forecast 0192f3 --count 12")
async def forecast(
    engine: Engine, plan: PlanHere, count: Annotated[int, typer.Option(help="How many invoices, 120 at most.")] = 3
) -> Output:
    """Show the next invoices of a plan, if nothing changes."""
    return previews.forecast(await engine.plans.forecast(plan, count))


def _on_engine(act: Callable[[Engine, Request], Awaitable[Output]]) -> Callable[[Request], None]:
    return lambda typed: run(lambda engine: act(engine, typed), as_json=typed.as_json)


for _verb, _act, _shared, _help in (
    ("command", plan_commands.command, WHEN_SENT, "Give a plan a command, and wait for its answer."),
    ("signal", plan_commands.signal, WHEN_SENT, "Leave a command with a plan, and don't wait."),
    ("preview", previews.preview, WHEN_PREVIEWED, "Show what a command would change and bill."),
):
    app.add_typer(group(_verb, _help, _on_engine(_act), _shared), name=_verb)
