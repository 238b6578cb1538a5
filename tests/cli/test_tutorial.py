"""The tutorial is typed line by line, as it stands, for an organization of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.terminal import ROOT, Output, environment
from tests.cli.test_own_product import Newcomer, newcomer_of, shown

pytestmark = pytest.mark.journey

PAGE = ROOT / "docs" / "tutorial.md"
TYPED_ELSEWHERE = ("pip install ", "billflow dev")
"""What other tests do: tests/deployment/test_installing.py, and the stack of this folder."""

CATALOG = "src/billflow/catalogs/cloud_and_self_hosted.toml"


def lines() -> list[str]:
    """Return what the page says to type, in its order."""
    indented = (line.removeprefix("    ") for line in PAGE.read_text("utf-8").splitlines() if line.startswith("    "))
    return [line for line in indented if not line.startswith(TYPED_ELSEWHERE)]


def learn(newcomer: Newcomer, line: str, printed: Output) -> None:
    """Remember what the next lines name, as it was printed."""
    if "clock create" in line:
        newcomer.words["CLOCK"] = shown(printed, "id")
    if "plan start" in line:
        newcomer.words["PLAN"] = shown(printed, "id")
    if "invoice list" in line and "INVOICE" not in newcomer.words:
        newcomer.words["INVOICE"] = next(word for word in printed.out.split() if word.endswith("-0001"))


@pytest.fixture
def newcomer(stack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Newcomer]:
    """Yield somebody who types for an organization that sells what `billflow dev` would let it sell."""
    monkeypatch.setenv("XDG_STATE_HOME", environment(stack)["XDG_STATE_HOME"])
    with newcomer_of("tutorial", stack, tmp_path) as newcomer:
        assert newcomer.terminal("catalog", "apply", CATALOG).code == 0
        yield newcomer


@pytest.mark.full
def test_a_newcomer_comes_to_a_first_invoice_by_typing_the_page(newcomer: Newcomer) -> None:
    for line in lines():
        printed = newcomer.type(line)
        assert printed.code == 0, f"{line}\n{printed.out}{printed.err}"
        learn(newcomer, line, printed)

    billed = newcomer.terminal("invoice", "list", "--json").data["invoices"]
    assert (newcomer.folder / "first.pdf").read_bytes().startswith(b"%PDF")
    assert {(one["customer_name"], one["currency"], one["total"]) for one in billed} == {
        ("Acme", "USD", 12 * 800),
        ("Acme", "USD", 15 * 800 + 3 * 514),  # 18 of 28 days of three more
    }
