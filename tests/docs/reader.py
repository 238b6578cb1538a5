"""Somebody who reads a page and types what it says, in a folder of their own, at a running stack."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from billflow.cli import local_stack
from billflow.cli.local_stack import LocalStack
from billflow.dev.ports import free_port
from billflow.dev.programs import programs_for
from tests.cli.terminal import ROOT, Output, Terminal, billflow, environment, typing
from tests.docs.contexts import Context
from tests.waiting import PATIENCE

ALL_SCOPES = ("--scope", "read", "--scope", "write", "--scope", "support", "--scope", "admin")
SHOWN_AS = {
    "customer create": "CUSTOMER",
    "plan start": "PLAN",
    "clock create": "CLOCK",
    "endpoint create": "ENDPOINT",
}
"""The word for the id that a command shows."""

LISTED_AS = {
    "invoice list": ("INVOICE", r"(?m)^[0-9a-f]{8}\b"),
    "catalog price-changes": ("ID", r"(?m)^[0-9a-f]{8}\b"),
    "audit signing-keys": ("SIGNING_KEY", r"[\w/+]{43}="),
}
"""The word for the first of what a command lists, and how that looks."""

BASH = "/bin/bash"
URLS = ("DATABASE_URL", "DATABASE_OWNER_URL")
ASSIGNMENT = re.compile(r"[A-Z_]+=")

AT_A_TIME = "Max concurrent batch operations is reached"
"""Says Temporal's server while the batch before is under way."""


@dataclass
class Reader:
    """Types lines as a page has them, with what was printed before in place of words in capitals."""

    org: str
    stack: LocalStack
    folder: Path
    variables: dict[str, str]
    terminal: Terminal
    words: dict[str, str] = field(default_factory=dict)
    context: Context = field(default_factory=Context)
    is_set: bool = False
    staying: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    def begin(self, context: Context) -> None:
        """Make what a page takes for granted."""
        self.context = context
        self.words = {**context.words, **self.words, **self.here, "KEY": self.variables["BILLFLOW_API_KEY"]}
        if context.alone:
            self.variables = {
                name: value for name, value in self.variables.items() if name not in self.stack.environment
            }
        for name, text in context.files.items():
            (self.folder / name).write_text(text, "utf-8")
        for line in context.before:
            self.prepare(line)

    @property
    def here(self) -> dict[str, str]:
        """Return what words of every page stand for."""
        urls = {name: self.stack.environment[name].replace("/billflow?", "/restored?") for name in URLS}
        here = {"URL": self.stack.url, "OPERATORS_KEY": self.stack.key, "FOLDER": str(self.folder)}
        here["PORT"] = str(free_port())
        return here | {f"RESTORED_{name.removeprefix('DATABASE_')}": url for name, url in urls.items()}

    def prepare(self, line: str) -> None:
        """Type a line that is no line of the page until it does what it says; a list, until it has something."""
        wanted = LISTED_AS.get(" ".join(line.split()[1:3]), ("", ""))[0]
        self.words.pop(wanted, None)
        deadline = time.monotonic() + PATIENCE
        while (done := self.type(line)).code or wanted not in {"", *self.words}:
            assert time.monotonic() < deadline, f"{line}\n{done.out}{done.err}"
            time.sleep(0.1)

    def read(self, line: str) -> Output:
        """Type a line of the page."""
        for beginning, lines in self.context.just_before.items():
            if line.startswith(beginning):
                for one in lines:
                    self.prepare(one)
        ready = next((said for program, said in self.context.stays.items() if program in line), None)
        return self.start(line, ready) if ready else self.type(line)

    def type(self, line: str) -> Output:
        """Type a line: a command of ours into a process that is there already, anything else into a shell."""
        line = self.meant(line)
        words = shlex.split(line.removeprefix("export "), comments=True)
        if all(ASSIGNMENT.match(word) for word in words):
            return self.set(words)
        plain = words[0] == "billflow" and words[1] not in self.context.asked and not self.is_set
        printed = self.terminal(*words[1:]) if plain else self.in_shell(line)
        if printed.code == 0:
            self.learn(" ".join(words[1:3]), printed.out)
        return printed

    def set(self, assignments: list[str]) -> Output:
        """Set variables from now on; what they say has to be in force."""
        self.is_set = True
        self.variables |= dict(one.split("=", 1) for one in assignments)
        return self.in_shell("billflow settings")

    def meant(self, line: str) -> str:
        """Return a line with what its words stand for."""
        for word, stands_for in {**self.words, "NOW": datetime.now(UTC).isoformat()}.items():
            line = stands_for.join(re.split(rf"(?<!\w){re.escape(word)}(?!\w)", line))
        return line

    def learn(self, command: str, printed: str) -> None:
        """Remember what the next lines name, as it was printed."""
        if name := SHOWN_AS.get(command):
            self.words[name] = shown(printed, "id")
        if command == "customer create":
            self.words["DEPLOYMENT"] = shown(printed, "deployment")
        if command == "invoice refund":
            self.words["REFUND"] = json.loads(printed)["id"]
        if command in LISTED_AS:
            name, looks = LISTED_AS[command]
            if found := re.search(looks, printed):
                self.words[name] = found[0]

    def in_shell(self, line: str) -> Output:
        """Type a line into bash, and what it asks for."""
        asked = next((text for command, text in self.context.asked.items() if f"billflow {command} " in line), "")
        done = subprocess.run(
            [BASH, "-c", line], cwd=self.folder, env=self.variables, capture_output=True, text=True, timeout=PATIENCE,
            check=False, input=self.meant(asked),
        )  # fmt: skip
        if AT_A_TIME in done.stderr:
            time.sleep(0.2)
            return self.in_shell(line)
        is_missed = self.context.measures and done.stdout and not done.stderr
        return Output(0 if is_missed else done.returncode, done.stdout, done.stderr)

    def start(self, line: str, ready: str) -> Output:
        """Type a line that stays until the end of the page, and wait until it says that it is ready."""
        log = self.folder / f"stays-{len(self.staying)}.log"
        with log.open("w") as file:
            process = subprocess.Popen(
                [BASH, "-c", f"exec env {self.meant(line)}"], cwd=self.folder, env=self.variables, stdout=file,
                stderr=file, start_new_session=True,
            )  # fmt: skip
        self.staying.append(process)
        deadline = time.monotonic() + PATIENCE
        while ready not in log.read_text() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        return Output(0 if process.poll() is None else 1, log.read_text(), "")

    def end(self) -> list[int]:
        """Type ctrl-C where something stays, and return the codes with which that ends."""
        for process in self.staying:
            process.send_signal(signal.SIGINT)
        return [process.wait(PATIENCE) for process in self.staying]


