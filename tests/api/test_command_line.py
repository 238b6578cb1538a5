"""The command line with a key and no secret of a server: what it keeps, what it is refused, and who is audited."""

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from billflow.domain.scopes import Scope
from billflow.models.contracts.access import PresentedKey
from tests.api_environment import ApiEnvironment
from tests.cli.terminal import Output, assert_refused, billflow, environment

Type = Callable[..., Awaitable[Output]]


@pytest.fixture
def type_as(env: ApiEnvironment) -> Type:
    """Return a way to type commands with a key; the API answers meanwhile."""

    async def type_one(key: str, *words: str) -> Output:
        named = environment(BILLFLOW_API_URL=env.api_url, BILLFLOW_API_KEY=key)
        return await asyncio.to_thread(billflow, *words, env=named)

    return type_one


async def test_a_key_is_all_that_a_command_needs_and_the_audit_names_it(env: ApiEnvironment, type_as: Type) -> None:
    customer, key = await env.customer(), await env.key()

    suspended = await type_as(key, "customer", "suspend", customer.customer_id, "--json")
    listed = await type_as(key, "audit", "list", "--subject", customer.customer_id, "--json")

    presented = PresentedKey.read(key)
    assert presented
    assert suspended.data["status"] == "suspended"
    assert [entry["actor"] for entry in listed.data["audit"]][:1] == [f"key:{presented.key_id}"]


@pytest.mark.full
async def test_a_wrong_key_and_a_missing_scope_are_said_with_the_way_out(env: ApiEnvironment, type_as: Type) -> None:
    wrong = await type_as((await env.key())[:-4] + "AAAA", "plan", "list")
    reader = await type_as(await env.key(Scope.READ), "customer", "create", "Acme", "a@acme.example")
    nonsense = await type_as("nonsense", "plan", "list")

    for answer in (wrong, nonsense):
        assert_refused(answer, "The API key is unknown, expired or revoked; BILLFLOW_API_URL says where, and `billflow")
    assert_refused(reader, "This key lacks the scope write; `billflow keys create NAME --scope …` makes one")


@pytest.mark.full
async def test_an_api_of_another_version_and_what_is_no_billflow_are_said(env: ApiEnvironment) -> None:
    def type_at(url: str) -> Output:
        return billflow("plan", "list", env=environment(BILLFLOW_API_URL=url, BILLFLOW_API_KEY="bf_test_x"))

    older = await asyncio.to_thread(type_at, f"{env.api_url}/elsewhere")
    other = await asyncio.to_thread(type_at, env.stripe_url)

    assert_refused(older, "does not know this command: it is of another version than this command line, ")
    assert_refused(other, f"What answers at {env.stripe_url} is no billflow; ")


async def test_login_keeps_a_key_that_is_right(env: ApiEnvironment, tmp_path: Path) -> None:
    home, key = environment(tmp_path), await env.key(Scope.WRITE)

    def log_in() -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "billflow.cli", "login", env.api_url]
        return subprocess.run(command, env=home, input=f"{key}\n", capture_output=True, text=True, check=False)

    done = await asyncio.to_thread(log_in)
    created = await asyncio.to_thread(billflow, "customer", "create", "Acme", "log@acme.example", "--json", env=home)

    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert key not in done.stdout
    assert created.data["name"] == "Acme"
