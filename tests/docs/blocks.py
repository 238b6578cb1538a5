"""The code blocks of the pages, each with the language that it is in."""

import ast
import json
import re
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import takewhile
from pathlib import Path

from markdown_it import MarkdownIt

from tests.source import ROOT, committed

SHELL = {"console", "shell", "bash", "sh"}
ALIASES = {"py": "python", "yml": "yaml", **dict.fromkeys(SHELL, "shell")}
PROGRAM = re.compile(r"(?:\$ )?(?:[A-Z_]+=\S* )*(?:\.venv/bin/)?([a-z][\w-]*)(?: |$)")
PROGRAMS = {
    *("billflow", "billflow-verify", "make", "python", "pytest", "pip", "pipx", "stripe-emulator", "uvicorn"),
    *("curl", "git", "twine"),
    *("docker", "kubectl", "helm", "temporal", "psql", "pg_dump", "pg_restore", "openssl", "promtool", "amtool"),
    *("mutmut", "coverage", "export", "cd", "mkdir", "cp", "tcld"),
}
"""What a line of a shell begins with; of those that are not ours no test knows more."""


@dataclass(frozen=True)
class Block:
    """A code block: its page, its line there, its language and its text."""

    page: Path
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    @property
    def first(self) -> str:
        """Return its first line."""
        return self.text.splitlines()[0].strip()

    def typed(self) -> Iterator[str]:
        """Yield each line that a person types, of a shell: without comments, broken lines as one."""
        text = self.text.replace("\\\n", " ")
        lines = [line.strip() for line in text.splitlines()]
        prompted = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
        yield from (line for line in prompted or lines if line and not line.startswith("#"))

    def answer(self, line: str) -> Iterator[str]:
        """Yield the lines that are shown below a line that follows a prompt, up to the next prompt."""
        shown = [one.strip() for one in self.text.replace("\\\n", " ").splitlines()]
        if f"$ {line}" in shown:
            below = shown[shown.index(f"$ {line}") + 1 :]
            yield from takewhile(lambda one: not one.startswith("$ "), below)


def pages() -> list[Path]:
    """Return every page that people read; a changelog tells of the past."""
    return [path for path in committed() if path.suffix == ".md" and path.name != "CHANGELOG.md"]


@cache
def blocks() -> tuple[Block, ...]:
    """Return every code block of every page."""
    return tuple(block for page in pages() for block in _blocks_of(page))


def _blocks_of(page: Path) -> Iterator[Block]:
    for token in MarkdownIt().disable("inline").parse(page.read_text("utf-8")):
        if token.type in {"fence", "code_block"} and token.map:
            named = token.info.split()[0] if token.info.split() else ""
            language = ALIASES.get(named, named) or guessed(token.content)
            yield Block(page, token.map[0] + 1, language, token.content)


def guessed(text: str) -> str:
    """Return the language of a block that names none; empty where it is in none that a test knows."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    found = [PROGRAM.match(line) for line in lines if not line.startswith(" ")]
    if found and all(one and one[1] in PROGRAMS for one in found):
        return "shell"
    for language, reads in READERS.items():
        try:
            reads(text)
        except (ValueError, SyntaxError):
            continue
        return language
    return ""


def _python(text: str) -> None:
    statements = ast.parse(text).body
    if not any(isinstance(one, ast.Import | ast.ImportFrom) for one in statements):
        raise ValueError("no Python that does anything begins without an import")


READERS: dict[str, Callable[[str], object]] = {"json": json.loads, "toml": tomllib.loads, "python": _python}
