"""A command ends without the interpreter's own shutdown, and what it wrote arrives all the same."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.terminal import billflow, environment


def test_what_a_command_wrote_arrives_whole(tmp_path: Path) -> None:
    help_texts = [billflow("plan", "start", "--help", env=environment()).out]
    with (tmp_path / "help").open("w") as file:
        subprocess.run([sys.executable, "-m", "billflow.cli", "plan", "start", "--help"], stdout=file, check=True)
    help_texts.append((tmp_path / "help").read_text())

    assert help_texts[0] == help_texts[1]
    assert help_texts[0].rstrip().endswith("--trial-days 30")


@pytest.mark.full
def test_whoever_stops_reading_makes_no_stack_trace() -> None:
    env = environment(PYTHONUNBUFFERED="")
    unread, written = os.pipe()
    os.close(unread)

    ended = subprocess.run(
        [sys.executable, "-m", "billflow.cli", "catalog", "check", "examples/own-product/catalog.toml", "--json"],
        env=env,
        stdout=written,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(written)

    assert (ended.returncode, ended.stderr) == (1, "")
