"""The emulator as a process: started from the command line, killed, and started again."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import stripe

from tests.sizes import further
from tests.stripe_emulator.clients import client_for
from tests.stripe_emulator.receiver import SECRET, receiving
from tests.waiting import PATIENCE

COMMAND = [sys.executable, "-m", "stripe_emulator"]


@contextmanager
def running(*arguments: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Run the command line and yield its address."""
    process = subprocess.Popen([*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.fullmatch(r"listening on (http://127\.0\.0\.1:\d+)\n", line)
        assert found, process.stderr and process.stderr.read()
        yield found[1], process
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE)


def test_after_a_crash_between_commit_and_answer_the_key_still_answers(tmp_path: Path) -> None:
    file = str(tmp_path / "stripe.db")
    with running("--db", file, "--control") as (url, process):
        rule = {"fault": "crash_process", "operation": "customer.create", "nth": 2}
        httpx.post(f"{url}/_sim/faults", json={"requests": [rule]}, timeout=PATIENCE).raise_for_status()
        client = client_for(url)
        before = client.v1.customers.create({}, {"idempotency_key": "before"})
        with pytest.raises(stripe.APIConnectionError):
            client.v1.customers.create({"email": "ada@example.com"}, {"idempotency_key": "crash"})
        assert process.wait(timeout=PATIENCE) == 137

    with running("--db", file) as (url, _):
        client = client_for(url)
        again = client.v1.customers.create({"email": "ada@example.com"}, {"idempotency_key": "crash"})
        customers = client.v1.customers.list().data

    assert again.last_response is not None
    assert again.last_response.headers["idempotent-replayed"] == "true"
    assert [customer.id for customer in customers] == [again.id, before.id]


@pytest.mark.full
def test_an_endpoint_named_on_the_command_line_receives_events_of_the_types_named_with_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("STRIPE_WEBHOOK_SECRET", SECRET)
    with (
        receiving() as receiver,
        running("--webhook", receiver.url, "--event", "customer.updated", "--event", "customer.deleted") as (
            url,
            _,
        ),
    ):
        client = client_for(url)
        customer = client.v1.customers.create({})
        client.v1.customers.update(customer.id, {"name": "Ada"})
        client.v1.customers.delete(customer.id)
        receiver.wait_for(2)

        assert sorted(event.type for event in receiver.events()) == ["customer.deleted", "customer.updated"]


@pytest.mark.full
def test_ids_go_on_differently_after_a_restart_and_the_same_from_an_empty_file(tmp_path: Path) -> None:
    def ids(file: str) -> list[str]:
        with running("--db", str(tmp_path / file), "--seed", "5") as (url, _):
            return [client_for(url).v1.customers.create({}).id for _ in range(2)]

    first, second = ids("one.db"), ids("one.db")

    assert set(first).isdisjoint(second)
    assert ids("two.db") == first


@pytest.mark.full
@pytest.mark.parametrize("number", [signal.SIGTERM, *further(signal.SIGINT)])
def test_a_signal_ends_it_in_order(tmp_path: Path, number: signal.Signals) -> None:
    with running("--db", str(tmp_path / "stripe.db")) as (url, process):
        client_for(url).v1.customers.create({})
        process.send_signal(number)
        assert process.wait(timeout=PATIENCE) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""

    assert [path.name for path in tmp_path.iterdir()] == ["stripe.db"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--host", "0.0.0.0"], "loopback"),  # noqa: S104 - refused
        *further(
            (["--host", "example.com"], "loopback"),
            (["--webhook", "http://127.0.0.1:9/"], "STRIPE_WEBHOOK_SECRET is not set"),
            (["--db", "/nowhere/at/all.db"], "folder"),
            (["--port", "99999"], "choose another port"),
            (["--port", "soon"], "invalid int value"),
        ),
    ],
)
def test_arguments_that_cannot_be_get_one_sentence(arguments: list[str], words: str) -> None:
    done = subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, check=False, timeout=PATIENCE)

    assert done.returncode in (1, 2)
    assert words in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.full
def test_a_port_in_use_is_named() -> None:
    with running() as (url, _):
        port = url.rsplit(":", 1)[1]
        done = subprocess.run([*COMMAND, "--port", port], capture_output=True, text=True, check=False, timeout=PATIENCE)

    assert done.returncode == 1
    assert port in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.full
def test_a_file_that_is_in_use_or_no_database_is_named(tmp_path: Path) -> None:
    file, other = tmp_path / "stripe.db", tmp_path / "notes.txt"
    other.write_text("no database at all, but long enough to be looked at" * 100)
    with running("--db", str(file)):
        for name in (file, other):
            command = [*COMMAND, "--db", str(name)]
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)
            assert done.returncode == 1
            assert str(name) in done.stderr
            assert "Traceback" not in done.stderr


def test_help_shows_an_example() -> None:
    done = subprocess.run([*COMMAND, "--help"], capture_output=True, text=True, check=True, timeout=PATIENCE)

    assert "example:" in done.stdout


def test_it_imports_nothing_of_the_engine_or_of_stripe() -> None:
    code = "import sys, stripe_emulator.runtime; print([m for m in sys.modules if m in ('billflow', 'stripe')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=PATIENCE)

    assert done.stdout == "[]\n"
