"""Plan starts and commands over HTTP: `python bench/api.py --writes [--plans N] [--cards] [--before SRC] [--json]`.

So many customers start a trial, or with `--cards` a plan that is paid at once, and then each plan takes a command, by a
number of connections that are kept busy, one worker process and one of the API. With `--before` another build takes
its turn as well, A B A B in one run. The figures are requests per second, when they were answered, and the CPU of each
part for each request.
"""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from uuid import uuid4

import httpx
from ending import run
from load import Answered, request, saturate
from process_use import use_of
from reading import key_of, serving

from billflow.dev.stack import Stack, running_stack
from billflow.settings import Settings
from billflow.wiring.engine import open_engine
from billflow.wiring.store import migrate, sell_as_example, sell_example
from billflow.wiring.workers import prepare

STARTS, COMMANDS = "starts", "commands"
NOW, BEFORE = "billflow", "before"
LISTED = 100
PATIENCE = 120.0


@dataclass
class Figures:
    """What was answered to one kind of request in all rounds, and the CPU that it took."""

    spans: list[float] = field(default_factory=list)
    seconds: float = 0.0
    failed: int = 0
    cpu: dict[str, float] = field(default_factory=dict)

    def add(self, answered: Answered, cpu: dict[str, float]) -> None:
        """Add what was answered in one round."""
        self.spans += answered.spans
        self.seconds += answered.seconds
        self.failed += answered.failed
        self.cpu = {name: self.cpu.get(name, 0.0) + used for name, used in cpu.items()}

    @property
    def per_second(self) -> float:
        """Return how many were answered in a second."""
        return len(self.spans) / self.seconds

    def shown(self) -> dict[str, object]:
        """Return them per second and per request."""
        whole = Answered(self.spans)
        return {
            "per_second": round(self.per_second, 2),
            "p50_ms": round(whole.percentile(0.5)),
            "p99_ms": round(whole.percentile(0.99)),
            "failed": self.failed,
            "cpu_ms": {name: round(1000 * used / len(self.spans), 1) for name, used in self.cpu.items()},
        }


@asynccontextmanager
async def working(stack: Stack, source: str) -> AsyncIterator[int]:
    """Run a worker of a build, and yield its process."""
    environment = {**os.environ, **stack.environment(), "BILLFLOW_LOG_LEVEL": "error", "BILLFLOW_BUILD_ID": ""}
    environment |= {"PYTHONPATH": source, "PYTHONSAFEPATH": "1"} if source else {}
    command = (sys.executable, "-m", "billflow.cli", "worker")
    worker = await asyncio.create_subprocess_exec(*command, env=environment, stdout=asyncio.subprocess.PIPE)
    try:
        if worker.stdout is None or not await worker.stdout.readline():
            raise SystemExit("the worker did not start")
        yield worker.pid
    finally:
        worker.terminate()
        await worker.wait()


Timed = tuple[Answered, dict[str, float]]


async def measured(stack: Stack, source: str, slug: str, options: argparse.Namespace) -> dict[str, Timed]:
    """Let a new organization's customers start plans and give them commands, on one build."""
    async with AsyncExitStack() as running:
        worker = await running.enter_async_context(working(stack, source))
        url, api = await running.enter_async_context(serving(stack, 1, source))
        pids = {"worker": worker, "api": api} | {one.name: one.pid for one in stack.processes}
        key = await _shop(stack, slug)
        headers = {"Authorization": f"Bearer {key}"}
        client = await running.enter_async_context(
            httpx.AsyncClient(base_url=f"{url}/api/v1", headers=headers, timeout=PATIENCE)
        )
        customers = [await _customer(client, n, cards=options.cards) for n in range(options.plans + options.warming)]

        async def timed(asked: Iterator[bytes]) -> Timed:
            before = {name: use_of(pid).cpu for name, pid in pids.items()}
            answered = await saturate(url, asked, connections=options.connections)
            return answered, {name: use_of(pid).cpu - before[name] for name, pid in pids.items()}

        host = httpx.URL(url).netloc.decode()
        trial = {} if options.cards else {"trial_days": 30}
        starts = [_start(host, key, customer, trial) for customer in customers]
        await saturate(url, iter(starts[: options.warming]), connections=options.connections)
        first = {str(plan["id"]) for plan in await _plans(client)}
        started = await timed(iter(starts[options.warming :]))
        plans = [str(plan["id"]) for plan in await _plans(client)]
        kind = "downgrade_at_end_of_cycle" if options.cards else "downgrade_at_end_of_free_trial"
        await saturate(url, iter([_command(host, key, one, kind) for one in first]), connections=options.connections)
        commanded = await timed(iter([_command(host, key, one, kind) for one in plans if one not in first]))
        return {STARTS: started, COMMANDS: commanded}


