"""Running several jobs in one event loop until a signal comes or one of them fails; and giving up before that."""

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any

DRAIN_SECONDS = 40.0
"""How long the others may take to end: as long as running activities may, and a little."""

Job = Coroutine[Any, Any, object]


def cancel_on_signals() -> None:
    """Let SIGTERM and ctrl-C cancel the current task, which then takes back what it has started."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, lambda: task and task.cancel())


async def together(stop: asyncio.Event, *jobs: Job, watch: Job | None = None) -> None:
    """Run *jobs* until *stop* is set, one of them ends or *watch* raises; then set *stop* and let them finish.

    Raises what the first of them failed with.
    """
    running = [asyncio.create_task(job) for job in jobs]
    watching = [asyncio.create_task(job) for job in (stop.wait(), watch) if job is not None]
    await asyncio.wait([*watching, *running], return_when=asyncio.FIRST_COMPLETED)
    stop.set()
    await asyncio.wait(running, timeout=DRAIN_SECONDS)
    for task in (*watching, *running):
        task.cancel()
    for ended in await asyncio.gather(*watching, *running, return_exceptions=True):
        if isinstance(ended, Exception):
            raise ended
