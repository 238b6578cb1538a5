"""The retired words of `tests/data/retired_words.toml`, and how a name or a text is found to hold one."""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, cached_property
from typing import Any

from tests.source import ROOT

TABLE = ROOT / "tests" / "data" / "retired_words.toml"
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


class Kind(StrEnum):
    """Where a word was read."""

    MODULE = "module"
    CLASS = "class"
    FUNCTION = "function"
    TEST = "test"
    PARAMETER = "parameter"
    FIELD = "field"
    CONSTANT = "constant"
    CLI = "cli"
    ROUTE = "route"
    SCHEMA = "schema"
    EVENT = "event"
    CODE = "code"
    TEXT = "text"


_NAMES = frozenset(Kind) - {Kind.TEST, Kind.TEXT}


@dataclass(frozen=True)
class Use:
    """A name, or a text for people, and where it stands."""

    kind: Kind
    name: str
    place: str


@dataclass(frozen=True)
class Finding:
    """A use of what is retired, and what to say instead."""

    use: Use
    word: str
    say: str

    def __str__(self) -> str:
        return f"{self.use.place}: {self.use.kind} {self.use.name[:60]!r} has {self.word!r}; say {self.say}"


@dataclass(frozen=True)
class Retired:
    """One retired word, and the kinds of names in which it is."""

    word: str
    say: str
    where: frozenset[Kind]

    def is_in(self, use: Use) -> bool:
        """Tell whether *use* holds the word, as whole parts of its name or whole words of its text."""
        if use.kind not in self.where:
            return False
        if use.kind is Kind.TEXT:
            return self._in_text.search(use.name) is not None
        if self.word.startswith("="):
            return use.name.strip("_").lower() == self.word[1:]
        wanted, found = self._in_name, parts(use.name)
        return any(found[n : n + len(wanted)] == wanted for n in range(len(found)))

    @cached_property
    def _in_name(self) -> tuple[str, ...]:
        return tuple(re.split(r"[ -]", self.word))

    @cached_property
    def _in_text(self) -> re.Pattern[str]:
        spelled = re.escape(self.word).replace(r"\-", "[-_]").replace(r"\ ", "[-_ ]")
        return re.compile(rf"(?<![a-z]){spelled}(?![a-z])", re.IGNORECASE)


@cache
def parts(name: str) -> tuple[str, ...]:
    """Return the words a name is made of, in lower case: of `HTTPStandIn` and `http_stand_in` the same three."""
    return tuple(part.lower() for part in _PART.findall(name))


@cache
def table() -> Mapping[str, Any]:
    """Return the data file as it stands."""
    return tomllib.loads(TABLE.read_text())


@cache
def retired() -> tuple[Retired, ...]:
    """Return every retired word."""
    return tuple(
        Retired(word, entry["say"], _kinds(entry.get("where", ["names", "test", "text"])))
        for entry in table()["retired"]
        for word in entry["words"]
    )


def _kinds(where: Iterable[str]) -> frozenset[Kind]:
    return frozenset().union(*(_NAMES if kind == "names" else {Kind(kind)} for kind in where))


def findings(uses: Iterable[Use]) -> Iterator[Finding]:
    """Yield every retired word in *uses*."""
    for use in uses:
        for word in _candidates(use):
            if word.is_in(use):
                yield Finding(use, word.word, word.say)
        yield from _of_tables(use)


def _candidates(use: Use) -> Iterable[Retired]:
    """Return the words worth looking for: there are many names, and few hold even the first part of one."""
    if use.kind is Kind.TEXT:
        return retired()
    return [word for part in dict.fromkeys(parts(use.name)) for word in _by_first_part().get(part, [])]


@cache
def _by_first_part() -> Mapping[str, list[Retired]]:
    first: dict[str, list[Retired]] = {}
    for word in retired():
        first.setdefault(parts(word.word)[0], []).append(word)
    return first


def allowance(use: Use) -> str | None:
    """Return the key that allows this use, its name or the file or command it stands in; None where none does."""
    known = (use.name, use.place.partition(":")[0])
    return next((key for key in known if key in table()["allowed"]), None)


def _of_tables(use: Use) -> Iterator[Finding]:
    """Yield what is retired as it stands, or as the end of a name."""
    whole = {Kind.EVENT: table()["events"], Kind.CLI: table()["cli_names"], Kind.TEXT: table()["texts"]}
    for known, say in whole.get(use.kind, {}).items():
        if use.name == known or (use.kind is Kind.TEXT and known.lower() in use.name.lower()):
            yield Finding(use, known, say)
    ends = {Kind.CLASS: table()["suffixes"], Kind.SCHEMA: table()["suffixes"], Kind.EVENT: table()["event_suffixes"]}
    for end, say in ends.get(use.kind, {}).items():
        if parts(use.name)[-1:] == (end.lower(),):
            yield Finding(use, f"...{end}", say)
