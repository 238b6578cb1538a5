"""Events, endpoints, the audit log and privacy at the command line, on the real stack."""

import asyncio
from uuid import uuid4

import pytest

from tests.cli.terminal import Terminal, assert_refused
from tests.delivery.listener import listening

pytestmark = pytest.mark.journey


@pytest.mark.full
async def test_an_endpoint_receives_events_of_a_customer_and_its_attempts_are_listed(terminal: Terminal) -> None:
    async with listening() as listener:
        type_ = asyncio.to_thread
        made = (
            await type_(terminal, "endpoint", "create", listener.url, "--event-type", "customer.created", "--json")
        ).data
        customer = await type_(terminal.customer)
        await listener.until(lambda here: here.types(customer) == ["customer.created"])
        assert listener.verified(made["secret"])
        replayed = (await type_(terminal, "endpoint", "replay", made["id"], "--since", "2026-01-01")).out
        assert "on their way once more" in replayed
        await listener.until(lambda here: here.types(customer) == ["customer.created"] * 2)
        rotated = (await type_(terminal, "endpoint", "rotate", made["id"][:8], "--json")).data
        disabled = await type_(terminal, "endpoint", "disable", made["id"][:8])
    assert "is disabled" in disabled.out
    assert rotated["secret"] != made["secret"]
    assert rotated["old_secret_until"]
    assert "delivered" in terminal("endpoint", "deliveries", made["id"]).out
    assert made["secret"] not in terminal("endpoint", "list", "--json").out
    assert "customer.created" in terminal("events", "--customer", customer).out


def test_an_address_that_is_none_is_refused_by_its_field(terminal: Terminal) -> None:
    assert_refused(terminal("endpoint", "create", "ftp://example.com"), "url must begin with https:// or http://")


def test_the_audit_log_says_who_typed_and_verifies(terminal: Terminal) -> None:
    customer = terminal.customer()
    entries = terminal("audit", "list", "--subject", customer, "--json").data["audit"]
    verdict = terminal("audit", "verify", "--json").data

    assert [entry["action"] for entry in entries] == ["customer.created"]
    assert entries[0]["actor"].startswith("key:")
    assert verdict["faults"] == []
    assert f"the head is {verdict['head']}" in terminal("audit", "verify", "--head", verdict["head"]).out
    assert_refused(terminal("audit", "verify", "--head", "0" * 64), "not as it was written")


@pytest.mark.full
def test_a_customer_is_exported_erased_and_called_so(terminal: Terminal) -> None:
    name = f"Canary {uuid4().hex[:8]}"
    made = terminal("customer", "create", name, f"{uuid4().hex[:8]}@acme.example", "--json").data
    customer = made["id"]
    assert name in terminal("customer", "export", customer).out
    assert "is forgotten" in terminal("customer", "erase", customer).out
    assert name not in terminal("customer", "show", customer).out
    assert terminal("keys", "rotate-encryption", "--json").data["rows"] > 0
