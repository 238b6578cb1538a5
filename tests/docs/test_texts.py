"""What pages quote is what the program says: messages, layers, functions that round, states, who takes part."""

import ast
import re
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest

from billflow.domain.calendar import Period
from billflow.domain.invoicing.coupons import percent_line
from billflow.domain.invoicing.draft import Line, LineKind
from billflow.domain.invoicing.explain import explain
from billflow.domain.money import Rounding
from billflow.domain.plan import PlanStatus
from billflow.domain.proration import Derivation
from tests.docs.blocks import Block, blocks
from tests.source import BILLFLOW, ROOT, nodes

LEAST_QUOTED = 12
"""Characters of a message's own words that name it."""

MOSTLY = 0.7
"""How much of the words of a message is its own, not filled in."""

ARROW = re.compile(r"^ *(\w+)-+>>(\w+): \w", re.MULTILINE)
LAYERS = ROOT / "CONTRIBUTING.md"
RULES, DISCOUNTS = ROOT / "docs" / "rules.md", ROOT / "docs" / "discounts.md"


def of(language: str, *, pages: set[Path] | None = None, but: set[Path] | None = None) -> list[Block]:
    """Return the blocks in a language: of some pages, or of all but some."""
    found = [block for block in blocks() if block.language == language]
    return [block for block in found if (pages is None or block.page in pages) and block.page not in (but or set())]


@cache
def messages() -> list[re.Pattern[str]]:
    """Return a pattern for each text in the program that is long enough: what is filled in is a group of it."""
    parts = (_parts(node) for _, node in nodes(BILLFLOW) if isinstance(node, ast.JoinedStr | ast.Constant))
    return [
        re.compile("(.*?)".join(map(re.escape, words)))
        for words in {tuple(words) for words in parts}
        if sum(map(len, words)) >= LEAST_QUOTED
    ]


def _parts(node: ast.JoinedStr | ast.Constant) -> list[str]:
    """Return the words of a text around what is filled in."""
    values = node.values if isinstance(node, ast.JoinedStr) else [node]
    words = [""]
    for value in values:
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            words[-1] += value.value
        elif isinstance(value, ast.FormattedValue):
            words.append("")
    return words


def quoted(block: Block) -> Iterator[str]:
    """Yield each message of a block: a line, or several up to a full stop."""
    yield from (text.replace("\n", " ") for text in re.findall(r"(?s)\S.*?[.)](?=\n|$)", block.text.strip()))


def share_said(message: str) -> float:
    """Return how much of the words of a message is in texts of the program."""
    said = set[int]()
    for pattern in messages():
        for found in pattern.finditer(message):
            filled = {at for n in range(1, pattern.groups + 1) for at in range(*found.span(n))}
            said |= set(range(*found.span())) - filled
    words = {at for found in re.finditer(r"\b[a-z]+\b", message) for at in range(*found.span())}
    return len(said & words) / len(words)


@pytest.mark.parametrize("block", of("text", but={LAYERS, RULES, DISCOUNTS}), ids=str)
def test_a_quoted_message_is_one_that_the_program_says(block: Block) -> None:
    told = {message: share_said(message) for message in quoted(block)}

    assert told
    assert {message: share for message, share in told.items() if share < MOSTLY} == {}


def test_a_message_that_nobody_says_is_noticed() -> None:
    assert share_said("The seats of this customer were eaten by 12 wolves; ask the shepherd for new ones.") < MOSTLY


@pytest.mark.parametrize("block", of("text", pages={DISCOUNTS}), ids=str)
def test_a_discount_is_explained_by_the_sentence_that_is_shown(block: Block) -> None:
    month = Period(datetime(2027, 3, 1, tzinfo=UTC), datetime(2027, 4, 1, tzinfo=UTC))
    line = Line(LineKind.RENEWAL, "Team", Derivation(price=800, quantity=10, period=month))
    discount = percent_line("Spring (SPRING25)", Decimal(25), line, "USD", "month 1 of 3")

    assert explain(discount, "USD").sentence == block.text.strip()


@pytest.mark.parametrize("block", of("text", pages={LAYERS}), ids=str)
def test_the_layers_are_those_of_the_import_contract(block: Block) -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = next(one["layers"] for one in contracts if one["type"] == "layers")

    assert re.split(r"\s+>\s+", block.text.strip()) == [layer.replace(" | ", ", ") for layer in layers]


@pytest.mark.parametrize("block", of("text", pages={RULES}), ids=str)
def test_a_formula_rounds_by_a_way_that_there_is(block: Block) -> None:
    ways = re.findall(r"(\w+)\(", block.text)

    assert ways
    assert set(ways) <= set(Rounding)
    assert block.text.count("(") == block.text.count(")")


@pytest.mark.parametrize("block", of("mermaid"), ids=str)
def test_a_picture_names_who_takes_part_and_states_that_there_are(block: Block) -> None:
    taking_part = set(re.findall(r"participant (\w+)", block.text))
    arrows, states = ARROW.findall(block.text), re.findall(r"(\S+) --> (\S+?)(?=:|$)", block.text, re.MULTILINE)

    assert bool(arrows) != bool(states)
    assert {name for arrow in arrows for name in arrow} == taking_part
    assert {name for edge in states for name in edge} <= {*PlanStatus, "[*]"}
