"""Every command explains itself, with an example that can be typed as it stands."""

import asyncio
import shlex
from collections.abc import Coroutine, Iterator
from functools import cache
from typing import Any, Never

import pytest
import typer
import uvloop
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from billflow.cli import connection
from billflow.cli.app import app
from billflow.cli.commands import LazyCommand

ROOT, LOAD = get_command(app), LazyCommand.load
EXAMPLE = "Example: billflow "
SPEAKS_FOR_ITSELF = "stripe-emulator"
NOT_ON_THE_ENGINE = {
    "demo",
    "audit signing-keys",
    "keys create-signing",
    "completion",
    "conformance",
    "migrate",
    SPEAKS_FOR_ITSELF,
    "catalog init",
    "catalog check",
    "login",
    "profile",
    "seller init",
    "seller check",
    "settings",
    "tax init",
    "tax check",
}


@cache
def loaded(command: LazyCommand) -> TyperCommand | TyperGroup:
    """Make a command once: a hundred lines begin with the same one."""
    return LOAD(command)


def commands(command: object = ROOT, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield how each command is typed, and what its help says in prose."""
    if isinstance(command, LazyCommand):
        command = loaded(command)
    assert isinstance(command, TyperCommand | TyperGroup)
    yield path, f"{command.help}\n{command.epilog}"
    if isinstance(command, TyperGroup):
        # The groups over plan commands take a plan first.
        before = path if len(path) != 2 or path == ("plan", "batch") else (*path, "0192f3")
        for name, below in command.commands.items():
            yield from commands(below, (*before, name))


EVERY = dict(commands())
EXAMPLES = [
    shlex.split(line.removeprefix(EXAMPLE))
    for text in EVERY.values()
    for line in text.splitlines()
    if line.startswith(EXAMPLE)
]


@pytest.fixture
def _loaded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the command line find each command as it was made first."""
    monkeypatch.setattr(LazyCommand, "load", loaded)


def test_every_command_has_an_example() -> None:
    assert len(EVERY) > 200
    assert [" ".join(path) for path, text in EVERY.items() if EXAMPLE not in text] == []


@pytest.mark.usefixtures("_loaded_once")
def test_help_is_printed_with_the_example(capsys: pytest.CaptureFixture[str]) -> None:
    asked = [path for path in EVERY if len(path) < 4 and SPEAKS_FOR_ITSELF not in path]

    assert len(asked) > 150
    for path in asked:
        assert ROOT.main([*path, "--help"], standalone_mode=False) == 0
        assert EXAMPLE in capsys.readouterr().out, path


@pytest.mark.usefixtures("_loaded_once")
def test_every_example_can_be_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []

    def instead_of_running(coroutine: Coroutine[Any, Any, None]) -> None:
        coroutine.close()
        ran.append("ran")

    def instead_of_asking(_: object) -> Never:
        ran.append("asked")
        raise typer.Exit

    monkeypatch.setattr(connection, "connected", instead_of_asking)
    monkeypatch.setattr(asyncio, "run", instead_of_running)
    monkeypatch.setattr(uvloop, "run", instead_of_running)
    typed = [words for words in EXAMPLES if not {words[0], " ".join(words[:2])} & NOT_ON_THE_ENGINE]

    assert len(typed) > 250
    for words in typed:
        ran.clear()
        try:
            ROOT.main(words, standalone_mode=False)
        except Exception as error:
            error.add_note(f"typed: {' '.join(words)}")
            raise
        assert len(ran) == 1, words
