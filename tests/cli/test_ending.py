"""A command ends without the interpreter's own shutdown, and what it wrote arrives all the same."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.terminal import billflow, environment
from tests.databases import migrated_database


def test_what_a_command_wrote_arrives_whole(tmp_path: Path) -> None:
    help_texts = [billflow("plan", "start", "--help", env=environment()).out]
    with (tmp_path / "help").open("w") as file:
        subprocess.run([sys.executable, "-m", "billflow.cli", "plan", "start", "--help"], stdout=file, check=True)
    help_texts.append((tmp_path / "help").read_text())

    assert help_texts[0] == help_texts[1]
    assert help_texts[0].rstrip().endswith("--trial-days 30")


@pytest.fixture
async def database_url(postgres_url: str) -> str:
    return await migrated_database(postgres_url, "ending")


def test_whoever_stops_reading_makes_no_stack_trace(database_url: str) -> None:
    env = environment(DATABASE_URL=database_url, STRIPE_API_KEY="sk_test_ending", PYTHONUNBUFFERED="")
    unread, written = os.pipe()
    os.close(unread)

    ended = subprocess.run(
        [sys.executable, "-m", "billflow.cli", "plan", "list", "--json"],
        env=env,
        stdout=written,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(written)

    assert (ended.returncode, ended.stderr) == (1, "")
