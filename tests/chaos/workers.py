"""Worker processes that are killed without warning, and replaced."""

import asyncio
import os
import random
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.environment import Environment
from tests.namespaces import variables
from tests.source import ROOT
from tests.waiting import PATIENCE

WORKER = ROOT / "worker.py"
ADJUSTING = (0.1, 2.0)
"""From when all take work until one is killed, in seconds."""


class Workers:
    """Some `python worker.py` against the servers of a world; `kills` counts those that were killed."""

    def __init__(self, env: Environment, log: Path, count: int = 2, program: Path = WORKER, build_id: str = "") -> None:
        self._environment = _environment(env) | {"BILLFLOW_BUILD_ID": build_id}
        self._program = program
        self._log = log
        self._count = count
        self._running: list[asyncio.subprocess.Process] = []
        self.kills = 0

    async def start(self) -> None:
        """Start what is missing."""
        while len(self._running) < self._count:
            with self._log.open("ab") as log:
                process = await asyncio.create_subprocess_exec(
                    sys.executable, self._program, env=self._environment, cwd=ROOT, stdout=log, stderr=log
                )
            self._running.append(process)

    async def working(self) -> None:
        """Wait until each that was started has said that it takes work."""
        async with asyncio.timeout(PATIENCE):
            while self._log.read_text(errors="replace").count("Taking work") < self._count + self.kills:  # noqa: ASYNC110
                await asyncio.sleep(0.1)

    async def kill(self, chosen: random.Random) -> None:
        """Kill one, whatever it is doing, and start another in its place."""
        victim = self._running.pop(chosen.randrange(len(self._running)))
        victim.send_signal(signal.SIGKILL)
        await victim.wait()
        self.kills += 1
        await self.start()

    @asynccontextmanager
    async def replaced_when_they_die(self) -> AsyncIterator[None]:
        """Start another in the place of each that kills itself, for as long as the block runs."""

        async def replace() -> None:
            while True:
                waiting = [asyncio.create_task(process.wait()) for process in self._running]
                await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                for task in waiting:
                    task.cancel()
                left = [process for process in self._running if process.returncode is None]
                self.kills += len(self._running) - len(left)
                self._running = left
                await self.start()

        at_work = asyncio.create_task(replace())
        try:
            yield
        finally:
            at_work.cancel()
            await asyncio.wait([at_work])

    async def stop(self) -> None:
        """End them all."""
        for process in self._running:
            process.kill()
            await process.wait()


@asynccontextmanager
async def workers_at_risk(env: Environment, log: Path, seed: int, kills: int) -> AsyncIterator[Workers]:
    """Run workers of which *kills* are killed, one after another, at moments that the seed chooses."""
    async with running_workers(env, log) as workers, killing(workers, seed, kills):
        yield workers


@asynccontextmanager
async def running_workers(
    env: Environment, log: Path, program: Path = WORKER, count: int = 2, build_id: str = ""
) -> AsyncIterator[Workers]:
    """Run workers that nobody kills yet, of a version of their own where it has a *build_id*."""
    workers = Workers(env, log, count, program, build_id)
    await workers.start()
    try:
        yield workers
    finally:
        await workers.stop()


@asynccontextmanager
async def killing(workers: Workers, seed: int, kills: int) -> AsyncIterator[None]:
    """Kill workers that take work until there were *kills* of it, which the end waits for."""
    chosen = random.Random(seed)

    async def kill_again_and_again() -> None:
        while workers.kills < kills:
            await workers.working()
            await asyncio.sleep(chosen.uniform(*ADJUSTING))
            await workers.kill(chosen)

    at_work = asyncio.create_task(kill_again_and_again())
    try:
        yield
        await at_work
    finally:
        at_work.cancel()
        await asyncio.wait([at_work])


def _environment(env: Environment) -> dict[str, str]:
    settings = env.engine.settings
    secrets = {
        "DATABASE_URL": settings.database_url,
        "STRIPE_API_KEY": settings.stripe_api_key,
        "STRIPE_WEBHOOK_SECRET": settings.stripe_webhook_secret,
    }
    plain = {
        "BILLFLOW_ORG": settings.org,
        "BILLFLOW_LOG_LEVEL": "error",
        "BILLFLOW_WEBHOOK_PRIVATE_ADDRESSES": "true",
        "STRIPE_API_BASE": env.stripe_url,
    }
    revealed = {name: secret.get_secret_value() for name, secret in secrets.items() if secret}
    return dict(os.environ) | variables(env.temporal) | plain | revealed
