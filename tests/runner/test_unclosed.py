"""What a folder of tests leaves open fails the folder's last test, and no other."""

from pathlib import Path

from tests.runner.commands import ran_tests

LEAVING = """
import socket

class Kept:
    def __init__(self):
        self.itself, self.socket = self, socket.socket()

def test_that_leaves_a_socket_open():
    Kept()

def test_that_is_the_last():
    pass
"""

PASSING = """
import gc

def test_that_collects():
    gc.collect()
"""


def test_what_is_left_open_is_found_at_the_end_of_its_folder(tmp_path: Path) -> None:
    for name, module in (("leaving", LEAVING), ("passing", PASSING)):
        folder = tmp_path / "tests" / name
        folder.mkdir(parents=True)
        (folder / f"test_{name}.py").write_text(module)

    done = ran_tests(tmp_path)

    assert done.returncode == 1, done.stdout
    failed = [line for line in done.stdout.splitlines() if line.startswith("FAILED")]
    assert [line.partition("::")[2] for line in failed] == ["test_that_is_the_last"]
    assert "unclosed <socket.socket" in done.stdout
