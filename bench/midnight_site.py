"""The servers of `midnight.py`, with the worker processes of its two sides and what they take of the machine."""

import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from billflow.dev.folder import claimed
from billflow.dev.postgres import RUNS, as_login, embedded_postgres
from billflow.dev.stripe import EmulatorOptions, embedded_stripe
from billflow.dev.temporal import embedded_temporal
from billflow.settings import Settings
from billflow.wiring.engine import Engine, open_engine
from billflow.wiring.store import migrate
from billflow.wiring.workers import prepare

sys.path.append(str(Path(__file__).parent))
from ending import ended_by_signals
from process_use import Use, use_of

LOST = "Task not found"
"""What Temporal's core says of a workflow task that it took too long for."""
OURS, THEIRS = "billflow", "bare"
WORKER = ("-m", "billflow.cli", "worker")
"""The command of a worker of ours."""


@dataclass(frozen=True)
class Site:
    """The servers of a run, and the processes to be counted."""

    url: str
    engine: Engine
    environment: dict[str, str]
    folder: Path
    servers: dict[str, int]


@dataclass(frozen=True)
class Arm:
    """One side of the comparison: its worker processes, and what they write to standard error."""

    name: str
    pids: list[int]
    logs: list[Path]
    said: list[str]

    @property
    def workflow(self) -> str:
        """Return the type of its plans' workflows."""
        return "PlanWorkflow" if self.name == OURS else "MidnightBare"

    @property
    def prefix(self) -> str:
        """Return what the ids of its plans' workflows begin with."""
        return "plan" if self.name == OURS else "bare"

    @property
    def lost(self) -> int:
        """Return how many workflow tasks were lost so far."""
        return sum(log.read_text(errors="replace").count(LOST) for log in self.logs)

    def uses(self, site: Site) -> dict[str, Use]:
        """Return what the workers and each server take by now."""
        workers = [use_of(pid) for pid in self.pids]
        worker = Use(sum(one.cpu for one in workers), sum(one.memory for one in workers))
        return {"worker": worker} | {name: use_of(pid) for name, pid in site.servers.items()}


@contextmanager
def _folder() -> Iterator[Path]:
    """Yield a folder that PostgreSQL can enter, which runs as another user where we are root."""
    with tempfile.TemporaryDirectory(prefix="billflow-") as name:
        (folder := Path(name)).chmod(0o711)
        yield folder


@asynccontextmanager
async def servers(*, keep: bool = False) -> AsyncIterator[Site]:
    """Start everything but workers, with an empty database; with `keep` Temporal has its data in a file."""
    with ended_by_signals(), _folder() as folder, claimed(folder) as lock:
        async with (
            embedded_postgres(folder, lock, durable=True) as (url, postgres),
            embedded_temporal(folder, lock, keep=keep, ui_port=None) as temporal,
            embedded_stripe(folder, lock, EmulatorOptions(keep=False)) as stripe,
        ):
            variables = {
                "DATABASE_URL": as_login(url, RUNS),
                "STRIPE_API_KEY": stripe.api_key,
                "STRIPE_API_BASE": stripe.api_base,
                "TEMPORAL_ADDRESS": temporal.address,
                "BILLFLOW_BUILD_ID": "",
                "BILLFLOW_LOG_FORMAT": "json",
            }
            settings = Settings(
                database_url=SecretStr(variables["DATABASE_URL"]),
                database_owner_url=SecretStr(url),
                stripe_api_key=SecretStr(stripe.api_key),
                stripe_api_base=stripe.api_base,
            )
            await asyncio.to_thread(migrate, settings)
            pids = {"postgresql": postgres.pid, "stripe": stripe.process.pid}
            if temporal.process is not None:
                pids["temporal"] = temporal.process.pid
            async with open_engine(settings, temporal.address) as engine:
                await prepare(engine.client, settings)
                yield Site(url, engine, {**os.environ, **variables}, folder, pids)


@asynccontextmanager
async def working(site: Site, name: str, commands: Sequence[Sequence[str]]) -> AsyncIterator[Arm]:
    """Run the worker processes of one side, by a command of Python each; each says a line when it takes work."""
    logs = [site.folder / f"{name}-{n}.log" for n in range(len(commands))]
    async with AsyncExitStack() as running:
        arm = Arm(name, [], logs, [])
        for command, log in zip(commands, logs, strict=True):
            with log.open("wb") as output:
                child = await asyncio.create_subprocess_exec(
                    sys.executable, *command, env=site.environment, stdout=asyncio.subprocess.PIPE, stderr=output
                )
            running.push_async_callback(child.wait)
            running.callback(child.terminate)
            if child.stdout is None or not (line := (await child.stdout.readline()).decode().strip()):
                raise SystemExit(f"a worker did not start: {log.read_text(errors='replace')[-2000:]}")
            arm.pids.append(child.pid)
            arm.said.append(line)
        yield arm
