"""What a run of tests leaves behind: processes with their ports, and files."""

import contextlib
import ctypes
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil

_PR_SET_CHILD_SUBREAPER = 36
_LOOK = 0.05
_GRACE = 10.0
"""Seconds that processes have to end after the tests: a guard stops its server when the one who started it is gone."""

_HANGING = 60.0
"""Seconds after which a pytest that has written its counts, but does not end, is killed."""

_LONGEST_COMMAND = 120


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends, instead of the system's first process (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def reap_until(child: int, done: Path) -> int:
    """Wait for the end of a child and of every orphan meanwhile; return the child's exit code.

    SIGTERM is handed on as ctrl-C. Kills the child where the file *done* has been there for a while.
    """
    signal.signal(signal.SIGTERM, lambda *_: os.kill(child, signal.SIGINT))
    while True:
        # A terminal's ctrl-C goes to the child too, which ends in order.
        with contextlib.suppress(KeyboardInterrupt):
            for pid, status in _ended():
                if pid == child:
                    return os.waitstatus_to_exitcode(status)
            if done.exists() and time.time() - done.stat().st_mtime > _HANGING:
                os.kill(child, signal.SIGKILL)
            time.sleep(_LOOK)


def still_running(folder: Path) -> list[psutil.Process]:
    """Return the descendants that don't end by themselves, and what else has *folder* as its temporary one."""
    deadline = time.monotonic() + _GRACE
    while found := _running(folder):
        if time.monotonic() > deadline:
            return found
        time.sleep(_LOOK)
    return []


def described(process: psutil.Process) -> str:
    """Name a process by its command and the ports it listens on."""
    with contextlib.suppress(psutil.Error):
        command = " ".join(process.cmdline())[:_LONGEST_COMMAND]
        listening = [one for one in process.net_connections("tcp") if one.status == psutil.CONN_LISTEN]
        ports = f", listening on {sorted(one.laddr.port for one in listening)}" if listening else ""
        return f"process {process.pid}: {command}{ports}"
    return f"process {process.pid}"


def end(processes: Sequence[psutil.Process]) -> None:
    """Kill processes, and wait until they are gone."""
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(processes, timeout=_GRACE)


def remains_in(folder: Path) -> list[str]:
    """Name what is in a folder."""
    return sorted(f"file {path}" for path in folder.iterdir())


def _running(folder: Path) -> list[psutil.Process]:
    list(_ended())
    ours = psutil.Process().children(recursive=True)
    return [*ours, *(one for one in psutil.process_iter() if one not in ours and _uses(one, folder))]


def _uses(process: psutil.Process, folder: Path) -> bool:
    with contextlib.suppress(psutil.Error, OSError):
        return process.environ().get("TMPDIR") == str(folder)
    return False


def _ended() -> Iterator[tuple[int, int]]:
    """Yield the children that have ended, each with its status."""
    with contextlib.suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            yield ended
