"""Every code block of the pages is typed, run, or read by its own checker; what can't be is listed with its reason."""

import ast
import json
import re
import shlex
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
import typer
import yaml
from typer.core import TyperGroup
from typer.exceptions import TyperException
from typer.main import get_command

from billflow.cli.app import app
from billflow.cli.commands import LazyCommand
from tests.docs.blocks import Block, blocks
from tests.source import ROOT

BLOCKS = list(blocks())
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
SEPARATORS = {"&&", "||", "|", ";", ">", "<"}

READ = {
    "mermaid": "a picture",
    "text": "an answer, a layout or a formula",
    "http": "a request as it is sent, such as to a product of yours",
    "hcl": "for a program that only the reader has",
    "sql": "a query of a database that only the reader has",
    "promql": "a query of a server that only the reader has",
}
"""Languages of blocks that no test runs, and why."""


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


@pytest.mark.parametrize("block", [*of("json"), *of("yaml")], ids=ids)
def test_every_block_of_json_and_yaml_is_that(block: Block) -> None:
    assert (json.loads if block.language == "json" else yaml.safe_load)(block.text)


@pytest.mark.parametrize("block", of("python"), ids=ids)
def test_every_block_of_python_imports_what_there_is(block: Block) -> None:
    imports = [one for one in ast.parse(block.text).body if isinstance(one, ast.Import | ast.ImportFrom)]

    for one in imports:
        exec(ast.unparse(one), {})  # noqa: S102  (a page of ours)


def test_every_block_is_in_a_language_that_a_test_knows() -> None:
    known = {"shell", "toml", "json", "yaml", "python", *READ}

    unknown = [f"{block}: {block.first}" for block in BLOCKS if block.language not in known]
    assert unknown == [], "fence what nobody types as ```text, and let every line of a shell begin with a program"
    assert len(of("shell")) > 20
