"""The data folder: one billflow at a time, however the last one ended."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from billflow.dev.errors import FolderInUse

_PATIENCE_SECONDS = 60.0
"""What is left of a billflow that was killed has ten seconds of grace, and takes longer on a slow machine."""


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
            owner = _owner(lock)
            if _is_alive(owner) or time.monotonic() > deadline:
                raise FolderInUse(
                    f"Another billflow (process {owner}) uses the data folder {folder}; "
                    "stop it, or set BILLFLOW_DATA_DIR to another folder."
                ) from None
            time.sleep(0.05)
        else:
            return


def _owner(lock: IO[str]) -> int:
    lock.seek(0)
    return int(lock.read() or 0)


def _is_alive(pid: int) -> bool:
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
