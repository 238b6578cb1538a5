"""The nightly run is on the server's list, once, as the code says, and stays paused where an operator paused it."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from temporalio.client import ScheduleOverlapPolicy

from billflow.domain.errors import NotFound
from billflow.models.contracts.reconciliation import ReconciliationInput
from billflow.models.contracts.webhooks import ForeignReason, StripeEvent
from billflow.store.access.organizations import org_id_of
from billflow.temporal.schedules import CATCHUP_WINDOW, JITTER, NIGHT_HOUR, RETENTION_HOUR, ensure_schedules
from billflow.wiring import workers
from tests.api_environment import until
from tests.namespaces import variables
from tests.reconciliation.conftest import ReconciliationEnvironment


def schedule_id(env: ReconciliationEnvironment) -> str:
    """Return what the schedule is called."""
    return f"nightly-reconciliation/{env.org_id}"


async def test_workers_that_start_together_make_one_schedule(env: ReconciliationEnvironment) -> None:
    client = env.engine.client
    for _ in range(2):
        await ensure_schedules(client, env.org_id)

    found = (await client.get_schedule_handle(schedule_id(env)).describe()).schedule

    assert found.policy.overlap is ScheduleOverlapPolicy.SKIP
    assert found.policy.catchup_window == CATCHUP_WINDOW
    assert found.spec.jitter == JITTER
    assert [part.start for part in found.spec.calendars[0].hour] == [NIGHT_HOUR]


async def test_whoever_starts_makes_a_schedule_for_every_organization(env: ReconciliationEnvironment) -> None:
    client, slug = env.engine.client, f"night-{uuid4().hex[:8]}"
    org_id = await env.engine.repositories.organizations.ensure(slug)

    await workers.ensure_schedules(env.engine)

    for wanted in (org_id, env.org_id):
        for work in ("reconciliation", "retention"):
            await client.get_schedule_handle(f"nightly-{work}/{wanted}").describe()


async def test_migrating_makes_the_schedule_of_an_organization_that_is_still_to_come(
    env: ReconciliationEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, slug = env.engine.client, f"night-{uuid4().hex[:8]}"
    settings = env.engine.settings.model_copy(update={"org": slug})

    for name, value in variables(client).items():
        monkeypatch.setenv(name, value)

    await workers.prepare_temporal(settings)

    handle = client.get_schedule_handle(f"nightly-reconciliation/{org_id_of(slug)}")
    assert (await handle.describe()).schedule.policy.overlap is ScheduleOverlapPolicy.SKIP


async def test_a_paused_schedule_stays_paused(env: ReconciliationEnvironment) -> None:
    client = env.engine.client
    await ensure_schedules(client, env.org_id)
    handle = client.get_schedule_handle(schedule_id(env))
    await handle.pause(note="stripe is being moved")

    await ensure_schedules(client, env.org_id)

    state = (await handle.describe()).schedule.state
    assert (state.paused, state.note) == (True, "stripe is being moved")


async def test_the_nightly_run_compares_and_repairs(env: ReconciliationEnvironment) -> None:
    client = env.engine.client
    await ensure_schedules(client, env.org_id)

    await client.get_schedule_handle(schedule_id(env)).trigger()

    async def finished() -> bool:
        try:
            report = await env.engine.repositories.reconciliation.report(env.org_id)
        except NotFound:
            return False
        return report.repair and report.finished_at is not None

    await until(finished)


async def test_every_night_what_is_older_than_its_period_is_deleted(env: ReconciliationEnvironment) -> None:
    client, events = env.engine.client, env.engine.repositories.stripe_events
    missing = dict.fromkeys(name for name, field in StripeEvent.model_fields.items() if field.is_required())
    named = {"event_id": f"evt_{uuid4().hex}", "type": "invoice.paid", "created": datetime.now(UTC), "livemode": False}
    event = StripeEvent.model_validate(missing | named)
    await events.store_foreign(event, ForeignReason.NO_CUSTOMER, datetime.now(UTC) - timedelta(days=31))
    await ensure_schedules(client, env.org_id)
    handle = client.get_schedule_handle(f"nightly-retention/{env.org_id}")
    found = (await handle.describe()).schedule

    await handle.trigger()

    async def is_deleted() -> bool:
        return event.event_id not in {one.event_id for one in await events.list_foreign(100)}

    await until(is_deleted)
    assert found.policy.overlap is ScheduleOverlapPolicy.SKIP
    assert [part.start for part in found.spec.calendars[0].hour] == [RETENTION_HOUR]


def test_a_run_by_the_clock_repairs_and_looks_back_further_than_it_is_away() -> None:
    assert ReconciliationInput(org_id="org").repair
    assert timedelta(days=1) > CATCHUP_WINDOW
