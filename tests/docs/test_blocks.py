"""Every code block of the pages is typed, run, or compared with what it shows; one that nobody looks at fails."""

import ast
import re
import shlex
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException
from typer.main import get_command

from billflow.cli.app import app
from billflow.cli.commands import LazyCommand
from tests.docs.blocks import Block, blocks
from tests.source import ROOT

BLOCKS = blocks()
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
SEPARATORS = {"&&", "||", "|", ";", ">", "<"}

ELSEWHERE = {
    "python": "test_python.py",
    "toml": "test_toml.py",
    "json": "test_shown.py",
    "http": "test_shown.py",
    "hcl": "test_shown.py",
    "text": "test_texts.py",
    "mermaid": "test_texts.py",
}
"""Languages of the blocks that other files of this folder run, or compare with what they show."""


def of(language: str) -> list[Block]:
    """Return the blocks in a language, of which there must be some."""
    return [block for block in BLOCKS if block.language == language]


def commands(line: str) -> Iterator[list[str]]:
    """Yield the commands of a line of a shell, without what sets variables before them."""
    words: list[str] = []
    for word in [*shlex.split(line, comments=True), ";"]:
        if word.strip(";") and word not in SEPARATORS:
            words.append(word)
            continue
        while words and (re.match(r"[A-Z_]+=", words[0]) or words[0] == "export"):
            words.pop(0)
        if words:
            yield [words[0].removeprefix(".venv/bin/"), *words[1:]]
        words = []


def type_in(command: Any, name: str, words: Sequence[str]) -> None:
    """Read a command's words as it does, and run nothing; raises click's errors for what it would refuse."""
    context = command.make_context(name, list(words))
    if isinstance(command, TyperGroup):
        rest = [*context._protected_args, *context.args]
        if not rest and command.invoke_without_command:
            return
        below_name, below, rest = command.resolve_command(context, rest)
        type_in(below.load() if isinstance(below, LazyCommand) else below, below_name or "", rest)


def problem_of(words: Sequence[str]) -> str | None:
    """Return what is wrong with a command of ours, None where nothing is or where it is none."""
    program, *rest = words
    if program == "billflow" and rest[:1] != ["stripe-emulator"]:
        try:
            type_in(get_command(app), "billflow", rest)
        except typer.Exit:
            return None
        except TyperException as refused:
            return str(refused)
    if program == "make":
        return next((f"no target {word}" for word in rest if "=" not in word and word not in TARGETS), None)
    if program in {"python", "pytest"}:
        named = [word for word in rest if "/" in word and not word.startswith("-")]
        return next((f"no file {word}" for word in named if not (ROOT / word).exists()), None)
    return None


def ids(block: Block) -> str:
    return str(block)


@pytest.mark.parametrize("block", of("shell"), ids=ids)
def test_every_line_of_a_shell_can_be_typed(block: Block) -> None:
    wrong = [
        f"{line}: {problem}" for line in block.typed() for words in commands(line) if (problem := problem_of(words))
    ]

    assert wrong == []


@pytest.mark.parametrize(
    "line",
    [
        "billflow nothing",
        "billflow plan start acme --tier x --schedule weekly",
        "billflow plan list --colour red",
        "billflow plan command PLAN nothing",
        "make nothing",
        "python nowhere/nothing",
    ],
)
def test_a_line_that_cannot_be_typed_is_noticed(line: str) -> None:
    assert [problem_of(words) for words in commands(line)] != [None]


@pytest.mark.parametrize("block", of("python"), ids=ids)
def test_every_block_of_python_imports_what_there_is(block: Block) -> None:
    imports = [one for one in ast.parse(block.text).body if isinstance(one, ast.Import | ast.ImportFrom)]

    for one in imports:
        exec(ast.unparse(one), {})  # noqa: S102  (a page of ours)


def test_every_block_is_in_a_language_that_a_test_knows() -> None:
    unknown = [f"{block}: {block.first}" for block in BLOCKS if block.language not in {"shell", *ELSEWHERE}]

    assert unknown == [], "let every line of a shell begin with a program; for another language write a test"
    assert {block.language for block in BLOCKS} == {"shell", *ELSEWHERE}, "a language that no page has any more"
    for language, file in ELSEWHERE.items():
        assert f'"{language}"' in (ROOT / "tests" / "docs" / file).read_text()
