"""Plans on test clocks: years at the pace of the clock, the same cents every time (decision 0002)."""

from datetime import UTC, datetime, timedelta

import pytest

from billflow.domain.calendar import add_months
from billflow.domain.commands import DowngradeAtEndOfCycle, SwitchToAnnual
from billflow.domain.plan import PlanStatus, Schedule
from billflow.models.contracts.invoices import InvoiceStatus
from billflow.models.contracts.plans import PlanState
from tests.environment import ANNUAL, Environment, ref
from tests.sizes import sized
from tests.workflows.histories import names_of, runs_of

BEGIN = datetime(2018, 1, 31, 9, 30, tzinfo=UTC)
YEARS = sized(1, 8, 8)
DOWNGRADED, ENDED = sized((6, 18), (20, 40), (20, 40))
"""In these months a script stops the plan, which was switched to annual in the fourth, and ends."""

MOST_RUNS = 4
"""And one timer in all of them: for how long the answer to the purchase waits."""


async def played(env: Environment) -> list[tuple[datetime, int, list[int]]]:
    """Play a script of seats and commands on a new clock; return each invoice's moment, total and line amounts."""
    customer = await env.customer()
    for month, seats in enumerate((10, 12, 9, 31, 30, 44)):
        await env.report(customer, seats, add_months(BEGIN, month) + timedelta(hours=month))
    clock, plan = await env.plan_on_clock(customer, BEGIN)
    await env.advance(clock, add_months(BEGIN, 3) + timedelta(days=5, seconds=7))
    await env.command(plan, SwitchToAnnual())
    await env.advance(clock, add_months(BEGIN, DOWNGRADED))
    [annual] = await env.engine.queries.plans.running(env.org_id, customer_id=customer.customer_id)
    await env.command(annual, DowngradeAtEndOfCycle())
    await env.advance(clock, add_months(BEGIN, ENDED))
    return sorted(
        (invoice.issued_at, invoice.total, [line.amount for line in invoice.lines])
        for invoice in await env.invoices(customer)
    )


@pytest.mark.full
async def test_the_same_script_played_twice_gives_the_same_cents_at_the_same_moments(dev_env: Environment) -> None:
    first = await played(dev_env)

    assert await played(dev_env) == first
    assert len(first) > 5


async def test_years_in_one_leap_close_every_billing_date_without_a_timer_in_a_few_runs(
    dev_env: Environment,
) -> None:
    customer = await dev_env.customer()
    await dev_env.report(customer, 10, BEGIN)
    clock, plan = await dev_env.plan_on_clock(customer, BEGIN, ANNUAL)

    await dev_env.advance(clock, add_months(BEGIN, 12 * YEARS))

    invoices = await dev_env.invoices(customer)
    assert [invoice.issued_at for invoice in invoices] == [add_months(BEGIN, 12 * year) for year in range(YEARS + 1)]
    assert {(invoice.total, invoice.status) for invoice in invoices} == {(80_000, InvoiceStatus.PAID)}
    billing_dates = [
        step.at for step in await dev_env.engine.queries.plans.steps(ref(plan)) if step.kind == "close_cycle"
    ]
    assert billing_dates == [add_months(BEGIN, month) for month in range(1, 12 * YEARS + 1)]
    runs = await runs_of(dev_env.temporal, dev_env.workflow(plan).id)
    timers = [name for run in runs for name in names_of(run) if name.startswith("TIMER")]
    assert (len(runs) <= MOST_RUNS, timers) == (True, ["TIMER_STARTED", "TIMER_CANCELED"])


@pytest.mark.full
async def test_a_standing_clock_stands_and_going_on_step_by_step_equals_one_leap(dev_env: Environment) -> None:
    totals = []
    for stops in ([4], range(1, 5)):
        customer = await dev_env.customer()
        await dev_env.report(customer, 10, BEGIN)
        await dev_env.report(customer, 25, BEGIN + timedelta(days=100))
        clock, plan = await dev_env.plan_on_clock(customer, BEGIN)
        for month in stops:
            await dev_env.advance(clock, add_months(BEGIN, month))
        seen = await dev_env.workflow(plan).query("state", result_type=PlanState)
        assert seen.clock_at == add_months(BEGIN, 4)
        totals.append([(invoice.issued_at, invoice.total) for invoice in await dev_env.invoices(customer)])

    assert totals[0] == totals[1]


@pytest.mark.full
async def test_a_plan_whose_workflow_is_lost_goes_on_from_the_rows_at_the_next_command(dev_env: Environment) -> None:
    customer = await dev_env.customer()
    await dev_env.report(customer, 10, BEGIN)
    clock, plan = await dev_env.plan_on_clock(customer, BEGIN)
    await dev_env.workflow(plan).terminate("the cluster was lost")

    await dev_env.command(plan, SwitchToAnnual())
    await dev_env.advance(clock, add_months(BEGIN, 1))

    old, new = await dev_env.plans(customer)
    assert (old.status, new.schedule) == (PlanStatus.ENDED, Schedule.ANNUAL)
    assert [invoice.total for invoice in await dev_env.invoices(customer)] == [8000, 80_000]
