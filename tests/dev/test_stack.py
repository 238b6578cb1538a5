"""The embedded stack starts again however it ended, and leaves nothing behind."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg
import pytest

from billflow.dev.postgres import OWNS, as_login
from tests.sizes import sized
from tests.waiting import PATIENCE

SIGNALS = [signal.SIGKILL, signal.SIGINT, signal.SIGTERM]
PARTS = ["PostgreSQL", "Temporal", "The Stripe emulator"]
MANY = sized(1, 3, 3)
"""Each of these takes two whole stacks."""

PROGRAM = Path(__file__).with_name("stack_in_a_process.py")


@dataclass(frozen=True)
class Running:
    """One billflow process with its stack."""

    process: "subprocess.Popen[str]"
    pids: dict[str, int]
    environment: dict[str, str]

    def kill(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)

    def everything(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)


Start = Callable[[], Running]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    started: list[subprocess.Popen[str]] = []

    def start_one() -> Running:
        process = subprocess.Popen(
            [sys.executable, PROGRAM, tmp_path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        started.append(process)
        assert process.stdout
        assert process.stderr
        line = process.stdout.readline()
        if not line:
            raise RuntimeError(process.stderr.read())
        return Running(process, **json.loads(line))

    yield start_one
    for process in started:
        servers = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
        process.kill()
        process.communicate()
        psutil.wait_procs(servers, timeout=PATIENCE)


def write_a_row(running: Running) -> None:
    with psycopg.connect(as_login(running.environment["DATABASE_URL"], OWNS)) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (n int)")
        connection.execute("INSERT INTO kept VALUES (1)")


def rows(running: Running) -> int:
    with psycopg.connect(as_login(running.environment["DATABASE_URL"], OWNS)) as connection:
        row = connection.execute("SELECT count(*) FROM kept").fetchone()
        assert row
        return int(row[0])


def assert_all_ended(processes: list[psutil.Process]) -> None:
    _, alive = psutil.wait_procs(processes, timeout=PATIENCE)

    assert alive == []


@pytest.mark.parametrize("number", SIGNALS[:MANY])
def test_however_billflow_ends_no_server_stays_and_the_data_does(start: Start, number: signal.Signals) -> None:
    first = start()
    write_a_row(first)
    processes = first.everything()

    first.kill(number)
    second = start()

    assert len(processes) > len(first.pids)
    assert rows(second) == 1
    assert_all_ended(processes)
    second.kill(signal.SIGINT)


@pytest.mark.full
@pytest.mark.parametrize("part", PARTS[:MANY])
def test_a_killed_server_ends_billflow_with_its_name_and_does_not_block_the_next_start(start: Start, part: str) -> None:
    first = start()
    write_a_row(first)
    processes = first.everything()

    os.kill(first.pids[part], signal.SIGKILL)
    _, said = first.process.communicate(timeout=PATIENCE)

    assert first.process.returncode == 1
    assert said.startswith(f"{part} has stopped: ")
    assert_all_ended(processes)
    assert rows(start()) == 1


@pytest.mark.full
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent is gone")
def test_killing_the_guards_takes_their_servers_down(start: Start) -> None:
    running = start()
    processes = running.everything()

    for guard in psutil.Process(running.process.pid).children():
        guard.kill()

    assert_all_ended(processes)


@pytest.mark.full
def test_a_second_billflow_on_the_same_folder_is_refused_in_one_sentence(start: Start, tmp_path: Path) -> None:
    first = start()

    second = subprocess.run([sys.executable, PROGRAM, tmp_path], capture_output=True, text=True, check=False)

    assert second.returncode == 1
    assert second.stderr == (
        f"Another billflow (process {first.process.pid}) uses the data folder {tmp_path}; "
        "stop it, or set BILLFLOW_DATA_DIR to another folder.\n"
    )


@pytest.mark.full
def test_nobody_else_on_the_machine_reads_files_or_secrets_of_a_stack(start: Start, tmp_path: Path) -> None:
    (tmp_path / "stripe.db-wal.old").touch(0o644)
    earlier = os.umask(0)
    try:
        running = start()
    finally:
        os.umask(earlier)

    kept = [file for file in tmp_path.iterdir() if file.is_file() and file.name != "lock"]
    inside = [tmp_path / "postgres", *kept]
    commands = " ".join(word for process in running.everything() for word in process.cmdline())
    secrets = {name: value for name, value in running.environment.items() if name.endswith(("SECRET", "KEYS"))}

    assert {"stripe.db", "temporal.db", "stripe.log", "encryption.keys", "signing.keys"} <= {file.name for file in kept}
    assert [path.name for path in inside if path.stat().st_mode & 0o077] == []
    assert set(secrets) == {"BILLFLOW_ENCRYPTION_KEYS", "BILLFLOW_SIGNING_KEYS", "STRIPE_WEBHOOK_SECRET"}
    assert [name for name, secret in secrets.items() if secret in commands] == []
