"""A server that isn't there, a port or a folder in use: the sentence says which, and what to do."""

import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from billflow.cli.app import run
from billflow.telemetry import logging
from tests.cli.terminal import Output, Terminal, assert_refused
from tests.sizes import further

Type = Callable[..., Output]

NEEDS_DATABASE = ("keys", "list")
NEEDS_TEMPORAL = ("reconcile", "--last")
NOBODY = {
    "DATABASE_URL": "postgresql://127.0.0.1:1/books",
    "STRIPE_API_KEY": "sk_test_x",
    "TEMPORAL_ADDRESS": "127.0.0.1:1",
}


@pytest.fixture
def type_alone(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Type:
    """Return a way to type commands where no stack runs."""
    monkeypatch.setenv("BILLFLOW_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(logging, "configure_logging", lambda *_: None)

    def type_one(*words: str, **variables: str) -> Output:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        code = run(words)
        return Output(code, *capsys.readouterr())

    return type_one


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({}, "DATABASE_URL is not set; set it, or start everything with `billflow dev`."),
        ({"BILLFLOW_API_PORT": "high"}, "the environment has unusable settings: BILLFLOW_API_PORT must be "),
        ({"DATABASE_URL": "mysql://here"}, "DATABASE_URL must look like postgresql://"),
        ({"DATABASE_URL": NOBODY["DATABASE_URL"]}, "STRIPE_API_KEY is not set"),
        (NOBODY, "PostgreSQL can't be reached: books at 127.0.0.1; "),
    ],
)
def test_a_server_that_is_not_there_is_named(type_alone: Type, variables: dict[str, str], sentence: str) -> None:
    assert_refused(type_alone(*NEEDS_DATABASE, **variables), sentence)


def test_a_temporal_server_that_is_not_there_is_named_by_what_needs_it(type_alone: Type) -> None:
    assert_refused(type_alone(*NEEDS_TEMPORAL, **NOBODY), "No Temporal server answers at 127.0.0.1:1; ")


def test_migrating_a_database_that_is_not_there_says_where_it_looked(type_alone: Type) -> None:
    answer = type_alone("migrate", DATABASE_URL="postgresql://user:hush@127.0.0.1:1/books")

    assert_refused(answer, "PostgreSQL can't be reached: books at 127.0.0.1; ")
    assert "hush" not in answer.err


def test_a_database_that_is_not_there_is_named_where_temporal_is(type_alone: Type, temporal_server: str) -> None:
    answer = type_alone(*NEEDS_TEMPORAL, **{**NOBODY, "TEMPORAL_ADDRESS": temporal_server})

    assert_refused(answer, "PostgreSQL can't be reached: books at 127.0.0.1; ")


@pytest.mark.parametrize("option", ["--api-port", *further("--temporal-port")])
def test_a_port_in_use_is_named(type_alone: Type, tmp_path: Path, option: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        answer = type_alone("dev", option, str(port))

    assert_refused(answer, f"Port {port} for ")
    assert not list(tmp_path.glob("XDG_STATE_HOME/billflow/*"))


@pytest.mark.full
@pytest.mark.journey
def test_an_api_whose_port_is_taken_says_so(terminal: Terminal) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert_refused(terminal("api", "--port", str(taken.getsockname()[1])), "billflow can't listen on 127.0.0.1")


@pytest.mark.journey
def test_a_second_dev_on_the_same_folder_is_refused(terminal: Terminal) -> None:
    assert_refused(terminal("dev"), "Another billflow (process ")
