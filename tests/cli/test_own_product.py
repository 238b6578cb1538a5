"""The page of a product of one's own is typed line by line, as it stands, for an organization of its own."""

import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from facturx import xml_check_xsd

from billflow.cli import local_stack
from billflow.dev.ports import free_port
from tests.cli.terminal import ROOT, Output, Terminal, billflow, environment, typing
from tests.waiting import PATIENCE

pytestmark = pytest.mark.journey

PAGE = ROOT / "examples" / "own-product" / "README.md"
TYPED_ELSEWHERE = ("make demo", "make dev")
"""What other tests run: tests/demo/test_own_product.py, and the stack of this folder."""

ALL_SCOPES = ("--scope", "read", "--scope", "write", "--scope", "support", "--scope", "admin")
PORT = "8100"


def lines() -> list[str]:
    """Return what the page says to type, in its order."""
    indented = (line.removeprefix("    ") for line in PAGE.read_text("utf-8").splitlines() if line.startswith("    "))
    return [line for line in indented if not line.startswith(TYPED_ELSEWHERE)]


class Newcomer:
    """Somebody who types lines, and remembers what was printed for the words in capitals."""

    def __init__(self, terminal: Terminal, folder: Path) -> None:
        self.terminal, self.folder = terminal, folder
        self.words = {PORT: str(free_port())}
        self.product: subprocess.Popen[str] | None = None

    def type(self, line: str) -> Output:
        """Type a line as the page says it, with what was printed before in place of words in capitals."""
        for word, printed in self.words.items():
            line = re.sub(rf"\b{word}\b", printed, line)
        words = shlex.split(line)
        if words[0] == "billflow":
            words = [str(self.folder / word) if word in ("first.pdf", "first.xml") else word for word in words]
            return self.terminal(*words[1:])
        if "uvicorn" in words:
            return self._started(line)
        done = subprocess.run(line, shell=True, capture_output=True, text=True, check=False, timeout=PATIENCE)  # noqa: S602
        return Output(done.returncode, done.stdout, "")

    def _started(self, line: str) -> Output:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self.product = subprocess.Popen(  # noqa: S602  (as it is typed)
            line,
            shell=True,
            cwd=ROOT,
            env=os.environ | {"PATH": path},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        printed = next((row for row in self.product.stdout or () if "Uvicorn running on" in row), "")
        return Output(0 if printed else 1, printed, "")

    def learn(self, line: str, printed: Output) -> None:
        """Remember what the next lines name, as it was printed."""
        if "seats source set" in line:
            self.words["SECRET"] = shown(printed, "secret")
        if "customer create" in line:
            self.words["OTHER" if "DEPLOYMENT" in self.words else "DEPLOYMENT"] = shown(printed, "deployment")
        if "clock create" in line:
            self.words["CLOCK"] = shown(printed, "id")
        if "plan start bäckerei" in line:
            self.words["PLAN"] = shown(printed, "id")
        if "invoice list --customer bäckerei" in line:
            self.words["INVOICE"] = next(word for word in printed.out.split() if word.startswith("TS-"))


def shown(printed: Output, name: str) -> str:
    """Return the last word of what was shown under a name."""
    return next(row.split()[-1] for row in printed.out.splitlines() if row.split()[:1] == [name])


@pytest.fixture
def newcomer(stack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Newcomer]:
    """Yield somebody who types for an organization that sells nothing yet."""
    monkeypatch.setenv("XDG_STATE_HOME", environment(stack)["XDG_STATE_HOME"])
    with newcomer_of("timesheet", stack, tmp_path) as newcomer:
        yield newcomer


@contextmanager
def newcomer_of(org: str, stack: Path, folder: Path) -> Iterator[Newcomer]:
    """Yield somebody who types for an organization and writes into a folder, where XDG_STATE_HOME is the stack's."""
    operator = environment(stack, BILLFLOW_ORG=org)
    made = billflow("keys", "create", "own", *ALL_SCOPES, "--json", env=operator).data
    (running,) = local_stack.running()
    with typing(operator | {"BILLFLOW_API_URL": running.url, "BILLFLOW_API_KEY": made["api_key"]}) as terminal:
        newcomer = Newcomer(terminal, folder)
        yield newcomer
        if newcomer.product:
            os.killpg(newcomer.product.pid, signal.SIGTERM)
            newcomer.product.communicate(timeout=PATIENCE)


@pytest.mark.full
def test_a_newcomer_comes_from_a_catalogue_to_invoices_by_typing_the_page(newcomer: Newcomer) -> None:
    for line in lines():
        printed = newcomer.type(line)
        assert printed.code == 0, f"{line}\n{printed.out}{printed.err}"
        newcomer.learn(line, printed)

    billed = newcomer.terminal("invoice", "list", "--json").data["invoices"]
    assert {(one["customer_name"], one["currency"], one["total"]) for one in billed} == {
        ("Bäckerei Öztürk", "EUR", 1400),
        ("Harbour Street", "USD", 1200),
        ("Harbour Street", "USD", 2226),
    }
    assert (newcomer.folder / "first.pdf").read_bytes().startswith(b"%PDF")
    assert xml_check_xsd((newcomer.folder / "first.xml").read_bytes(), flavor="factur-x", level="en16931")
