"""Other commands find the stack of `billflow dev` from any folder, unless it is gone or they mean another one."""

import os
import stat
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from billflow.cli.folders import state_folder
from billflow.cli.local_stack import LocalStack, announced, found, running, servers

SERVERS = {"DATABASE_URL": "postgresql://here", "TEMPORAL_ADDRESS": "127.0.0.1:7233"}


@pytest.fixture
def stack(tmp_path: Path) -> LocalStack:
    """Return what a running `billflow dev` says of itself."""
    return LocalStack(os.getpid(), str(tmp_path / "books"), "default", "http://127.0.0.1:8000", "bf_test_x", SERVERS)


def test_a_running_stack_is_found_from_any_folder_and_its_file_is_for_its_owner_only(
    stack: LocalStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with announced(stack):
        (file,) = state_folder().iterdir()

        assert found({}) == (stack, "")
        assert servers({}) == (SERVERS, "")
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE(state_folder().stat().st_mode) == 0o700
    assert (found({}), servers({})) == ((None, ""), ({}, ""))
    assert list(state_folder().iterdir()) == []


def test_its_secrets_are_in_no_text_of_it(stack: LocalStack) -> None:
    assert "bf_test_x" not in repr(stack)
    assert "postgresql" not in repr(stack)


def test_of_two_stacks_the_one_here_is_meant_or_the_newer_one_and_which_is_told(
    stack: LocalStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = replace(stack, pid=os.getppid(), data=str(tmp_path / ".billflow"), url="http://127.0.0.1:8001")
    with ExitStack() as both:
        for one in (other, stack):
            both.enter_context(announced(one))
        older = state_folder() / f"dev-{other.pid}.json"
        os.utime(older, (0, 0))

        assert running() == [stack, other]
        chosen, told = found({})
        assert chosen == stack
        assert f"Asking the billflow dev on {stack.data}; BILLFLOW_DATA_DIR names another one: {other.data}." == told
        assert found({"BILLFLOW_DATA_DIR": other.data}) == (other, "")
        assert found({"BILLFLOW_DATA_DIR": str(tmp_path)}) == (None, "")
        monkeypatch.chdir(tmp_path)
        assert found({})[0] == other


def test_what_a_killed_billflow_left_is_ignored(stack: LocalStack) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    with announced(replace(stack, pid=ended.pid)):
        assert found({}) == (None, "")


def test_who_names_another_server_does_not_mean_the_running_stack(stack: LocalStack) -> None:
    with announced(stack):
        assert servers({"DATABASE_URL": "postgresql://elsewhere"}) == ({}, "")
        assert servers({"DATABASE_URL": SERVERS["DATABASE_URL"]}) == (SERVERS, "")


@pytest.mark.parametrize("text", ["", "[]", '{"pid": "x"}', '{"pid": 1, "environment": 3}'])
def test_a_broken_file_is_no_stack(text: str, stack: LocalStack) -> None:
    with announced(stack):
        (file,) = state_folder().iterdir()
        file.write_text(text)

        assert found({}) == (None, "")
