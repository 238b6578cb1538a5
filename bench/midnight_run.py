"""Every plan due at one instant: `python bench/midnight.py [--plans N] [--json]`.

billflow and a bare Temporal workflow by turns in one run, so that both meet the same machine: A B A B. Each time N
plans of their own wait by timer for one instant; the figures count from then until the last row of a step is written,
until the last invoice is paid, and until the last plan's next run has begun. CPU is counted until what the servers put
off is done too. PostgreSQL is durable, Temporal is in memory, Stripe is the emulator. What the bare plans do is in
`midnight_bare.py`: the same SQL and the same requests, and nothing else.
"""

import argparse
import asyncio
import json
import math
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import psycopg

from billflow.telemetry.logging import configure_logging

sys.path.append(str(Path(__file__).parent))
from midnight_plans import loaded, payers, started
from midnight_progress import Progress, open_plans
from midnight_site import OURS, THEIRS, WORKER, Arm, Site, servers, working
from midnight_workflow import BarePlan
from process_use import Use

SHARE_WANTED = 0.8
MODELS = 2
"""Plans whose steps a bare worker takes by billflow: the first fills the caches, the second is recorded."""

AFTERWARDS = 12
"""Seconds in which Temporal looks at the timeouts of tasks that are done, which are ten seconds long. Whose invoices
are sent sooner leaves more workflow tasks for after them, and would seem to cost less than it does."""

STARTING = 6
"""How many times as long as creating payers took may loading and starting plans take."""


@dataclass
class Figures:
    """What one side did in all its rounds: seconds from the instant, CPU, tasks lost, bytes that PostgreSQL grew by."""

    plans: int = 0
    seconds_written: float = 0.0
    seconds_sent: float = 0.0
    seconds_continued: float = 0.0
    lost_tasks: int = 0
    database_bytes: int = 0
    cpu: dict[str, float] = field(default_factory=dict)
    cpu_until_sent: dict[str, float] = field(default_factory=dict)
    waiting_kilobytes: dict[str, float] = field(default_factory=dict)

    def shown(self) -> dict[str, object]:
        """Return them per second and per plan."""
        return {
            "rows_written_per_second": round(self.plans / self.seconds_written, 2),
            "invoices_sent_per_second": round(self.plans / self.seconds_sent, 2),
            "runs_continued_per_second": round(self.plans / self.seconds_continued, 2),
            "lost_tasks": self.lost_tasks,
            "database_kilobytes_per_invoice": round(self.database_bytes / 1024 / self.plans, 1),
            "cpu_ms_per_invoice": self._milliseconds(self.cpu),
            "cpu_ms_per_invoice_until_sent": self._milliseconds(self.cpu_until_sent),
            "waiting_kilobytes_per_plan": {name: round(size) for name, size in self.waiting_kilobytes.items()},
        }

    def add_cpu(self, before: Mapping[str, Use], sent: Mapping[str, Use], after: Mapping[str, Use]) -> None:
        """Add what each process took, until the last invoice was paid and in all."""
        for total, until in ((self.cpu_until_sent, sent), (self.cpu, after)):
            for name, use in until.items():
                total[name] = total.get(name, 0.0) + use.cpu - before[name].cpu

    def _milliseconds(self, cpu: Mapping[str, float]) -> dict[str, float]:
        return {name: round(1000 * seconds / self.plans, 1) for name, seconds in cpu.items()}


async def measured(site: Site, arm: Arm, number: int, options: argparse.Namespace, figures: Figures) -> None:
    """Let one side's plans come due, and add to its figures how long that took."""
    begun = time.monotonic()
    held = await payers(site, options.plans)
    lead = options.lead or math.ceil(15 + STARTING * (time.monotonic() - begun))
    due = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=lead)
    slugs = [f"{arm.name}-{number}-{n}" for n in range(options.organizations)]
    plans = await loaded(site, slugs, held, due)
    before = arm.uses(site)
    await started(site, arm.name, plans)
    await asyncio.sleep(1)
    waiting, lost = arm.uses(site), arm.lost
    for name in ("worker", "temporal"):
        grown = (waiting[name].memory - before[name].memory) / 1024 / len(plans)
        # What a process takes once is in its first round.
        figures.waiting_kilobytes[name] = min(grown, figures.waiting_kilobytes.get(name, grown))
    if (left := (due - datetime.now(UTC)).total_seconds()) < 0:
        raise SystemExit(
            f"The machine is too slow to start the plans before they are due; give --lead {-2 * left:.0f}."
        )
    await asyncio.sleep(left)
    held_before = await database_bytes(site)
    written, sent = await followed(site, arm, plans, due)
    used = arm.uses(site)
    figures.seconds_continued += await continued(site, arm, len(plans), due)
    await asyncio.sleep(AFTERWARDS)
    figures.plans += len(plans)
    figures.seconds_written += written
    figures.seconds_sent += sent
    figures.lost_tasks += arm.lost - lost
    figures.database_bytes += await database_bytes(site) - held_before
    figures.add_cpu(waiting, used, arm.uses(site))


