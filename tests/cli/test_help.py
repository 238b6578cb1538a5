"""Every command explains itself, with an example that can be typed as it stands."""

import asyncio
import shlex
from collections.abc import Coroutine, Iterator
from typing import Any, Never

import pytest
import typer
import uvloop
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from billflow.cli import connection
from billflow.cli.app import app
from billflow.cli.commands import LazyCommand

ROOT = get_command(app)
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


def commands(command: object = ROOT, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield how each command is typed, and what its help says in prose."""
    if isinstance(command, LazyCommand):
        command = command.load()
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


@pytest.mark.parametrize("path", EVERY, ids=" ".join)
def test_every_command_has_an_example(path: tuple[str, ...]) -> None:
    assert EXAMPLE in EVERY[path]


@pytest.mark.parametrize(
    "path", [path for path in EVERY if len(path) < 4 and SPEAKS_FOR_ITSELF not in path], ids=" ".join
)
def test_help_is_printed_with_the_example(path: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert ROOT.main([*path, "--help"], standalone_mode=False) == 0
    assert EXAMPLE in capsys.readouterr().out


@pytest.mark.parametrize(
    "words", [words for words in EXAMPLES if not {words[0], " ".join(words[:2])} & NOT_ON_THE_ENGINE], ids=" ".join
)
def test_every_example_can_be_typed(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []

    def instead_of_running(coroutine: Coroutine[Any, Any, None]) -> None:
        coroutine.close()
        ran.append(" ".join(words))

    def instead_of_asking(_: object) -> Never:
        ran.append(" ".join(words))
        raise typer.Exit

    monkeypatch.setattr(connection, "connected", instead_of_asking)
    monkeypatch.setattr(asyncio, "run", instead_of_running)
    monkeypatch.setattr(uvloop, "run", instead_of_running)
    ROOT.main(words, standalone_mode=False)

    assert ran == [" ".join(words)]
