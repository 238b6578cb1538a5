"""What makes each alert fire, made in the stack: each returns what `/metrics` said before and after."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import psycopg
import pytest
from temporalio import activity
from temporalio.client import Client
from temporalio.common import SearchAttributePair, TypedSearchAttributes

from billflow.api.operations import operations_app
from billflow.api.server import serving
from billflow.dev.ports import LOOPBACK, free_port
from billflow.domain.scopes import Scope
from billflow.models.contracts.invoices import BilledCustomer
from billflow.ports.payments import PaymentsUnavailable
from billflow.temporal.queues import BILLFLOW
from billflow.temporal.search_attributes import NEEDS_ATTENTION
from billflow.temporal.worker import build_worker
from tests.api_environment import until
from tests.environment import MANUAL
from tests.monitoring.promtool import Incident, Scrape
from tests.monitoring.stack import Monitored
from tests.outages import database_away, reconnect, stripe_down
from tests.temporal.test_worker import OneActivityWorkflow
from tests.waiting import PATIENCE

Cause = Callable[[Monitored, pytest.MonkeyPatch], Awaitable[Incident]]

BEGIN = datetime(2025, 3, 1, tzinfo=UTC)
MANY = 101
"""More than the alerts about a backlog and foreign events bear."""


async def process_ends(monitored: Monitored, _: pytest.MonkeyPatch) -> Incident:
    async with serving(operations_app(monitored.operations()), LOOPBACK, 0) as url:
        before = await scraped(url)
    return Incident(before, await scraped(url))


async def scraped(url: str) -> Scrape:
    """Ask a process for its numbers, which it does not say where it is gone."""
    async with httpx.AsyncClient(timeout=PATIENCE) as http:
        try:
            return Scrape((await http.get(f"{url}/metrics")).text)
        except httpx.ConnectError:
            return Scrape(None)


async def no_worker_runs(monitored: Monitored, _: pytest.MonkeyPatch) -> Incident:
    before = await while_workers_run(monitored)
    async with monitored.without_workers() as (_client, operations):
        return Incident(before, Scrape(await monitored.metrics(operations)))


async def while_workers_run(monitored: Monitored) -> Scrape:
    """Return the numbers once Temporal has heard every worker ask for work."""
    operations = monitored.operations()

    async def polls() -> bool:
        await operations.look()
        return operations.health()["polling"] is True

    await until(polls)
    return Scrape(await monitored.metrics(operations))


async def temporal_is_away(monitored: Monitored, monkeypatch: pytest.MonkeyPatch) -> Incident:
    before = await while_workers_run(monitored)
    monkeypatch.setattr("billflow.api.operations.PATIENCE", 1.0)
    gone = await Client.connect(f"{LOOPBACK}:{free_port()}", lazy=True)
    operations = monitored.operations(monitored.engine_with(gone))
    return Incident(before, Scrape(await monitored.metrics(operations)))


async def database_is_away(monitored: Monitored, _: pytest.MonkeyPatch) -> Incident:
    operations = monitored.operations()
    before = Scrape(await monitored.metrics(operations))
    async with database_away(monitored.env.database_url):
        after = Scrape(await monitored.metrics(operations))
    await reconnect(monitored.env)
    return Incident(before, after)


async def requests_are_answered_503(monitored: Monitored, _: pytest.MonkeyPatch) -> Incident:
    env = monitored.env
    headers = {"Authorization": f"Bearer {await env.key(Scope.READ)}"}
    async with httpx.AsyncClient(base_url=env.api_url, headers=headers, timeout=PATIENCE) as http:
        (await http.get("/api/v1/plans")).raise_for_status()
        before = Scrape(await monitored.metrics())
        async with database_away(env.database_url):
            codes = [(await http.get("/api/v1/plans")).status_code for _ in range(3)]
    await reconnect(env)
    assert set(codes) == {503}
    return Incident(before, Scrape(await monitored.metrics()))


async def a_version_cannot_go_on(monitored: Monitored, _: pytest.MonkeyPatch) -> Incident:
    async with monitored.without_workers() as (client, operations):
        before = Scrape(await monitored.metrics(operations))
        await client.start_workflow("PlanWorkflow", id=f"plan/{uuid4()}", task_queue=BILLFLOW)
        async with build_worker(client, BILLFLOW, workflows=[OneActivityWorkflow]):

            async def stands_still() -> bool:
                return "\nbillflow_workflows_failing_tasks 1.0\n" in await monitored.metrics(operations)

            await until(stands_still)
            return Incident(before, Scrape(await monitored.metrics(operations)))


async def a_plan_would_renew_with_too_few_licenses(monitored: Monitored, _: pytest.MonkeyPatch) -> Incident:
    env = monitored.env
    before = Scrape(await monitored.metrics())
    customer = await env.subscriber(seats=10)
    clock, plan = await env.plan_on_clock(customer, BEGIN, MANUAL)
    await env.report(customer, 12, BEGIN + timedelta(days=3))
    await env.advance(clock, BEGIN + timedelta(days=40))
    assert (await env.state(plan)).attention
    return Incident(before, Scrape(await monitored.metrics()))


async def a_request_of_a_workflow_fails(monitored: Monitored, _: pytest.MonkeyPatch) -> Incident:
    async with monitored.without_workers() as (client, operations):
        before = Scrape(await monitored.metrics(operations))
        shown = TypedSearchAttributes([SearchAttributePair(NEEDS_ATTENTION, True)])
        for _number in range(3):  # more than the plans that another test has put on hold
            await client.start_workflow("X", id=str(uuid4()), task_queue="none", search_attributes=shown)

        async def is_found() -> bool:
            return "\nbillflow_workflows_needing_attention 3.0\n" in await monitored.metrics(operations)

        await until(is_found)
        return Incident(before, Scrape(await monitored.metrics(operations)))


async def stripe_is_away(monitored: Monitored, _: pytest.MonkeyPatch) -> Incident:
    env = monitored.env
    customer = await env.subscriber()
    before = Scrape(await monitored.metrics())
    async with stripe_down(env):
        buying = asyncio.create_task(env.buy(customer))

        async def fails() -> bool:
            return failures(await monitored.metrics()) > failures(before.text or "")

        await until(fails)
        after = Scrape(await monitored.metrics())
    await buying
    return Incident(before, after)


def failures(text: str) -> float:
    """Return how often sending an invoice has failed."""
    wanted = 'billflow_activity_seconds_count{activity="collect",kind="activity",result="failed"} '
    return sum(float(line.removeprefix(wanted)) for line in text.splitlines() if line.startswith(wanted))


async def an_invoice_waits_for_stripe(monitored: Monitored, _: pytest.MonkeyPatch) -> Incident:
    env = monitored.env
    customer = await env.subscriber()
    await env.buy(customer)
    before = Scrape(await monitored.metrics())
    unsent = b"UPDATE invoice SET status = 'draft', paid_at = NULL, created_at = now() - interval '2 hours'"
    paid = b"UPDATE invoice SET status = 'paid', paid_at = now(), created_at = now()"
    async with await psycopg.AsyncConnection.connect(env.database_url, autocommit=True) as connection:
        await connection.execute(unsent + b" WHERE customer_id = %s", [customer.customer_id])
        after = Scrape(await monitored.metrics())
        await connection.execute(paid + b" WHERE customer_id = %s", [customer.customer_id])
    return Incident(before, after)


async def stripe_refuses_as_too_many(monitored: Monitored, _: pytest.MonkeyPatch) -> Incident:
    env = monitored.env
    before = Scrape(await monitored.metrics())
    await env.control("POST", "/faults", requests=[{"fault": "rate_limit"}])
    payer = BilledCustomer(
        org_id=env.org_id, customer_id=str(uuid4()), name="Acme", email="acme@acme.example", currency="USD"
    )
    for _number in range(3):
        with suppress(PaymentsUnavailable):
            await env.engine.gateway.ensure_customer(payer)
    await env.control("DELETE", "/faults")
    return Incident(before, Scrape(await monitored.metrics()))


async def nobody_acts_on_events(monitored: Monitored, _: pytest.MonkeyPatch) -> Incident:
    async with monitored.idle() as operations:
        before = Scrape(await monitored.metrics(operations))
        async with await psycopg.AsyncConnection.connect(monitored.idle_database, autocommit=True) as connection:
            org_id = uuid4()
            await connection.execute("INSERT INTO org (id, slug, name) VALUES (%s, 'idle', 'Idle')", [org_id])
            await connection.execute(
                "INSERT INTO webhook_event (org_id, stripe_event_id, type, payload, received_at)"
                " VALUES (%s, 'evt_1', 'invoice.paid', '{}', now() - interval '1 hour')",
                [org_id],
            )
        return Incident(before, Scrape(await monitored.metrics(operations)))


async def another_product_uses_the_account(monitored: Monitored, _: pytest.MonkeyPatch) -> Incident:
    async with monitored.idle() as operations:
        before = Scrape(await monitored.metrics(operations))
        async with await psycopg.AsyncConnection.connect(monitored.idle_database, autocommit=True) as connection:
            await connection.execute(
                "INSERT INTO foreign_stripe_event (stripe_event_id, type, reason, payload, received_at)"
                " SELECT 'evt_' || n, 'invoice.paid', 'no_customer', '{}', now() FROM generate_series(1, %s) n",
                [MANY],
            )
        return Incident(before, Scrape(await monitored.metrics(operations)))


async def more_comes_than_is_done(monitored: Monitored, _: pytest.MonkeyPatch) -> Incident:
    async with monitored.without_workers() as (client, operations):
        before = Scrape(await monitored.metrics(operations))
        starts = (client.start_workflow("X", id=str(uuid4()), task_queue=BILLFLOW) for _number in range(MANY))
        await asyncio.gather(*starts)
        line = rf'^billflow_task_queue_backlog{{task_queue="{BILLFLOW}",type="workflow"}} (.+)$'

        async def wait() -> bool:
            return any(
                float(count) >= MANY for count in re.findall(line, await monitored.metrics(operations), re.MULTILINE)
            )

        await until(wait)
        return Incident(before, Scrape(await monitored.metrics(operations)))


async def an_activity_takes_the_last_slot(monitored: Monitored, _: pytest.MonkeyPatch) -> Incident:
    begun, queue, client = asyncio.Event(), "one-slot", monitored.env.temporal

    @activity.defn
    async def charge() -> str:
        begun.set()
        await activity.wait_for_worker_shutdown()
        return "charged"

    full = f'task_queue="{queue}",worker_type="ActivityWorker"}} 0'
    worker = build_worker(
        client, queue, workflows=[OneActivityWorkflow], activities=[charge], max_concurrent_activities=1
    )
    before = Scrape(await monitored.metrics())
    async with worker:
        await client.start_workflow(OneActivityWorkflow.run, id=queue, task_queue=queue)
        await begun.wait()

        async def is_full() -> bool:
            return full in await monitored.metrics()

        await until(is_full)
        return Incident(before, Scrape(await monitored.metrics()))


async def a_key_is_lost(monitored: Monitored, _: pytest.MonkeyPatch) -> Incident:
    env = monitored.env
    customer = await env.customer(card=None)
    before = Scrape(await monitored.metrics())
    async with await psycopg.AsyncConnection.connect(env.database_url, autocommit=True) as connection:
        change = "UPDATE customer_key SET secret = 'sealed:gone:AAAA' WHERE customer_id = %s"
        await connection.execute(change, [customer.customer_id])
    async with env.client(await env.key()) as client:
        (await client.get("/api/v1/events", params={"customer_id": customer.customer_id})).raise_for_status()
    return Incident(before, Scrape(await monitored.metrics()))


CAUSES: dict[str, Cause] = {
    "BillflowDown": process_ends,
    "BillflowNoWorkers": no_worker_runs,
    "BillflowTemporalAway": temporal_is_away,
    "BillflowDatabaseAway": database_is_away,
    "BillflowRequestsFail": requests_are_answered_503,
    "BillflowPlansStandStill": a_version_cannot_go_on,
    "BillflowPlansOnHold": a_plan_would_renew_with_too_few_licenses,
    "BillflowStepsFail": a_request_of_a_workflow_fails,
    "BillflowActivitiesFail": stripe_is_away,
    "BillflowInvoicesUnsent": an_invoice_waits_for_stripe,
    "BillflowStripeRateLimited": stripe_refuses_as_too_many,
    "BillflowWebhooksPileUp": nobody_acts_on_events,
    "BillflowForeignEvents": another_product_uses_the_account,
    "BillflowBacklog": more_comes_than_is_done,
    "BillflowWorkerFull": an_activity_takes_the_last_slot,
    "BillflowDamagedValues": a_key_is_lost,
}
