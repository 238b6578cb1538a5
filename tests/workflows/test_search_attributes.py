"""What runs on a real server is found by organization, customer, plan and invoice."""

import pytest

from billflow.models.contracts.invoices import InvoiceStatus
from billflow.models.contracts.records import InvoiceFilter
from billflow.temporal.ids import collection_workflow_id
from billflow.temporal.search_attributes import CUSTOMER, INVOICE, ORG, PLAN
from tests.api_environment import until
from tests.environment import ALL, BY_INVOICE, Environment
from tests.replay import smaller_shapes
from tests.replay.shapes import Shape
from tests.sizes import further

OF_CUSTOMER = {ORG.name, CUSTOMER.name}
OF_INVOICE = OF_CUSTOMER | {PLAN.name, INVOICE.name}


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        (smaller_shapes.customer_update, OF_CUSTOMER),
        (smaller_shapes.close_invoice, OF_INVOICE),
        *further(
            (smaller_shapes.onboarding, OF_CUSTOMER),
            (smaller_shapes.delivery, OF_CUSTOMER),
            (smaller_shapes.mail, OF_INVOICE),
            (smaller_shapes.refund, OF_INVOICE),
            (smaller_shapes.reconciliation, {ORG.name}),
        ),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
async def test_a_run_begins_with_what_it_is_about_and_without_a_memo(
    dev_env: Environment, shape: Shape, expected: set[str]
) -> None:
    for history in await shape(dev_env):
        begun = history.events[0].workflow_execution_started_event_attributes
        assert set(begun.search_attributes.indexed_fields) == expected
        assert not begun.memo.fields


@pytest.mark.full
async def test_a_collection_that_a_plan_started_is_found_by_each_of_them(dev_env: Environment) -> None:
    env, customer = dev_env, await dev_env.subscriber(card=None)
    plan = await env.plan(customer, BY_INVOICE)
    wanted = InvoiceFilter(customer_id=customer.customer_id, status=InvoiceStatus.OPEN)

    async def is_sent() -> bool:
        return bool((await env.engine.queries.invoices.search(env.org_id, wanted, ALL)).rows)

    await until(is_sent)
    [invoice] = (await env.engine.queries.invoices.search(env.org_id, wanted, ALL)).rows
    about = {ORG: env.org_id, CUSTOMER: customer.customer_id, PLAN: plan.plan_id, INVOICE: invoice.invoice_id}

    async def is_found() -> bool:
        queries = [f"WorkflowType = 'CollectionWorkflow' AND {key.name} = '{value}'" for key, value in about.items()]
        found = [{one.id async for one in env.temporal.list_workflows(query)} for query in queries]
        return all(collection_workflow_id(invoice.invoice_id) in ids for ids in found)

    await until(is_found)
