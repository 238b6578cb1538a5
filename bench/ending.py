"""What ends a benchmark in order, so that it leaves no server and no folder behind."""

import asyncio
import signal
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

Result = TypeVar("Result")


def run(measuring: Coroutine[Any, Any, Result]) -> Result:
    """Run a benchmark and return its result; SIGTERM and ctrl-C end it in order."""

    async def ended_in_order() -> Result:
        with ended_by_signals():
            return await measuring

    return asyncio.run(ended_in_order())


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Let SIGTERM and ctrl-C end what runs inside in order, so that no process is left behind."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    if task is not None:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, task.cancel)
    try:
        yield
    except asyncio.CancelledError:
        raise SystemExit("stopped") from None
