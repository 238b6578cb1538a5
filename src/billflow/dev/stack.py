"""The whole stack on one machine: each part that no variable points at a real one is started from a wheel."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from pydantic import SecretStr
from temporalio.envconfig import ClientConfig

from billflow.dev.child import Child
from billflow.dev.errors import FolderUnusable, PartFailed, StackError
from billflow.dev.folder import ELSEWHERE, claimed, close_to_others, explained
from billflow.dev.keys import with_keys
from billflow.dev.postgres import RUNS, as_login, embedded_postgres
from billflow.dev.stripe import EmulatorOptions, embedded_stripe
from billflow.dev.temporal import embedded_temporal
from billflow.models.contracts.stripe_event_types import HANDLED_TYPES
from billflow.settings import Settings

_WATCH_SECONDS = 0.5
_LONGEST_PATH = 480
"""Of the data folder, where Temporal and the Stripe emulator keep SQLite files; SQLite takes paths of 512 bytes."""


@dataclass(frozen=True)
class Ports:
    """Where the parts listen on the loopback interface; 0 is any free port, None for the Web UI is none."""

    temporal: int = 0
    temporal_ui: int | None = 0
    stripe: int = 0


@dataclass(frozen=True)
class Stack:
    """What runs: `settings` with every blank filled in, where Temporal is, and the processes that are ours."""

    settings: Settings
    temporal_address: str | None = None
    temporal_ui_url: str | None = None
    processes: tuple[Child, ...] = field(default=())

    def environment(self) -> dict[str, str]:
        """Return the variables that point another process at this stack."""
        secrets = {
            "DATABASE_URL": self.settings.database_url,
            "DATABASE_OWNER_URL": self.settings.database_owner_url,
            "STRIPE_API_KEY": self.settings.stripe_api_key,
            "STRIPE_WEBHOOK_SECRET": self.settings.stripe_webhook_secret,
            "BILLFLOW_ENCRYPTION_KEYS": self.settings.encryption_keys,
            "BILLFLOW_SIGNING_KEYS": self.settings.signing_keys,
        }
        plain = {"STRIPE_API_BASE": self.settings.stripe_api_base, "TEMPORAL_ADDRESS": self.temporal_address}
        if self.settings.encrypt_payloads is not None:
            plain["BILLFLOW_ENCRYPT_PAYLOADS"] = str(self.settings.encrypt_payloads).lower()
        if self.settings.webhook_private_addresses:
            plain["BILLFLOW_WEBHOOK_PRIVATE_ADDRESSES"] = "true"
        revealed = {name: secret.get_secret_value() for name, secret in secrets.items() if secret}
        return revealed | {name: value for name, value in plain.items() if value}

    async def watch(self) -> None:
        """Return never; raise `PartFailed` as soon as one of the processes has ended or has no room to write."""
        while True:
            for process in self.processes:
                if not process.is_running or process.lacks_room:
                    raise PartFailed(f"{process.name} has stopped: {process.last_words()}")
            await asyncio.sleep(_WATCH_SECONDS)


@dataclass
class _Site:
    """Where the parts of one stack live and how long, and what is there by now; `parts` stops them."""

    stack: Stack
    parts: AsyncExitStack
    folder: Path
    lock: int
    keep: bool
    ports: Ports
    webhook_url: str | None

    def add(self, process: Child | None, settings: Settings, **found: str | None) -> None:
        """Add a part that runs, with what is known since then."""
        processes = self.stack.processes if process is None else (*self.stack.processes, process)
        self.stack = replace(self.stack, settings=settings, processes=processes, **found)


@asynccontextmanager
async def running_stack(
    settings: Settings, *, keep: bool = True, ports: Ports | None = None, webhook_url: str | None = None
) -> AsyncIterator[Stack]:
    """Start what `settings` and the `TEMPORAL_*` variables leave open, all at once; stop it at the end.

    With `keep` the state stays in `settings.data_dir` for the next time, otherwise it is in a temporary folder that
    is removed. `webhook_url` is where the Stripe emulator sends its events. Raises a `StackError` with one sentence
    when a part cannot run.
    """
    async with AsyncExitStack() as parts:
        folder = parts.enter_context(_kept(settings.data_dir) if keep else _temporary())
        with explained(folder):
            lock = parts.enter_context(claimed(folder))
            close_to_others(folder)
            stack = Stack(settings, temporal_address=ClientConfig.load_client_connect_config().get("target_host"))
            site = _Site(stack, parts, folder, lock, keep, ports or Ports(), webhook_url)
            await _at_once(_start_postgres(site), _start_temporal(site), _start_stripe(site))
        yield site.stack


async def _at_once(*parts: Coroutine[None, None, None]) -> None:
    """Start all parts; where one fails, the others are given up before its error is raised."""
    starting = [asyncio.create_task(part) for part in parts]
    try:
        await asyncio.gather(*starting)
    finally:
        for task in starting:
            task.cancel()
        await asyncio.gather(*starting, return_exceptions=True)


async def _start_postgres(site: _Site) -> None:
    if site.stack.settings.database_url is not None:
        return
    part = embedded_postgres(site.folder, site.lock, durable=site.keep)
    url, process = await site.parts.enter_async_context(part)
    urls = {"database_url": SecretStr(as_login(url, RUNS)), "database_owner_url": SecretStr(url)}
    site.add(process, with_keys(site.stack.settings, site.folder).model_copy(update=urls))


async def _start_temporal(site: _Site) -> None:
    if site.stack.temporal_address is not None:
        return
    part = embedded_temporal(
        site.folder, site.lock, keep=site.keep, port=site.ports.temporal, ui_port=site.ports.temporal_ui
    )
    server = await site.parts.enter_async_context(part)
    site.add(server.process, site.stack.settings, temporal_address=server.address, temporal_ui_url=server.ui_url)


async def _start_stripe(site: _Site) -> None:
    if site.stack.settings.stripe_api_key is not None:
        return
    if site.stack.settings.stripe_api_base is not None:
        raise StackError("STRIPE_API_BASE is set, but STRIPE_API_KEY is not; set both or neither.")
    terms = EmulatorOptions(site.keep, site.ports.stripe, site.webhook_url, HANDLED_TYPES)
    stripe = await site.parts.enter_async_context(embedded_stripe(site.folder, site.lock, terms))
    found = {
        "stripe_api_key": SecretStr(stripe.api_key),
        "stripe_api_base": stripe.api_base,
        "stripe_webhook_secret": SecretStr(stripe.webhook_secret),
    }
    site.add(stripe.process, site.stack.settings.model_copy(update=found))


@contextmanager
def _kept(folder: Path) -> Iterator[Path]:
    found = folder.expanduser().resolve()
    if len(os.fsencode(found)) > _LONGEST_PATH:
        raise FolderUnusable(f"{found} is too long a path for SQLite, which takes {_LONGEST_PATH} bytes; {ELSEWHERE}.")
    yield found


@contextmanager
def _temporary() -> Iterator[Path]:
    try:
        folder = Path(tempfile.mkdtemp(prefix="billflow-"))
    except OSError as error:
        raise FolderUnusable(
            f"There is no temporary folder to write to ({error.strerror}); set TMPDIR to one."
        ) from error
    if os.geteuid() == 0:
        folder.chmod(0o711)  # PostgreSQL runs as another user then, who without /proc has to enter it
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
