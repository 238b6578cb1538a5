"""A terminal for the tests: commands typed at a running stack, and what they answered."""

import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cli.responses import differences
from tests.waiting import PATIENCE

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Output:
    """What a command wrote, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """Return what `--json` printed."""
        assert (self.code, self.err) == (0, ""), self.err
        return json.loads(self.out)


def assert_refused(answer: Output, sentence: str, code: int = 1) -> None:
    """Check that a command said one sentence, and nothing else."""
    assert answer.err.count("\n") == 1, answer.err
    assert sentence in answer.err
    assert (answer.code, answer.out) == (code, "")


def environment(data: Path | None = None, **variables: str) -> dict[str, str]:
    """Return an environment in which nothing points at a server but what is named here.

    What runs and what profiles there are is looked for below *data* alone, or nowhere.
    """
    ours = ("BILLFLOW_", "DATABASE_URL", "STRIPE_", "TEMPORAL_")
    plain = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    own = {"XDG_STATE_HOME": f"{data or os.devnull}/state", "XDG_CONFIG_HOME": f"{data or os.devnull}/config"}
    folder = {"BILLFLOW_DATA_DIR": str(data)} if data else {}
    return plain | own | folder | {"PYTHONUNBUFFERED": "1"} | variables


def billflow(*words: str, env: dict[str, str], program: Sequence[str | Path] = ("-m", "billflow.cli")) -> Output:
    """Run one command in a process of its own."""
    done = subprocess.run(
        [sys.executable, *program, *words], env=env, capture_output=True, text=True, check=False, timeout=PATIENCE
    )
    return Output(done.returncode, done.stdout, done.stderr)


@contextmanager
def started(*words: str, env: dict[str, str], program: Sequence[str | Path]) -> Iterator["subprocess.Popen[str]"]:
    """Run a command that stays; it is killed at the end if it still runs."""
    process = subprocess.Popen(
        [sys.executable, *program, *words], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def wait_for(process: "subprocess.Popen[str]", word: str) -> str:
    """Read what a process prints until *word* comes; fails with what it complained of where it ends first."""
    printed = ""
    assert process.stdout
    assert process.stderr
    while word not in printed:
        line = process.stdout.readline()
        assert line, f"{printed}{process.stderr.read()}"
        printed += line
    return printed


@contextmanager
def typing(env: dict[str, str], folder: Path = ROOT) -> Iterator["Terminal"]:
    """Yield a terminal in this environment and folder."""
    with subprocess.Popen(
        [sys.executable, HERE / "typist.py"],
        env=env,
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as typist:
        yield Terminal(typist)


class Terminal:
    """Types commands into one process that lives as long as the tests."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def __call__(self, *words: str) -> Output:
        """Type `billflow WORDS`."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(words) + "\n")
        self._process.stdin.flush()
        answer = Output(**json.loads(self._process.stdout.readline()))
        if answer.code == 0 and "--json" in words:
            assert differences(words, json.loads(answer.out)) == [], "the API's answer has other fields"
        return answer

    def customer(self, *options: str) -> str:
        """Create a customer nobody else uses, and return its id."""
        number = next(_numbers)
        created = self("customer", "create", f"Customer {number}", f"c{number}@example.com", *options, "--json")
        return str(created.data["id"])

    def trial(self, customer: str, *options: str) -> str:
        """Start a trial of 30 days, and return the plan's id."""
        words = ("--tier", "cloud_standard", "--schedule", "monthly", "--trial-days", "30")
        return str(self("plan", "start", customer, *words, *options, "--json").data["plan"]["id"])

    def state(self, plan: str) -> dict[str, Any]:
        """Return a plan as it is now."""
        state: dict[str, Any] = self("plan", "show", plan, "--json").data
        return state

    def until_status(self, plan: str, status: str) -> None:
        """Wait until a plan has a status that a signal leads to."""
        deadline = time.monotonic() + PATIENCE
        while self.state(plan)["status"] != status:
            assert time.monotonic() < deadline, self.state(plan)
            time.sleep(0.05)