def shown(printed: str, name: str) -> str:
    """Return the last word of what was shown under a name."""
    return next(row.split()[-1] for row in printed.splitlines() if row.split()[:1] == [name])


@contextmanager
def reader_of(org: str, data: Path, folder: Path) -> Iterator[Reader]:
    """Yield somebody who types for an organization of its own into a folder, in which the source tree is too."""
    operator = environment(data, BILLFLOW_ORG=org)
    made = billflow("keys", "create", "reader", *ALL_SCOPES, "--json", env=operator).data
    (stack,) = local_stack.running()
    path = os.pathsep.join(
        [str(folder / "bin"), str(Path(sys.executable).parent), str(programs_for(None)), os.environ["PATH"]]
    )
    own = {
        "XDG_CONFIG_HOME": str(folder / "config"),
        "BILLFLOW_API_URL": stack.url,
        "BILLFLOW_API_KEY": made["api_key"],
        "PATH": path,
        "BILLFLOW_ORG": org,
    }
    own["CURL_HOME"] = str(folder)
    variables = {**operator, **stack.environment, **own}
    (folder / ".curlrc").write_text("fail\n")  # an error of the API is one of the line
    _programs_of_packages(folder / "bin")
    for entry in ROOT.iterdir():
        if not entry.name.startswith("."):
            (folder / entry.name).symlink_to(entry)
    with typing(variables, folder) as terminal:
        reader = Reader(org, stack, folder, variables, terminal)
        try:
            yield reader
        finally:
            codes = reader.end()
        assert set(codes) <= {0}, codes


def _programs_of_packages(folder: Path) -> None:
    """Write the programs of our other distributions as pip would."""
    folder.mkdir()
    for package in sorted((ROOT / "packages").glob("*/pyproject.toml")):
        for name, entry in tomllib.loads(package.read_text("utf-8"))["project"].get("scripts", {}).items():
            module, _, function = entry.partition(":")
            text = f"#!{sys.executable}\nimport sys\nfrom {module} import {function}\nsys.exit({function}())\n"
            (folder / name).write_text(text)
            (folder / name).chmod(0o755)