def _start(host: str, key: str, customer_id: str, trial: dict[str, int]) -> bytes:
    body = {"customer_id": customer_id, "tier": "cloud_standard", "schedule": "monthly", **trial}
    return request("POST", "/api/v1/plans", host, key, json.dumps(body).encode(), Idempotency_Key=uuid4().hex)


def _command(host: str, key: str, plan_id: str, kind: str) -> bytes:
    body = json.dumps({"type": kind}).encode()
    return request("POST", f"/api/v1/plans/{plan_id}/commands", host, key, body, Idempotency_Key=uuid4().hex)


async def _shop(stack: Stack, slug: str) -> str:
    """Make an organization that sells, and return a key."""
    async with open_engine(stack.settings, stack.temporal_address) as engine:
        await prepare(engine.client, stack.settings)
        org_id = await engine.repositories.organizations.ensure(slug)
        await sell_example(engine.repositories.catalogs, org_id)
        await sell_as_example(engine.repositories.sellers, org_id)
        return await key_of(engine.database, org_id)


async def _customer(client: httpx.AsyncClient, n: int, *, cards: bool) -> str:
    new = {"name": f"Customer {n}", "email": f"{n}@writing.example"}
    customer_id = str((await client.post("/customers", json=new)).raise_for_status().json()["id"])
    (await client.post(f"/customers/{customer_id}/seats", json={"members": 7})).raise_for_status()
    if cards:
        (await client.post(f"/customers/{customer_id}/test-card", json={})).raise_for_status()
    return customer_id


async def _plans(client: httpx.AsyncClient) -> Sequence[dict[str, object]]:
    plans, after = list[dict[str, object]](), None
    while True:
        asked = {"limit": LISTED} | ({"after": after} if after else {})
        answer = (await client.get("/plans", params=asked)).raise_for_status().json()
        plans += answer["plans"]
        if not (after := answer["next"]):
            return plans


async def measure(options: argparse.Namespace) -> dict[str, object]:
    """Return the figures of each build, by turns."""
    builds = {NOW: ""} | ({BEFORE: options.before} if options.before else {})
    figures = {name: {kind: Figures() for kind in (STARTS, COMMANDS)} for name in builds}
    async with running_stack(Settings(), keep=False) as stack:
        await asyncio.to_thread(migrate, stack.settings)
        for number in range(options.rounds):
            for name, source in builds.items():
                done = await measured(stack, source, f"{name}-{number}", options)
                for kind, (answered, cpu) in done.items():
                    figures[name][kind].add(answered, cpu)
    found: dict[str, object] = {
        kind: {name: figures[name][kind].shown() for name in builds} for kind in (STARTS, COMMANDS)
    }
    if BEFORE in builds:
        times = {kind: figures[NOW][kind].per_second / figures[BEFORE][kind].per_second for kind in (STARTS, COMMANDS)}
        found["times_before"] = {kind: round(ratio, 2) for kind, ratio in times.items()}
    return found | {"load_average": os.getloadavg()[0]}


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plans", type=int, default=100, help="how many are started in each round (%(default)s)")
    parser.add_argument("--warming", type=int, default=10, help="how many before anything is counted (%(default)s)")
    parser.add_argument("--connections", type=int, default=8, help="how many are kept busy (%(default)s)")
    parser.add_argument("--rounds", type=int, default=2, help="how often each build has its turn (%(default)s)")
    parser.add_argument("--cards", action="store_true", help="pay at once by card, where it is a trial otherwise")
    parser.add_argument("--before", metavar="SRC", help="the `src` of another build, which takes its turn as well")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    found = run(measure(options))
    print(json.dumps(found) if options.json else "\n".join(f"{name}: {value}" for name, value in found.items()))


if __name__ == "__main__":
    main()
