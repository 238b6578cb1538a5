"""Finding the stack that `billflow dev` runs on this machine, where no variable says otherwise."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from billflow.dev.folder import is_alive

NAME = "running.json"


@contextmanager
def announced(folder: Path, environment: Mapping[str, str]) -> Iterator[None]:
    """Keep a file in *folder*, readable by its owner only, that points other commands at the running stack."""
    file = folder / NAME
    partial = file.with_suffix(f".{os.getpid()}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
        json.dump({"pid": os.getpid(), "environment": dict(environment)}, opened)
    partial.replace(file)
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def found(folder: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of a stack that runs on *folder*, or nothing.

    Whoever names another server in *environment* does not mean that stack.
    """
    try:
        announcement = json.loads((folder / NAME).read_text(encoding="utf-8"))
        pid, variables = int(announcement["pid"]), dict(announcement["environment"])
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    if not is_alive(pid) or any(environment.get(name, value) != value for name, value in variables.items()):
        return {}
    return variables
