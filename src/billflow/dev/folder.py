"""The data folder: one billflow at a time, however the last one ended, and what is said where it can't be used."""

import contextlib
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from billflow.dev.errors import FolderInUse, FolderUnusable
from billflow.dev.user import not_ours

ELSEWHERE = "set BILLFLOW_DATA_DIR, or TMPDIR for the demo and the tests, to a folder elsewhere"
_PATIENCE_SECONDS = 60.0
"""What is left of a billflow that was killed has ten seconds of grace, and takes longer on a slow machine."""
_MEGABYTE = 1 << 20


@contextmanager
def explained(folder: Path) -> Iterator[None]:
    """Say in one sentence why the system refuses the folder: raises `FolderNotOurs` or `FolderUnusable`."""
    try:
        yield
    except PermissionError as error:
        raise not_ours(Path(os.fsdecode(error.filename or folder)), folder) from error
    except OSError as error:
        raise FolderUnusable(f"{folder} can't hold our data ({error.strerror}); {ELSEWHERE}.") from error


def check_room(folder: Path, megabytes: int) -> None:
    """Raise `FolderUnusable` where the folder's file system has less room than that."""
    free = shutil.disk_usage(folder).free // _MEGABYTE
    if free < megabytes:
        raise FolderUnusable(
            f"{folder} has room for {free} MB, and {megabytes} MB are needed; make room there, or {ELSEWHERE}."
        )


def owners_only(path: str, flags: int) -> int:
    """Open a file that only its owner may read, as an `opener`."""
    return os.open(path, flags, 0o600)


def close_to_others(folder: Path) -> None:
    """Take from everybody but their owner the logs and databases that an earlier billflow left open to all."""
    for file in (*folder.glob("*.log"), *folder.glob("*.db*")):
        with contextlib.suppress(PermissionError, FileNotFoundError):
            file.chmod(0o600)


@contextmanager
def short_path(path: Path, longest: int) -> Iterator[Path]:
    """Yield a path of at most *longest* bytes that leads to *path*: itself, or a link to it in a temporary folder.

    Raises `FolderUnusable` where there is none.
    """
    if len(os.fsencode(path)) <= longest:
        yield path
        return
    # Of these one is short; a folder that nobody else may enter keeps others from putting their link there.
    for base in (tempfile.gettempdir(), "/tmp", "/var/tmp"):  # noqa: S108
        if len(os.fsencode(base)) + len("/billflow-12345678/link") <= longest and os.access(base, os.W_OK):
            with tempfile.TemporaryDirectory(prefix="billflow-", dir=base) as folder:
                link = Path(folder, "link")
                link.symlink_to(path)
                yield link
            return
    raise FolderUnusable(
        f"The path {path} is too long for a socket, and no temporary folder has a shorter one; {ELSEWHERE}."
    )


@contextmanager
def claimed(folder: Path) -> Iterator[int]:
    """Hold the folder, and yield the descriptor of its lock, which every server of the stack inherits.

    The lock lives as long as any process that inherited it. So after a kill the next start waits here until the
    orphans of the last one are gone; a folder of a billflow that lives raises `FolderInUse` at once.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("a+") as lock:
        _take(lock, folder)
        lock.seek(0)
        lock.truncate()
        lock.write(str(os.getpid()))
        lock.flush()
        yield lock.fileno()


def _take(lock: IO[str], folder: Path) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            owner = int(lock.read() or 0)
            if is_alive(owner) or time.monotonic() > deadline:
                raise FolderInUse(
                    f"Another billflow (process {owner}) uses the data folder {folder}; "
                    "stop it, or set BILLFLOW_DATA_DIR to another folder."
                ) from None
            time.sleep(0.05)
        else:
            return


def is_alive(pid: int) -> bool:
    """Tell whether a process of this machine runs."""
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
