"""Other commands find the stack of `billflow dev`, unless it is gone or they mean another one."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

from billflow.cli.local_stack import NAME, announced, found

VARIABLES = {"DATABASE_URL": "postgresql://here", "TEMPORAL_ADDRESS": "127.0.0.1:7233"}


def test_a_running_stack_is_found_and_its_secrets_are_for_its_owner_only(tmp_path: Path) -> None:
    with announced(tmp_path, VARIABLES):
        mode = stat.S_IMODE((tmp_path / NAME).stat().st_mode)

        assert found(tmp_path, {}) == VARIABLES
        assert mode == 0o600
    assert found(tmp_path, {}) == {}
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_billflow_left_is_ignored(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    (tmp_path / NAME).write_text(json.dumps({"pid": ended.pid, "environment": VARIABLES}))

    assert found(tmp_path, {}) == {}


def test_who_names_another_server_does_not_mean_the_running_stack(tmp_path: Path) -> None:
    with announced(tmp_path, VARIABLES):
        assert found(tmp_path, {"DATABASE_URL": "postgresql://elsewhere"}) == {}
        assert found(tmp_path, {"DATABASE_URL": VARIABLES["DATABASE_URL"]}) == VARIABLES


def test_a_broken_file_is_no_stack(tmp_path: Path) -> None:
    for text in ("", "[]", '{"pid": "x"}', json.dumps({"pid": os.getpid(), "environment": 3})):
        (tmp_path / NAME).write_text(text)

        assert found(tmp_path, {}) == {}
