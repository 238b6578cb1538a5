"""The workers of `billflow dev`: in its own process, or in several where the machine has cores for them."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from billflow.cli.processes import Job

if TYPE_CHECKING:
    from billflow.temporal.sdk_metrics import CountingRuntime
    from billflow.wiring.engine import Engine
    from billflow.wiring.operations import Terms


@contextmanager
def counted_together(processes: int) -> Iterator[str]:
    """Yield the folder in which that many processes and this one count, or "" where it works alone.

    It is to be named before anything that counts is imported.
    """
    from billflow.telemetry.process_metrics import SHARED

    if processes == 1:
        yield ""
        return
    with TemporaryDirectory(prefix="billflow-dev-") as numbers:
        os.environ[SHARED] = numbers
        yield numbers


@dataclass(frozen=True)
class Working:
    """What takes work until a stop, what it counts, and what else operators are told of it."""

    run: Callable[[asyncio.Event], Job]
    exposition: Callable[[], bytes]
    terms: "Terms"


def working_here(engine: "Engine", exposition: Callable[[], bytes], counted: "CountingRuntime") -> Working:
    """Let this process take work; *exposition* is what it counts, *counted* what Temporal's SDK does."""
    from billflow.temporal.worker import run_until
    from billflow.wiring.workers import workers

    terms: Terms = {
        "sdk_exposition": counted.exposition,
        "pollers": lambda: [engine.client.identity],
        "optional": frozenset(),
    }
    return Working(lambda stop: run_until(stop, workers(engine)), exposition, terms)


@asynccontextmanager
async def working_apart(
    count: int, engine: "Engine", temporal_address: str | None, numbers: str
) -> AsyncIterator[Working]:
    """Let *count* processes take work by the settings of *engine*, and all count in the folder *numbers*.

    Raises `CannotListen` where one of them does not start.
    """
    from billflow.api.metrics import shared_exposition, shared_success
    from billflow.api.worker_processes import working_in
    from billflow.settings import environment_of

    temporal = {"TEMPORAL_ADDRESS": temporal_address} if temporal_address else {}
    async with working_in(count, numbers, environment_of(engine.settings) | temporal, counts=True) as kept:
        terms: Terms = {
            "sdk_exposition": kept.exposition,
            "pollers": kept.pollers,
            "optional": frozenset(),
            "last_success": partial(shared_success, numbers),
        }
        yield Working(_until, partial(shared_exposition, numbers), terms)


async def _until(stop: asyncio.Event) -> None:
    await stop.wait()
