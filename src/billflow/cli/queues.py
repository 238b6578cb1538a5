"""`billflow queues`: how fast work is handed out, and what waits."""

from typing import Annotated

import typer

from billflow.cli.output import NOTHING, Columns, Output, whole
from billflow.cli.session import CommandGroup, Engine, actor
from billflow.domain.errors import InvalidInput

app = CommandGroup()

QUEUES: Columns = {
    "queue": lambda queue: queue.queue,
    "per second>": lambda queue: "unlimited" if queue.per_second is None else f"{queue.per_second:g}",
    "waiting>": lambda queue: queue.activities_waiting + queue.workflows_waiting,
    "oldest>": lambda queue: f"{queue.oldest_seconds} s",
    "workers>": lambda queue: queue.workers,
    "why~": lambda queue: f"{queue.reason} ({queue.set_by})" if queue.reason else queue.set_by or NOTHING,
}


@app.on_engine("queues show", "queues show --json")
async def show(engine: Engine) -> Output:
    """Show every task queue: the rate that the server holds, and about how much waits."""
    from billflow.temporal.queue_rates import queues

    return whole("Queues", await queues(engine.client), QUEUES)


@app.on_engine(
    "queues set billflow-stripe --per-second 20 --reason 'Stripe answers 429'",
    "queues set billflow-stripe --unlimited",
    name="set",
)
async def set_(
    engine: Engine,
    queue: Annotated[str, typer.Argument(help="Which task queue, such as billflow-stripe.")],
    *,
    per_second: Annotated[
        float | None, typer.Option(min=0.01, max=100_000, help="How many activities to hand out a second.")
    ] = None,
    unlimited: Annotated[bool, typer.Option("--unlimited", help="Take the limit away.")] = False,
    reason: Annotated[str, typer.Option(help="Why, for whoever looks.")] = "",
) -> Output:
    """Set how many activities of a queue are handed out a second, for all workers together and at once."""
    from billflow.temporal.queue_rates import set_rate
    from billflow.temporal.queues import ALL

    if queue not in ALL:
        raise InvalidInput(f"There is no queue {queue!r}; there are {', '.join(ALL)}.", code="unknown_queue")
    if (per_second is None) is not unlimited:
        raise InvalidInput("Give either --per-second or --unlimited.", code="bad_rate")
    changed = await set_rate(engine.client, queue, per_second, reason=reason, identity=actor())
    return whole("Queues", [changed], QUEUES)
