"""The client against the real API: a customer's life in a few calls, and errors by their codes."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from billflow.client import (
    AsyncClient,
    Client,
    InvalidInput,
    NotFound,
    Refused,
    Unauthorized,
    commands,
    customers,
    events,
    invoices,
    plans,
    seats,
)
from billflow.domain.commands import SetLicenses
from billflow.models.contracts.customers import SeatReportCreate
from tests.api_environment import ApiEnvironment


@pytest.fixture
async def client(env: ApiEnvironment) -> AsyncIterator[AsyncClient]:
    """Yield a client with a key for everything."""
    async with AsyncClient(env.api_url, await env.key(), trust_env=False) as client:
        yield client


def somebody() -> str:
    return f"{uuid4().hex[:8]}@acme.example"


async def test_a_customers_life_in_a_few_calls(env: ApiEnvironment, client: AsyncClient) -> None:
    customer = await client.do(customers.create("Acme", somebody(), default_currency="EUR"))
    earlier = SeatReportCreate(observed_at=datetime.now(UTC) - timedelta(hours=1), members=7)
    assert (await client.do(seats.of_deployment(customer.deployment_id).report([earlier]))).new == 1
    assert (await client.do(seats.of_customer(customer.id).report([SeatReportCreate(members=7)]))).new == 1
    assert (await client.do(seats.of_customer(customer.id).can_add(1))).spare is None
    await env.give_card(customer.id)

    terms: dict[str, Any] = {"license_management": "manual", "licenses": 8}
    started = await client.do(plans.start(customer.id, "cloud_standard", "annual", **terms))
    taken = await client.do(commands.give(started.plan.id, SetLicenses(licenses=10)))

    assert taken.plan.licenses == 10
    (bought,) = (await client.do(plans.invoices(started.plan.id))).rows
    explained = await client.do(invoices.show(bought.id))
    assert sum(line.amount for line in explained.lines) == bought.total > 0
    assert (bought.status, bought.currency) == ("paid", "EUR")
    found = await client.do(invoices.search(customer_id=customer.id))
    assert [(invoice.id, invoice.customer_name) for invoice in found.rows] == [(bought.id, "Acme")]
    numbered = await client.do(invoices.search(number=bought.number))
    assert [invoice.id for invoice in numbered.rows] == [bought.id]
    (called,) = (await client.do(customers.search(q=customer.email[2:]))).rows
    assert called.id == customer.id
    told = await client.do(events.search(customer_id=customer.id, limit=100))
    assert {"customer.created", "invoice.created"} <= {event.type for event in told.rows}
    assert (await client.do(plans.show(started.plan.id))).customer_id == customer.id
    entries = await client.do(plans.ledger(started.plan.id, limit=1))
    further = await client.do(plans.ledger(started.plan.id, after=entries.next))
    assert [entry.licenses for entry in (*entries.rows, *further.rows)] == [8, 10]
    assert (await client.do(plans.timeline(started.plan.id))).rows[-1].kind == "event"


async def test_a_list_is_gone_through_to_its_end_part_by_part(env: ApiEnvironment, client: AsyncClient) -> None:
    name = f"Pages {uuid4().hex[:8]}"
    made = [(await client.do(customers.create(name, somebody()))).id for _ in range(5)]
    first = await client.do(customers.search(q=name, limit=2))

    by_await = [row.id async for row in client.each(customers.search(q=name, limit=2))]

    def without() -> list[str]:
        with Client(env.api_url, key, trust_env=False) as plain:
            return [row.id for row in plain.each(customers.search(q=name, limit=2))]

    key = await env.key()
    assert (first.total, len(first.rows)) == (5, 2)
    assert by_await == await asyncio.to_thread(without) == made[::-1]


async def test_the_same_call_twice_makes_one_customer(client: AsyncClient) -> None:
    call = customers.create("Once", somebody())
    first, second = await client.do(call), await client.do(call)
    assert first == second


async def test_refusals_are_the_errors_of_billing_with_their_codes(env: ApiEnvironment, client: AsyncClient) -> None:
    email = somebody()
    await client.do(customers.create("Acme", email))
    with pytest.raises(Refused) as taken:
        await client.do(customers.create("Acme", email))
    assert (taken.value.code, taken.value.field) == ("email_taken", "email")
    with pytest.raises(NotFound):
        await client.do(customers.show("nobody"))
    customer = await client.do(customers.create("Acme", somebody()))
    with pytest.raises(InvalidInput):
        await client.do(plans.start(customer.id, "no_such_tier", "monthly"))
    async with AsyncClient(env.api_url, "bf_test_wrong", trust_env=False) as stranger:
        with pytest.raises(Unauthorized):
            await stranger.do(customers.search())


async def test_without_await_it_does_the_same(env: ApiEnvironment) -> None:
    key = await env.key()

    def use() -> tuple[str, str]:
        with Client(env.api_url, key, trust_env=False) as client:
            customer = client.do(customers.create("Acme", somebody()))
            renamed = client.do(customers.update(customer.id, name="Acme Inc.", metadata={"crm": "7"}))
            suspended = client.do(customers.suspend(customer.id, "unpaid"))
            client.do(customers.activate(customer.id))
            return renamed.name, suspended.status

    assert await asyncio.to_thread(use) == ("Acme Inc.", "suspended")
