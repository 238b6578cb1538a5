"""What a step and collecting its invoice take, without workflows: `python bench/collecting.py [--plans N] [--json]`.

One process takes the steps of N plans and collects their invoices, ten at a time, with PostgreSQL and Stripe's emulator
as processes of their own. It prints milliseconds of CPU for each, which others on the machine change little;
`--profile FILE` writes what `pstats` reads of the collecting.
"""

import argparse
import asyncio
import cProfile
import json
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import uvloop

from billflow.activities.collection import CollectionActivities
from billflow.activities.steps import StepActivities
from billflow.api.garbage_collection import set_apart
from billflow.models.contracts.invoices import InvoiceSummary
from billflow.models.contracts.steps import CloseCycleInput, PlanRef
from billflow.telemetry.logging import configure_logging
from billflow.wiring.workers import activity_classes

sys.path.append(str(Path(__file__).parent))
from midnight_plans import loaded, payers
from midnight_site import Site, servers
from midnight_workflow import BarePlan
from process_use import use_of

AT_ONCE = 10
WARMING = 20

One = TypeVar("One")
Made = TypeVar("Made")


async def each(asked: Sequence[One], do: Callable[[One], Awaitable[Made]]) -> list[Made]:
    """Do something with each, ten at a time, and return what came of it."""
    left, made = iter(asked), list[Made]()

    async def work() -> None:
        for one in left:
            made.append(await do(one))

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    return made


async def measured(
    site: Site, asked: Sequence[One], do: Callable[[One], Awaitable[Made]]
) -> tuple[list[Made], dict[str, float]]:
    """Do something with each, and return the milliseconds of CPU for one: of this process and of the servers."""
    own, servers_before = time.process_time(), {name: use_of(pid).cpu for name, pid in site.servers.items()}
    made = await each(asked, do)
    spent = {"worker": time.process_time() - own}
    spent |= {name: use_of(pid).cpu - servers_before[name] for name, pid in site.servers.items() if name != "temporal"}
    return made, {name: round(1000 * cpu / len(asked), 1) for name, cpu in spent.items()}


async def measure(options: argparse.Namespace) -> dict[str, object]:
    """Return the figures of both."""
    profile = cProfile.Profile(time.thread_time) if options.profile else None
    async with servers() as site:
        steps, collection = activity_classes(site.engine)[:2]
        if not isinstance(steps, StepActivities) or not isinstance(collection, CollectionActivities):
            raise SystemExit("the worker's activities are in another order")

        async def step(plan: BarePlan) -> InvoiceSummary:
            ref = PlanRef(org_id=plan.org_id, plan_id=plan.plan_id)
            result = await steps.close_cycle(CloseCycleInput(plan=ref, at=datetime.fromtimestamp(plan.due_at, UTC)))
            return result.invoices[0]

        async def collect(invoice: InvoiceSummary) -> None:
            await collection.collect(invoice.as_of(datetime.now(UTC)))

        due = datetime.now(UTC).replace(microsecond=0)
        plans = await loaded(site, ["collecting"], await payers(site, WARMING + options.plans), due)
        await each(await each(plans[:WARMING], step), collect)
        set_apart()
        made, of_steps = await measured(site, plans[WARMING:], step)
        with profile or nullcontext():
            _, of_collecting = await measured(site, made, collect)
    if profile:
        profile.dump_stats(options.profile)
    return {"plans": options.plans, "step_ms": of_steps, "collecting_ms": of_collecting}


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plans", type=int, default=100, help="how many steps and collections (%(default)s)")
    parser.add_argument("--profile", help="the file for a profile of collecting")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    configure_logging("json", "error")
    found = uvloop.run(measure(options))
    print(json.dumps(found) if options.json else "\n".join(f"{name}: {value}" for name, value in found.items()))


if __name__ == "__main__":
    main()
