"""Finding a stack that `billflow dev` runs for this user, from whatever folder, where no variable says otherwise."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from billflow.cli.folders import state_folder, write_private
from billflow.dev.folder import is_alive

DATA_DIR = "BILLFLOW_DATA_DIR"
_USUAL = ".billflow"


@dataclass(frozen=True, slots=True)
class LocalStack:
    """A running `billflow dev`: its process, its data folder, where its API answers, a key, its servers."""

    pid: int
    data: str
    org: str
    url: str
    key: str = field(repr=False)
    environment: Mapping[str, str] = field(repr=False)


@contextmanager
def announced(stack: LocalStack) -> Iterator[None]:
    """Keep a file for its user only that points other commands at a running stack."""
    file = _file(stack.pid)
    write_private(file, json.dumps(asdict(stack)))
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def running() -> list[LocalStack]:
    """Return the stacks that run, the newest first."""
    try:
        files = sorted(state_folder().glob(_file("*").name), key=lambda file: file.stat().st_mtime, reverse=True)
    except OSError:
        return []
    return [stack for file in files if (stack := _read(file)) and is_alive(stack.pid)]


def found(environment: Mapping[str, str]) -> tuple[LocalStack | None, str]:
    """Return the stack that is meant and, where several run, a sentence that says which.

    It is the one on the data folder that *environment* names, else on the usual one here, else the newest.
    """
    stacks = running()
    if named := environment.get(DATA_DIR):
        return next((stack for stack in stacks if stack.data == _whole(named)), None), ""
    if not stacks:
        return None, ""
    chosen = next((stack for stack in stacks if stack.data == _whole(_USUAL)), stacks[0])
    others = ", ".join(stack.data for stack in stacks if stack is not chosen)
    return (
        chosen,
        f"Asking the billflow dev on {chosen.data}; {DATA_DIR} names another one: {others}." if others else "",
    )


def servers(environment: Mapping[str, str]) -> tuple[Mapping[str, str], str]:
    """Return the variables of the stack that is meant, and which it is where several run.

    Whoever names another server in *environment* does not mean that stack.
    """
    stack, which = found(environment)
    if stack is None or any(environment.get(name, value) != value for name, value in stack.environment.items()):
        return {}, ""
    return stack.environment, which


def _read(file: Path) -> LocalStack | None:
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        return LocalStack(**{**data, "pid": int(data["pid"]), "environment": dict(data["environment"])})
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _file(pid: object) -> Path:
    return state_folder() / f"dev-{pid}.json"


def _whole(folder: str) -> str:
    return str(Path(folder).expanduser().resolve())
