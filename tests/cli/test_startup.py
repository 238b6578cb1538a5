"""A command imports what it uses and nothing else, so that it answers soon."""

import pytest

from billflow.cli.commands import COMMANDS, LazyCommand
from tests.cli.terminal import billflow, environment
from tests.databases import migrated_database

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
NEVER_TO_LIST = {
    *("fastapi", "starlette", "uvicorn", "prometheus_client"),
    *("fpdf", "fontTools", "babel.dates", "billflow.documents"),
    *("stripe", "httpx", "temporalio", "cryptography", "alembic", "schemathesis", "hypothesis"),
    *("billflow.api", "billflow.activities", "billflow.workflows", "billflow.service", "billflow.wiring.engine"),
}
"""What only other commands and other processes need: the API, documents, Stripe, Temporal, encryption, migrations."""


def imported_by(*words: str, env: dict[str, str]) -> set[str]:
    """Return the modules that a command imported, which must have done what it was asked for."""
    answer = billflow(*words, env=env, program=("-c", PROGRAM))
    assert answer.code == 0, answer.err[-2000:]
    return set(answer.err.split())


def test_help_imports_none_of_the_commands_nor_what_they_need() -> None:
    modules = imported_by("--help", env=environment())

    assert {name for name in modules if name.partition(".")[0] == "billflow"} <= HELP_NEEDS
    assert not modules & {"asyncio", "pydantic", "sqlalchemy", "temporalio", "stripe"}


async def test_listing_plans_needs_the_database_and_nothing_of_other_processes(postgres_url: str) -> None:
    url = await migrated_database(postgres_url, "startup")
    env = environment(DATABASE_URL=url, STRIPE_API_KEY="sk_test_startup", TEMPORAL_ADDRESS="127.0.0.1:1")

    modules = imported_by("plan", "list", env=env)

    assert {"sqlalchemy", "psycopg", "billflow.store.plans.queries"} <= modules
    assert modules & NEVER_TO_LIST == set()


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: str(command.name))
def test_the_line_of_help_is_the_first_that_the_command_says_of_itself(command: LazyCommand) -> None:
    said = (command.load().help or "").partition("\n\n")[0]

    assert command.help == " ".join(said.split())
