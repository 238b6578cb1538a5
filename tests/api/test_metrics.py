"""What operators see: how requests went, and what waits for someone."""

import re
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import psycopg
import pytest

from billflow.api.operations import CachedProbe
from billflow.ports.payments import PaymentsUnavailable
from billflow.store.session.monitoring import ROLE
from billflow.temporal.queues import ALL
from billflow.wiring.operations import operations_of
from billflow.wiring.store import sell_example
from tests.api.test_plans import MONTHLY
from tests.api_environment import ApiEnvironment, until
from tests.outages import database_away, reconnect
from tests.waiting import PATIENCE

GAUGES = (
    "billflow_plans_needing_attention",
    "billflow_workflows_needing_attention",
    "billflow_workflows_failing_tasks",
    "billflow_invoices_unsent",
    "billflow_oldest_unsent_invoice_seconds",
    "billflow_oldest_open_webhook_seconds",
)


async def test_requests_are_counted_by_their_route_and_name_nobody(env: ApiEnvironment) -> None:
    customer = await env.customer(card=None)
    async with env.client(await env.key()) as client:
        await client.get(f"/api/v1/customers/{customer.customer_id}")
    async with env.operator() as operator:
        text = (await operator.get("/metrics")).text

    assert 'billflow_http_requests_total{method="GET",route="/api/v1/customers/{customer_id}",status="200"}' in text
    assert all(f"\n{gauge} " in text for gauge in GAUGES)
    assert customer.customer_id not in text
    assert env.org_id not in text


async def test_what_waits_is_counted_over_all_organizations(env: ApiEnvironment, env_database_url: str) -> None:
    monitoring = env.engine.queries.monitoring
    org_id = await env.engine.repositories.organizations.ensure(f"waiting-{uuid4().hex[:8]}")
    await sell_example(env.engine.repositories.catalogs, org_id)
    async with env.client(await env.key(org_id=org_id)) as client:
        body = {"name": "Parked", "email": f"{uuid4().hex}@parked.example"}
        customer = (await client.post("/api/v1/customers", json=body)).json()
        plan = (
            await client.post("/api/v1/plans", json={**MONTHLY, "trial_days": 30, "customer_id": customer["id"]})
        ).json()
    before = await monitoring.waiting_work()
    received = datetime.now(UTC) - timedelta(days=1)
    async with await psycopg.AsyncConnection.connect(env_database_url) as connection:
        await connection.execute(
            "UPDATE customer_plan SET attention_code = 'a', attention_message = 'b', attention_since = now()"
            " WHERE id = %s",
            [plan["plan"]["id"]],
        )
        # An event that is handled in the same transaction as it came in is never seen open.
        await connection.execute(
            "INSERT INTO webhook_event (org_id, stripe_event_id, type, payload, received_at, handled_at)"
            " VALUES (%s, %s, 'x', '{}', %s, now())",
            [org_id, uuid4().hex, received],
        )
    after = await monitoring.waiting_work()

    assert after.plans_needing_attention == before.plans_needing_attention + 1
    assert after.plans_on_hold["a"] == before.plans_on_hold.get("a", 0) + 1
    await (operations := operations_of(env.engine)).look()
    assert 'billflow_plans_on_hold{code="a"} ' in operations.waiting.exposition().decode()
    assert after.oldest_open_webhook is None or after.oldest_open_webhook > received


async def test_an_unsent_invoice_shows_how_old_it_is_and_a_paid_one_is_counted(
    env: ApiEnvironment, env_database_url: str
) -> None:
    customer = await env.customer()
    async with env.client(await env.key()) as client:
        body = {**MONTHLY, "license_management": "manual", "licenses": 3, "customer_id": customer.customer_id}
        (await client.post("/api/v1/plans", json=body)).raise_for_status()
    unsent = "UPDATE invoice SET status = 'draft', paid_at = NULL, created_at = now() - interval '3 days'"
    paid = "UPDATE invoice SET status = 'paid', paid_at = now(), created_at = now()"
    operations = operations_of(env.engine)

    def age() -> float:
        [found] = re.findall(
            r"^billflow_oldest_unsent_invoice_seconds (.+)$", operations.waiting.exposition().decode(), re.MULTILINE
        )
        return float(found)

    async def has_waited() -> bool:
        await operations.look()
        return age() >= 3 * 86_400

    async with await psycopg.AsyncConnection.connect(env_database_url, autocommit=True) as connection:
        await connection.execute(f"{unsent} WHERE customer_id = %s".encode(), [customer.customer_id])
        await until(has_waited)
        await connection.execute(f"{paid} WHERE customer_id = %s".encode(), [customer.customer_id])

    assert age() < 3 * 86_400 + PATIENCE
    assert re.search(r'^billflow_invoice_events_total{type="invoice.paid"} ', env.exposition().decode(), re.MULTILINE)


async def test_what_waits_in_each_task_queue_is_shown_and_how_long_activities_take_by_result(
    env: ApiEnvironment,
) -> None:
    customer = await env.customer()
    async with env.client(await env.key()) as client:
        body = {**MONTHLY, "trial_days": 30, "customer_id": customer.customer_id}
        plan = (await client.post("/api/v1/plans", json=body)).json()["plan"]
        await client.post(f"/api/v1/plans/{plan['id']}/commands", json={"type": "cancel_scheduled_change"})
    async with env.operator() as operator:

        async def was_looked() -> bool:
            return "billflow_task_queue_backlog{" in (await operator.get("/metrics")).text

        await until(was_looked)
        text = (await operator.get("/metrics")).text

    waiting = re.findall(r'^billflow_task_queue_backlog{task_queue="([\w-]+)",type="(\w+)"} \d', text, re.MULTILINE)
    assert sorted(waiting) == sorted((queue, kind) for queue in ALL for kind in ("activity", "workflow"))
    assert re.search(
        r'^billflow_activity_seconds_count{activity="take_command",kind="step",result="refused"} ', text, re.MULTILINE
    )


async def test_while_postgresql_is_away_the_other_numbers_are_shown(env: ApiEnvironment, env_database_url: str) -> None:
    operations = operations_of(env.engine)
    async with database_away(env_database_url):
        await operations.look()
    await reconnect(env)

    shown = operations.waiting.exposition().decode()
    assert "\nbillflow_plans_needing_attention NaN\n" in shown
    assert re.search(r"\nbillflow_workflows_needing_attention \d", shown)


@pytest.mark.parametrize(
    "question",
    ["SELECT payload FROM webhook_event", "SELECT total FROM invoice", "SELECT * FROM customer", "DELETE FROM invoice"],
)
async def test_the_watch_sees_no_content_and_changes_nothing(env_database_url: str, question: str) -> None:
    async with await psycopg.AsyncConnection.connect(env_database_url) as connection:
        await connection.execute(f"SET LOCAL ROLE {ROLE}")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await connection.execute(question.encode())


async def test_stripe_is_not_asked_again_within_half_a_minute() -> None:
    asked, now = [], 0.0

    async def stripe() -> None:
        asked.append(now)
        if len(asked) == 1:
            raise PaymentsUnavailable("gone")

    probe = CachedProbe(stripe, 30.0, lambda: now)
    for moment, answers in ((0.0, False), (29.0, False), (30.0, True), (59.0, True)):
        now = moment
        if answers:
            await probe()
        else:
            with pytest.raises(PaymentsUnavailable):
                await probe()

    assert asked == [0.0, 30.0]
