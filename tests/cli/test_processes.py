"""What runs together ends together: on a signal, with a job, or with a server underneath."""

import asyncio

import pytest

from billflow.cli.processes import together
from billflow.dev.errors import PartFailed


class Worker:
    """Works until it is told to stop, and then finishes what it has in hand."""

    def __init__(self, stop: asyncio.Event) -> None:
        self.stop, self.drained = stop, False

    async def run(self) -> None:
        await self.stop.wait()
        await asyncio.sleep(0)
        self.drained = True


async def fail(error: Exception) -> None:
    raise error


async def test_a_signal_lets_every_job_finish_what_it_has_in_hand() -> None:
    stop = asyncio.Event()
    one, other = Worker(stop), Worker(stop)
    asyncio.get_running_loop().call_soon(stop.set)

    await together(stop, one.run(), other.run(), watch=asyncio.sleep(3600))

    assert one.drained
    assert other.drained


async def test_a_server_that_dies_underneath_stops_the_jobs_and_is_named() -> None:
    stop = asyncio.Event()
    worker = Worker(stop)

    with pytest.raises(PartFailed, match="Temporal has stopped"):
        await together(stop, worker.run(), watch=fail(PartFailed("Temporal has stopped")))

    assert worker.drained


async def test_a_job_that_fails_takes_the_others_down() -> None:
    stop = asyncio.Event()
    worker = Worker(stop)

    with pytest.raises(OSError, match="address in use"):
        await together(stop, worker.run(), fail(OSError("address in use")))

    assert worker.drained
