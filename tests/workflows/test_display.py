"""What operators see of a plan: search attributes, current details, and its state on demand."""

from datetime import UTC, datetime, timedelta

import pytest
from temporalio.api.sdk.v1 import WorkflowMetadata

from billflow.domain.calendar import add_months
from billflow.domain.commands import DowngradeAtEndOfCycle
from billflow.models.contracts.plans import PlanState
from billflow.temporal import search_attributes as keys
from tests.api_environment import until
from tests.environment import MANUAL, Environment

BEGIN = datetime(2025, 3, 1, 12, 0, tzinfo=UTC)


async def details_of(env: Environment, plan: PlanState) -> str:
    """Return the Markdown that the Web UI shows of a plan."""
    query = "__temporal_workflow_metadata"
    metadata: WorkflowMetadata = await env.workflow(plan).query(query, result_type=WorkflowMetadata)
    return metadata.current_details


async def test_search_attributes_follow_the_plan_and_find_it(dev_env: Environment) -> None:
    customer = await dev_env.subscriber()
    clock, plan = await dev_env.plan_on_clock(customer, BEGIN)

    await dev_env.command(plan, DowngradeAtEndOfCycle())

    query = f"BillflowCustomer = '{customer.customer_id}' AND BillflowPlanStatus = 'downgrade_at_end_of_cycle'"

    async def is_found() -> bool:
        return [found.id async for found in dev_env.temporal.list_workflows(query)] == [dev_env.workflow(plan).id]

    await until(is_found)
    attributes = (await dev_env.workflow(plan).describe()).typed_search_attributes
    assert attributes[keys.ORG] == dev_env.org_id
    assert attributes[keys.PLAN_TIER] == "cloud_standard"
    assert attributes[keys.NEXT_INVOICE_AT] == add_months(BEGIN, 1)
    assert attributes[keys.NEEDS_ATTENTION] is False
    await dev_env.advance(clock, add_months(BEGIN, 2))
    await dev_env.workflow(plan).result()
    ended = (await dev_env.workflow(plan).describe()).typed_search_attributes
    assert (ended[keys.PLAN_STATUS], ended.get(keys.NEXT_INVOICE_AT)) == ("ended", None)


@pytest.mark.full
async def test_the_details_say_what_the_plan_is_what_comes_next_and_why_it_waits(dev_env: Environment) -> None:
    customer = await dev_env.customer()
    await dev_env.report(customer, 10, BEGIN)
    clock, plan = await dev_env.plan_on_clock(customer, BEGIN, MANUAL)

    assert await details_of(dev_env, plan) == (
        "**Cloud Standard**, monthly, USD 8 per license: `active` with 10 licenses, on test clock at 2025-03-01 12:00"
        "\n\nNext billing date: 2025-04-01 12:00:00 UTC, renewing at 10 licenses."
    )

    await dev_env.report(customer, 11, BEGIN + timedelta(days=1))
    await dev_env.advance(clock, add_months(BEGIN, 1))

    assert "**Needs attention** since 2025-04-01 12:00: The plan would renew with 10" in (
        await details_of(dev_env, plan)
    )
    attributes = (await dev_env.workflow(plan).describe()).typed_search_attributes
    assert attributes[keys.NEEDS_ATTENTION] is True


@pytest.mark.full
async def test_the_state_on_demand_is_what_the_records_say(dev_env: Environment) -> None:
    customer = await dev_env.subscriber()
    _, plan = await dev_env.plan_on_clock(customer, BEGIN)

    assert await dev_env.workflow(plan).query("state", result_type=PlanState) == await dev_env.state(plan)