async def database_bytes(site: Site) -> int:
    """Return what all tables and indexes take, rows included that were changed since and whose room is used again."""
    async with await psycopg.AsyncConnection.connect(site.url, autocommit=True) as connection:
        found = await connection.execute("SELECT pg_database_size(current_database())")
        return int((await found.fetchone() or (0,))[0])


async def followed(site: Site, arm: Arm, plans: Sequence[BarePlan], due: datetime) -> tuple[float, float]:
    """Return the seconds from the instant until every invoice was written, and until every one was paid."""
    begun, written, org_ids = time.monotonic(), 0.0, list({plan.org_id for plan in plans})
    plan_ids = [plan.plan_id for plan in plans]
    progress = Progress(partial(open_plans, site.url, site.engine.client, arm.prefix, plan_ids, due))
    async with await psycopg.AsyncConnection.connect(site.url, autocommit=True) as connection:
        while True:
            found = await connection.execute(
                "SELECT count(*), count(paid_at) FROM invoice WHERE org_id = ANY (%s::uuid[]) AND created_at >= %s",
                [org_ids, due],
            )
            rows, paid = await found.fetchone() or (0, 0)
            spent = time.monotonic() - begun
            written = written or (spent if rows == len(plans) else 0.0)
            if paid == len(plans):
                return written, spent
            await progress.note((rows, paid))
            await asyncio.sleep(0.1)


async def continued(site: Site, arm: Arm, plans: int, due: datetime) -> float:
    """Return the seconds from the instant until every plan's next run had begun."""
    ended = f"WorkflowType = '{arm.workflow}' AND ExecutionStatus = 'ContinuedAsNew'"
    left = plans

    async def what_is_open() -> str:
        return f"{left} of {plans} runs of {arm.workflow} did not continue as new."

    progress = Progress(what_is_open)
    while left:
        await progress.note(left)
        await asyncio.sleep(0.1)
        found = await site.engine.client.count_workflows(f"{ended} AND CloseTime >= '{due.isoformat()}'")
        left = plans - found.count
    return (datetime.now(UTC) - due).total_seconds()


def _bare(models: Sequence[BarePlan]) -> Sequence[str]:
    """Return the command of a bare worker, which takes the steps of its models first."""
    return ["-P", str(Path(__file__).with_name("midnight_bare.py")), json.dumps([asdict(one) for one in models])]


async def measure(options: argparse.Namespace) -> dict[str, object]:
    """Return the figures of both sides, and their ratios."""
    figures = {OURS: Figures(), THEIRS: Figures()}
    async with servers() as site:
        now, count = datetime.now(UTC).replace(microsecond=0), MODELS * options.processes
        models = await loaded(site, ["model"], await payers(site, count), now)
        bare = [_bare(models[first : first + MODELS]) for first in range(0, count, MODELS)]
        async with (
            working(site, OURS, [WORKER] * options.processes) as ours,
            working(site, THEIRS, bare) as theirs,
        ):
            for number in range(options.rounds):
                for arm in (ours, theirs):
                    await measured(site, arm, number, options, figures[arm.name])
    one, other = figures[OURS], figures[THEIRS]
    return {
        "plans": options.plans,
        "rounds": options.rounds,
        "processes": options.processes,
        "organizations": options.organizations,
        "ratio_written": round(other.seconds_written / one.seconds_written, 3),
        "ratio_sent": round(other.seconds_sent / one.seconds_sent, 3),
        "ratio_continued": round(other.seconds_continued / one.seconds_continued, 3),
        OURS: one.shown() | {"sql_per_boundary": json.loads(theirs.said[0])},
        THEIRS: other.shown(),
        "load_average": os.getloadavg()[0],
    }


def main() -> None:
    """Print the figures; the exit code is 1 where they miss the goal."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plans", type=int, default=200, help="how many are due at once (%(default)s)")
    parser.add_argument("--rounds", type=int, default=2, help="how often each side has its turn (%(default)s)")
    parser.add_argument("--processes", type=int, default=1, help="worker processes of each side (%(default)s)")
    parser.add_argument("--organizations", type=int, default=1, help="how many share the plans (%(default)s)")
    parser.add_argument(
        "--lead", type=int, default=0, help="seconds for starting plans, where the default is too short"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    configure_logging("json", "error")
    found = asyncio.run(measure(options))
    if options.json:
        print(json.dumps(found))
    else:
        print("\n".join(f"{name}: {value}" for name, value in found.items()))
        print(f"wanted: {SHARE_WANTED} of what a bare workflow does, rows and invoices sent")
    sys.exit(min(float(str(found["ratio_written"])), float(str(found["ratio_sent"]))) < SHARE_WANTED)


if __name__ == "__main__":
    main()
