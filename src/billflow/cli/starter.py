"""`python starter.py`: start and steer plans with Temporal, PostgreSQL and Stripe themselves, and no API."""

from collections.abc import Awaitable, Callable
from typing import Any

from billflow.cli import plan_commands
from billflow.cli.command_variants import WHEN_SENT, Request, group
from billflow.cli.json_objects import JsonObject, read
from billflow.cli.lookup import ClockOption, CustomerHere, found, org_of, time_of
from billflow.cli.output import Output
from billflow.cli.params import Key
from billflow.cli.plans import StartHere
from billflow.cli.session import CommandGroup, Engine, actor, answered, key_of, run

app = CommandGroup(no_args_is_help=True)


@app.on_engine(name="start-plan")
async def start_plan(
    engine: Engine, customer: CustomerHere, asked: StartHere, clock: ClockOption = None, key: Key = None
) -> Output:
    """Start a plan for a customer, and wait a minute at most for its card."""
    from billflow.models.contracts.plans import StartPlanInput
    from billflow.models.contracts.responses import PlanStartResponse

    wanted = StartPlanInput(
        org_id=await org_of(engine),
        customer_id=customer,
        idempotency_key=key_of(key),
        actor=actor(),
        start=asked,
        test_clock_id=clock,
        at=await time_of(engine, clock),
    )
    result = await answered(engine.plans.start(wanted), wanted.idempotency_key)
    return plan_commands.started(_answer(PlanStartResponse.of(result)))


async def _update(engine: Engine, typed: Request) -> Output:
    from billflow.models.contracts.responses import CommandResponse

    plan, request = await _asked(engine, typed)
    result = await answered(engine.plans.command(plan, request), request.command_id)
    return plan_commands.commanded(_answer(CommandResponse.of(result)))


async def _signal(engine: Engine, typed: Request) -> Output:
    plan, request = await _asked(engine, typed)
    await engine.plans.signal(plan, request)
    return plan_commands.signalled(JsonObject(sent=True), typed.plan)


async def _asked(engine: Engine, typed: Request) -> tuple[Any, Any]:
    from billflow.models.contracts.steps import CommandRequest, PlanRef

    plan = PlanRef(org_id=await org_of(engine), plan_id=await found(engine, "plan", typed.plan))
    return plan, CommandRequest(command_id=key_of(typed.key), command=typed.command, actor=actor())


def _answer(response: Any) -> JsonObject:
    """Return a result as the API would answer it."""
    answer: JsonObject = read(response.model_dump_json(by_alias=True).encode())
    return answer


def _on_engine(act: Callable[[Engine, Request], Awaitable[Output]]) -> Callable[[Request], None]:
    return lambda typed: run(lambda engine: act(engine, typed), as_json=typed.as_json)


for _verb, _act, _help in (
    ("update", _update, "Give a plan a command by an update, and wait for its answer."),
    ("signal", _signal, "Leave a command with a plan by a signal, and don't wait."),
):
    app.add_typer(group(_verb, _help, _on_engine(_act), WHEN_SENT, "python starter.py"), name=_verb)
