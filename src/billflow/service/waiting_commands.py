"""Commands that wait in a process for their plan: how many there may be, and how one waits in line."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from billflow.errors import TooManyRequests
from billflow.models.contracts.plans import StepResult
from billflow.models.contracts.steps import PlanRef
from billflow.temporal.workflow_control import NoTemporalServer

MOST_WAITING = 250
"""Commands that may wait for one plan in one process (decision 0061); a plan takes some tens a second."""

MOST_EVENTS = 5_000
"""Events of a plan's run with which it takes no more commands by signal, from any process. A run continues as new at
4,096 unless many commands wait, and the server takes 10,000 signals a run."""

LINE_SECONDS = 300.0
"""How long a command waits in line until its answer is in the rows."""

_FIRST_LOOK, _LATER_LOOKS = 0.25, 4.0
"""Seconds between two looks, twice as many each time."""


@dataclass(frozen=True)
class WaitingCommands:
    """Counts the commands that wait, by plan."""

    _counts: Counter[str] = field(default_factory=Counter, init=False)

    @contextmanager
    def one_more(self, plan: PlanRef) -> Iterator[None]:
        """Count one for as long as the block runs; raises `TooManyRequests` where there are `MOST_WAITING`."""
        if self._counts[plan.plan_id] >= MOST_WAITING:
            raise _too_many(f"{MOST_WAITING} commands")
        self._counts[plan.plan_id] += 1
        try:
            yield
        finally:
            self._counts[plan.plan_id] -= 1
            if not self._counts[plan.plan_id]:
                del self._counts[plan.plan_id]


def check_backlog(events: int) -> None:
    """Raise `TooManyRequests` where a plan's run has so many *events* that commands left by signal must wait in it."""
    if events >= MOST_EVENTS:
        raise _too_many("Too many commands")


def _too_many(what: str) -> TooManyRequests:
    message = f"{what} wait for this plan; send the next one when they are taken."
    return TooManyRequests(message, code="too_many_commands", retry_after=timedelta(seconds=10))


async def in_line(answer: Callable[[], Awaitable[StepResult | None]]) -> StepResult:
    """Look for an answer until there is one; raises `NoTemporalServer` when that takes too long."""
    pause = _FIRST_LOOK
    try:
        async with asyncio.timeout(LINE_SECONDS):
            while (known := await answer()) is None:
                await asyncio.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311  (so that not all look together)
                pause = min(2 * pause, _LATER_LOOKS)
    except TimeoutError as error:
        raise NoTemporalServer("The plan's workflow takes no commands at the moment; is a worker running?") from error
    return known
