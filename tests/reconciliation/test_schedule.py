"""What happens by the clock is on the server's list once, for all organizations, and stays paused where it was."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from temporalio.client import Client, ScheduleOverlapPolicy

from billflow.domain.errors import NotFound
from billflow.models.contracts.reconciliation import ReconciliationInput
from billflow.models.contracts.webhooks import ForeignReason, StripeEvent
from billflow.temporal.queues import BILLFLOW, RECONCILIATION
from billflow.temporal.schedules import (
    CATCHUP_WINDOW,
    DELIVERY_SWEEP,
    JITTER,
    NIGHT_HOUR,
    NIGHTLY_RECONCILIATION,
    NIGHTLY_RETENTION,
    NOTICES,
    RETENTION_HOUR,
    SEAT_PULLS,
    ensure_schedules,
)
from billflow.wiring import workers
from tests.api_environment import until
from tests.databases import migrated_database
from tests.namespaces import fresh_namespace, variables
from tests.reconciliation.conftest import ReconciliationEnvironment
from tests.workflows.histories import runs_of

ALL = {NIGHTLY_RECONCILIATION, NIGHTLY_RETENTION, DELIVERY_SWEEP, SEAT_PULLS, NOTICES}


async def schedules_of(client: Client) -> set[str]:
    """Return the ids of all schedules of a namespace."""
    return {listed.id async for listed in await client.list_schedules()}


@pytest.fixture(scope="module")
async def env_database_url(postgres_url: str) -> str:
    """Return the URL of a database that has no organizations of other tests, which a night would go through too."""
    return await migrated_database(postgres_url, "nights")


@pytest.fixture
async def quiet(temporal_server: str) -> Client:
    """Return a client of a namespace without schedules."""
    return await fresh_namespace(temporal_server, "schedules")


async def test_workers_that_start_together_make_one_schedule_of_each(quiet: Client) -> None:
    for _ in range(2):
        await ensure_schedules(quiet)

    async def are_listed() -> bool:
        return await schedules_of(quiet) == ALL

    await until(are_listed)
    found = (await quiet.get_schedule_handle(NIGHTLY_RECONCILIATION).describe()).schedule
    assert found.policy.overlap is ScheduleOverlapPolicy.SKIP
    assert found.policy.catchup_window == CATCHUP_WINDOW
    assert found.spec.jitter == JITTER
    assert [part.start for part in found.spec.calendars[0].hour] == [NIGHT_HOUR]
    sweep = (await quiet.get_schedule_handle(DELIVERY_SWEEP).describe()).schedule
    assert sweep.policy.overlap is ScheduleOverlapPolicy.SKIP


async def test_more_organizations_make_no_more_schedules(env: ReconciliationEnvironment) -> None:
    for number in range(3):
        await env.engine.repositories.organizations.ensure(f"night-{number}-{uuid4().hex[:8]}")

    await workers.ensure_schedules(env.engine)

    async def are_listed() -> bool:
        return await schedules_of(env.engine.client) == ALL

    await until(are_listed)


async def test_migrating_takes_the_schedules_of_organizations_away(
    env: ReconciliationEnvironment, quiet: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables(quiet).items():
        monkeypatch.setenv(name, value)
    await ensure_schedules(quiet)
    old = (await quiet.get_schedule_handle(NIGHTLY_RECONCILIATION).describe()).schedule
    await quiet.create_schedule(f"{NIGHTLY_RECONCILIATION}/{uuid4()}", old)

    async def are_listed() -> bool:
        return len(await schedules_of(quiet)) == len(ALL) + 1

    await until(are_listed)

    await workers.prepare_temporal(env.engine.settings)

    async def one_is_left() -> bool:
        return await schedules_of(quiet) == ALL

    await until(one_is_left)


async def test_a_paused_schedule_stays_paused(quiet: Client) -> None:
    await ensure_schedules(quiet)
    handle = quiet.get_schedule_handle(NIGHTLY_RECONCILIATION)
    await handle.pause(note="stripe is being moved")

    await ensure_schedules(quiet)

    state = (await handle.describe()).schedule.state
    assert (state.paused, state.note) == (True, "stripe is being moved")


@pytest.mark.full
async def test_the_nightly_run_reconciles_and_repairs_every_organization(env: ReconciliationEnvironment) -> None:
    client, organizations = env.engine.client, env.engine.repositories.organizations
    await ensure_schedules(client)
    mine = [env.org_id]
    while len(mine) < 9 or len({org_id[0] for org_id in mine}) == 1:  # in several shards
        mine.append(await organizations.ensure(f"night-{uuid4().hex[:8]}"))

    await client.get_schedule_handle(NIGHTLY_RECONCILIATION).trigger()

    async def finished() -> bool:
        try:
            reports = [await env.engine.repositories.reconciliation.report(org_id) for org_id in mine]
        except NotFound:
            return False
        return all(report.repair and report.finished_at is not None for report in reports)

    await until(finished)


async def test_every_night_what_is_older_than_its_period_is_deleted(env: ReconciliationEnvironment) -> None:
    client, events = env.engine.client, env.engine.repositories.stripe_events
    missing = dict.fromkeys(name for name, field in StripeEvent.model_fields.items() if field.is_required())
    named = {"event_id": f"evt_{uuid4().hex}", "type": "invoice.paid", "created": datetime.now(UTC), "livemode": False}
    event = StripeEvent.model_validate(missing | named)
    await events.store_foreign(event, ForeignReason.NO_CUSTOMER, datetime.now(UTC) - timedelta(days=31))
    await ensure_schedules(client)
    handle = client.get_schedule_handle(NIGHTLY_RETENTION)
    found = (await handle.describe()).schedule

    await handle.trigger()

    async def is_deleted() -> bool:
        return event.event_id not in {one.event_id for one in await events.list_foreign(100)}

    await until(is_deleted)
    assert found.policy.overlap is ScheduleOverlapPolicy.SKIP
    assert [part.start for part in found.spec.calendars[0].hour] == [RETENTION_HOUR]


@pytest.mark.full
async def test_comparing_takes_none_of_the_rate_of_stripe(env: ReconciliationEnvironment) -> None:
    await env.plan()
    report = await env.reconcile(repair=True)
    workflow_id = f"reconciliation/{env.org_id}/{report.started_at:%Y-%m-%d}"

    [run] = await runs_of(env.engine.client, workflow_id)

    scheduled = [event.activity_task_scheduled_event_attributes for event in run.events]
    queues = {one.task_queue.name for one in scheduled if one.activity_id}
    at_stripe = [one for one in scheduled if one.task_queue.name not in (RECONCILIATION, BILLFLOW, "")]
    assert RECONCILIATION in queues
    assert len(at_stripe) == 2, "Stripe's lists of invoices and customers are one page each, and nothing is found"


def test_a_run_by_the_clock_repairs_and_looks_back_further_than_it_is_away() -> None:
    assert ReconciliationInput(org_id="org").repair
    assert timedelta(days=1) > CATCHUP_WINDOW
