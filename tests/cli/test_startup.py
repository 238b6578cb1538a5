"""A command imports what it uses and nothing else, so that it answers soon."""

from collections.abc import Iterator
from inspect import signature, unwrap
from typing import Any

import pytest

from billflow.cli.commands import COMMANDS, LazyCommand
from tests.cli.terminal import billflow, environment
from tests.cli.test_help import ROOT, loaded
from tests.sizes import further

PROGRAM = """
import sys
from billflow.cli.app import run
code = run(sys.argv[1:])
print(*sys.modules, file=sys.stderr)
sys.exit(code)
"""
HELP_NEEDS = {
    "billflow",
    *("billflow.cli", "billflow.cli.app", "billflow.cli.commands", "billflow.cli.errors"),
    *("billflow.cli.params", "billflow.domain", "billflow.domain.errors", "billflow.errors"),
}
NEVER_ASKED = {
    *("fastapi", "starlette", "uvicorn", "prometheus_client", "pydantic_settings"),
    *("fpdf", "fontTools", "babel", "PIL"),
    *("sqlalchemy", "psycopg", "temporalio", "stripe", "cryptography", "alembic", "asyncio", "uvloop", "structlog"),
    *(
        "billflow.api",
        "billflow.store",
        "billflow.service",
        "billflow.wiring",
        "billflow.temporal",
        "billflow.settings",
    ),
    *("billflow.models", "billflow.documents", "billflow.ports", "billflow.telemetry"),
}
"""What a command that asks the API never needs: servers, and the contracts that its answer would be read by."""

BUSINESS = [("plan", "list")]
FURTHER = [
    ("plan", "start", "acme", "--tier", "team", "--schedule", "monthly"),
    ("seats", "report", "acme", "--members", "3"),
    ("events",),
    ("plan", "command", "0192f3", "switch-to-annual"),
    ("invoice", "list"),
    ("customer", "list"),
    ("customer", "card", "acme"),
    ("seats", "source", "set", "http", "--target", "https://product.example/seats"),
    ("offer", "list", "acme"),
    ("coupon", "list"),
    ("clock", "show", "7d21"),
    ("endpoint", "list"),
    ("mail", "list"),
    ("dunning", "show"),
    ("notices", "show"),
    ("audit", "list"),
]


DIRECT = {
    *("worker", "api", "migrate", "keys", "reconcile", "recover", "deploy", "replay", "queues", "prune", "catalog"),
    *(
        "dry-run",
        "journal",
        "seller",
        "tax",
        "audit verify",
        "audit sign",
        "audit roots",
        "foreign-events",
        "console",
        "seats source set sql",
        "seats source set file",
    ),
}
"""Operators' commands, which need the servers' secrets, by noun or by name; decision 0265 says why."""


def past_the_api(command: Any = ROOT, typed: str = "") -> Iterator[str]:
    """Yield each command that is given the billing database or an engine, by how it is typed."""
    command = command.load() if isinstance(command, LazyCommand) else command
    for name, below in getattr(command, "commands", {}).items():
        yield from past_the_api(below, f"{typed} {name}".strip())
    act = unwrap(command.callback) if command.callback else past_the_api
    if next(iter(signature(act).parameters), None) in ("store", "engine"):
        yield typed


def imported_by(*words: str, env: dict[str, str]) -> set[str]:
    """Return the modules that a command imported, which must have done what it was asked for."""
    answer = billflow(*words, env=env, program=("-c", PROGRAM))
    assert answer.code == 0, answer.err[-2000:]
    return set(answer.err.split())


def test_help_imports_none_of_the_commands_nor_what_they_need() -> None:
    modules = imported_by("--help", env=environment())

    assert {name for name in modules if name.partition(".")[0] == "billflow"} <= HELP_NEEDS
    assert not modules & {"asyncio", "pydantic", "sqlalchemy", "temporalio", "stripe"}


@pytest.mark.parametrize("words", [*BUSINESS, *further(*((words,) for words in FURTHER))], ids=" ".join)
def test_a_command_that_asks_the_api_needs_nothing_of_a_server(words: tuple[str, ...]) -> None:
    nowhere = environment(BILLFLOW_API_URL="http://127.0.0.1:1", BILLFLOW_API_KEY="bf_test_x")

    answer = billflow(*words, env=nowhere, program=("-c", PROGRAM))
    refusal, _, modules = answer.err.partition("\n")

    assert refusal.startswith("No billflow answers at http://127.0.0.1:1; ")
    assert {"httpx", "billflow.client.clients"} <= set(modules.split())
    assert set(modules.split()) & NEVER_ASKED == set()


def test_only_operators_commands_go_past_the_api() -> None:
    direct = list(past_the_api())

    assert [name for name in direct if not {name, name.partition(" ")[0]} & DIRECT] == [], "give the API a route for it"
    assert {"keys create", "seats source set file", "reconcile"} <= set(direct)


@pytest.mark.full
def test_the_line_of_help_is_the_first_that_the_command_says_of_itself() -> None:
    said = {str(command.name): (loaded(command).help or "").partition("\n\n")[0] for command in COMMANDS}

    assert {str(command.name): command.help for command in COMMANDS} == {
        name: " ".join(text.split()) for name, text in said.items()
    }
