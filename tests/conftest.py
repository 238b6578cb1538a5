"""The real servers that the tests share: started once per session, on free ports, gone at its end."""

import functools
import logging
import os
import ssl
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from temporalio import workflow
from temporalio.client import Client
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from billflow.dev.folder import claimed
from billflow.dev.postgres import embedded_postgres
from billflow.dev.temporal import embedded_temporal
from billflow.temporal.client import connect
from tests.databases import create_template
from tests.sizes import VARIABLE, sized

pytest_plugins = [
    *("tests.plugins.environments", "tests.plugins.events", "tests.plugins.failures", "tests.plugins.garbage"),
    *("tests.plugins.sizes", "tests.plugins.this_machine", "tests.plugins.unclosed"),
]

# The tests never touch a server that the developer's environment points at.
_FOR_TESTS = {VARIABLE, "BILLFLOW_CHAOS_SEED", "BILLFLOW_PICTURES"}
for _name in [name for name in os.environ if name.startswith(("BILLFLOW_", "DATABASE_URL", "STRIPE_", "TEMPORAL_"))]:
    if _name not in _FOR_TESTS:
        del os.environ[_name]


def pytest_collection_finish() -> None:
    """Keep what the tests were told from the programs that they start, now that every module has read it."""
    for name in _FOR_TESTS:
        os.environ.pop(name, None)


# Each HTTP client reads the certificates of all authorities, which takes longer than a request to this machine.
ssl.create_default_context = functools.cache(ssl.create_default_context)  # type: ignore[assignment]

# A worker loads each of its workflows in a sandbox to see whether it can: half of what starting a stack takes, and
# nothing changes between two of a process.
_load_in_sandbox, _loaded = SandboxedWorkflowRunner.prepare_workflow, set[tuple[type, frozenset[str]]]()


def _load_once(self: SandboxedWorkflowRunner, defn: workflow._Definition) -> None:
    what = (defn.cls, frozenset(self.restrictions.passthrough_modules))
    if what not in _loaded:
        _load_in_sandbox(self, defn)
        _loaded.add(what)


SandboxedWorkflowRunner.prepare_workflow = _load_once  # type: ignore[method-assign]

# How hard the properties look; time decides nothing, and chance only in the long run.
settings.register_profile(
    "billflow",
    max_examples=sized(10, 80, 1500),
    stateful_step_count=sized(20, 30, 60),
    derandomize=sized(True, True, False),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("billflow")


@pytest.fixture(autouse=True)
def own_logging() -> Iterator[None]:
    """Take back a logging set-up that a test made: it writes to a stream that ends with the test."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level


@pytest.fixture(scope="session")
def servers_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, int]]:
    """Yield the folder of the session's servers and the descriptor of its lock."""
    folder = tmp_path_factory.mktemp("servers")
    with claimed(folder) as lock:
        yield folder, lock


@pytest.fixture(scope="session")
async def postgres_url(servers_folder: tuple[Path, int]) -> AsyncIterator[str]:
    """Yield the URL of an empty `billflow` database, as its superuser, on a server that can copy a migrated one."""
    async with embedded_postgres(*servers_folder, durable=False) as (url, _):
        await create_template(url)
        yield url


@pytest.fixture(scope="session")
async def temporal_server(servers_folder: tuple[Path, int]) -> AsyncIterator[str]:
    """Yield the address of a dev server in memory that knows our search attributes."""
    async with embedded_temporal(*servers_folder, keep=False, ui_port=None) as server:
        yield server.address


@pytest.fixture(scope="session")
async def temporal_client(temporal_server: str) -> Client:
    """Return a client with our plugin, whose workers refuse careless imports in workflows."""
    return await connect(temporal_server, strict_imports=True)
