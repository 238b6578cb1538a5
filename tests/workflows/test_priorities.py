"""What the product asks Temporal for: a person's turn first, each organization its own."""

from collections.abc import Iterable

import pytest
from temporalio.api.history.v1 import HistoryEvent

from billflow.models.contracts.reconciliation import ReconciliationInput
from billflow.payments.sandbox import DECLINING_CARD
from billflow.temporal.ids import collection_workflow_id, plan_workflow_id
from billflow.temporal.priorities import NOBODY_WAITS, ORDINARY, PERSON_WAITS
from billflow.temporal.workflow_starts import reconciliation_workflow
from tests.api_environment import until
from tests.environment import MANUAL, MONTHLY, Environment
from tests.workflows.histories import runs_of
from tests.workflows.periods import one_period

INHERITED = 0


async def events_of(env: Environment, workflow_id: str) -> list[HistoryEvent]:
    return [event for run in await runs_of(env.temporal, workflow_id) for event in run.events]


def urgencies(events: Iterable[HistoryEvent], org_id: str) -> list[int]:
    """Return the priorities of the activities that were scheduled, none of which is for another organization.

    What is not set is that of the workflow.
    """
    scheduled = [
        event.activity_task_scheduled_event_attributes.priority
        for event in events
        if event.HasField("activity_task_scheduled_event_attributes")
    ]
    assert {one.fairness_key for one in scheduled} <= {org_id, ""}
    return [one.priority_key for one in scheduled]


def begun_with(events: list[HistoryEvent]) -> tuple[int, str]:
    """Return the priority and the fairness key that a workflow was started with."""
    priority = events[0].workflow_execution_started_event_attributes.priority
    return priority.priority_key, priority.fairness_key


async def test_a_purchase_is_sent_as_what_a_person_waits_for(dev_env: Environment) -> None:
    plan = await dev_env.plan(await dev_env.subscriber(), MANUAL)

    events = await events_of(dev_env, plan_workflow_id(plan.plan_id))

    assert begun_with(events) == (ORDINARY, dev_env.org_id)
    assert urgencies(events, dev_env.org_id) == [PERSON_WAITS]


@pytest.mark.full
async def test_a_renewal_is_sent_in_its_turn(dev_env: Environment) -> None:
    run = await one_period(dev_env, MONTHLY)

    assert begun_with(list(run.events)) == (ORDINARY, dev_env.org_id)
    assert urgencies(run.events, dev_env.org_id) in ([INHERITED], [ORDINARY])


@pytest.mark.full
async def test_paying_now_goes_before_what_is_tried_again_by_itself(dev_env: Environment) -> None:
    env = dev_env
    customer = await env.subscriber()
    begin = await env.now()
    clock, plan = await env.plan_on_clock(customer, begin, MANUAL)
    await env.give_card(customer.customer_id, DECLINING_CARD)
    due_at = (await env.state(plan)).due_at
    assert due_at is not None
    await env.advance(clock, due_at)
    invoice = (await env.invoices(customer))[-1]

    await env.engine.invoices.pay(env.org_id, invoice.invoice_id)
    await env.engine.collection.retry_payments(env.org_id, customer.customer_id)

    async def is_tried() -> bool:
        return len((await env.invoices(customer))[-1].payment_attempts) == 3

    await until(is_tried)
    events = await events_of(env, collection_workflow_id(invoice.invoice_id))
    collected = [
        event.activity_task_scheduled_event_attributes.priority.priority_key
        for event in events
        if event.activity_task_scheduled_event_attributes.activity_type.name == "collect"
    ]
    assert begun_with(events) == (ORDINARY, env.org_id)
    assert collected[0] == PERSON_WAITS
    assert collected[1] in (INHERITED, ORDINARY)


@pytest.mark.full
async def test_reconciliation_lets_everybody_go_first(dev_env: Environment) -> None:
    start = reconciliation_workflow(ReconciliationInput(org_id=dev_env.org_id), await dev_env.now())
    await dev_env.engine.control.run(start)

    events = await events_of(dev_env, start.workflow_id)

    assert begun_with(events) == (NOBODY_WAITS, dev_env.org_id)
    assert set(urgencies(events, dev_env.org_id)) <= {INHERITED, NOBODY_WAITS}
