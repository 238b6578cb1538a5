"""A count never bills: while its source is away the freshness rule decides, and a plan that waited then goes on."""

from datetime import timedelta
from pathlib import Path

import pytest

from billflow.activities.seats import SeatActivities
from billflow.domain.calendar import add_months
from billflow.models.contracts.seat_sources import NewSeatSource, SeatSourceKind
from billflow.temporal.worker import activities_of
from tests.api_environment import until
from tests.pipeline.environment import BASIC, BEGIN, DAY, NO_DISCOUNT, PlanEnvironment
from tests.store.conftest import by

MONTH = add_months(BEGIN, 1)


@pytest.mark.full
async def test_a_plan_waits_while_its_source_is_away_and_is_billed_once_it_is_counted(
    server_plan_env: PlanEnvironment, tmp_path: Path
) -> None:
    plan_env, file = server_plan_env, tmp_path / "seats.csv"
    await plan_env.price(NO_DISCOUNT)
    await plan_env.seats(12, BEGIN - timedelta(hours=1))
    engine, org_id, customer_id = plan_env.env.engine, plan_env.org_id, plan_env.customer_id
    new = NewSeatSource(kind=SeatSourceKind.FILE, target=str(file), customer_id=customer_id)
    await engine.seat_sources.set_source(org_id, new, by())
    plan = await plan_env.plan(BASIC)
    await plan_env.advance(MONTH + DAY)

    away = await engine.seats.pull(org_id, customer_id)

    assert (away.counted, away.failed, away.counts[0].code) == (0, 1, "seat_source_away")
    on_hold = await plan_env.state(plan)
    assert on_hold.attention is not None
    assert on_hold.attention.code == "stale_seat_data"
    assert len(await plan_env.closed()) == 1

    customer = await engine.queries.customers.get(org_id, customer_id)
    file.write_text(f"deployment_id,members,guests\n{customer.deployment_id},14,0\n", "utf-8")
    counted = await engine.seats.pull(org_id, customer_id)

    async def is_free() -> bool:
        return (await plan_env.state(plan)).attention is None

    await until(is_free)
    assert counted.counts[0].observed_at == MONTH + DAY, "by the plan's clock"
    purchase, renewal = await plan_env.closed()
    assert (purchase.total, renewal.total, renewal.issued_at) == (12 * 350, 12 * 350, MONTH)


def test_the_worker_of_the_queue_can_count_and_nothing_else() -> None:
    assert [one.__name__ for one in activities_of(SeatActivities(None, None))] == ["count_licenses"]  # type: ignore[arg-type]
