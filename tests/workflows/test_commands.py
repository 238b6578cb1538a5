"""Commands by update and by signal: answered once, refused with a reason, never lost."""

from datetime import timedelta

import psycopg
import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHandle, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError

from billflow.domain.commands import DowngradeAtEndOfCycle, EndNow, SetLicenses
from billflow.domain.errors import Refused
from billflow.domain.plan import PlanStatus
from billflow.models.contracts.plans import PlanState
from billflow.workflows.plan import PlanWorkflow
from tests.api_environment import until
from tests.environment import BY_INVOICE, MANUAL, Environment, ref, request
from tests.workflows.skipping import SkippingEnvironment


async def audited_refusals(env: Environment, plan_id: str) -> list[tuple[str, str]]:
    """Return command and code of every refusal that the audit log holds of a plan."""
    query = (
        "SELECT detail->'command'->>'type', detail->'refused'->>'code' FROM audit_log"
        " WHERE action = 'plan.command_refused' AND subject_id = %s ORDER BY sequence"
    )
    async with await psycopg.AsyncConnection.connect(env.database_url) as connection:
        return await (await connection.execute(query, [plan_id])).fetchall()


async def updates_of(handle: WorkflowHandle[PlanWorkflow, PlanState]) -> list[str]:
    """Return the ids of the updates that the workflow's history holds."""
    events = (await handle.fetch_history()).events
    kind = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED
    accepted = [
        event.workflow_execution_update_accepted_event_attributes for event in events if event.event_type == kind
    ]
    return [update.protocol_instance_id for update in accepted]


async def test_a_signalled_command_is_taken_and_a_refused_one_is_in_the_audit_log(env: SkippingEnvironment) -> None:
    customer = await env.subscriber(seats=10)
    plan = await env.plan(customer, MANUAL)

    await env.signal(plan, SetLicenses(licenses=5))
    await env.signal(plan, DowngradeAtEndOfCycle())

    async def is_taken() -> bool:
        return (await env.state(plan)).status is PlanStatus.DOWNGRADE_AT_END_OF_CYCLE

    await until(is_taken)
    [(command, code)] = await audited_refusals(env, plan.plan_id)
    assert command == "set_licenses"
    timeline = await env.engine.queries.plans.timeline(ref(plan))
    [refused] = [entry.data["refused"] for entry in timeline if entry.name == "set_licenses"]
    assert refused["code"] == code


@pytest.mark.full
async def test_a_command_that_the_step_refuses_fails_its_update_with_the_stable_code(env: SkippingEnvironment) -> None:
    customer = await env.subscriber(seats=10)
    plan = await env.plan(customer, MANUAL)

    with pytest.raises(Refused) as refused:
        await env.command(plan, SetLicenses(licenses=5))

    assert [refused.value.code] == [code for _, code in await audited_refusals(env, plan.plan_id)]


@pytest.mark.full
async def test_an_ended_plan_refuses_commands_without_an_event_in_its_history(dev_env: Environment) -> None:
    customer = await dev_env.subscriber()
    plan = await dev_env.plan(customer, BY_INVOICE)
    await dev_env.control("POST", "/faults", requests=[{"fault": "reset_connection"}])
    await dev_env.command(plan, EndNow(void_open_invoices=True))
    handle = dev_env.workflow(plan)
    taken = await updates_of(handle)

    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await handle.execute_update(PlanWorkflow.command, request(SetLicenses(licenses=13)))

    assert isinstance(refused.value.cause, ApplicationError)
    assert refused.value.cause.type == "plan_ended"
    assert await updates_of(handle) == taken
    await dev_env.control("DELETE", "/faults")


@pytest.mark.full
async def test_the_same_command_id_answers_the_same_now_and_in_a_later_run(env: SkippingEnvironment) -> None:
    customer = await env.subscriber(seats=10)
    plan = await env.plan(customer, MANUAL)

    first = await env.command(plan, SetLicenses(licenses=12), "raise-to-12")
    at_once = await env.command(plan, SetLicenses(licenses=12), "raise-to-12")
    await env.months(2)
    later = await env.command(plan, SetLicenses(licenses=12), "raise-to-12")

    assert first == at_once == later
    steps = await env.engine.queries.plans.steps(ref(plan))
    assert [step.key.rsplit("/", 1)[1] for step in steps if step.kind == "command"] == ["raise-to-12"]


@pytest.mark.full
async def test_the_same_refused_command_id_is_refused_again_with_the_same_code(env: SkippingEnvironment) -> None:
    customer = await env.subscriber(seats=10)
    plan = await env.plan(customer, MANUAL)
    codes = []
    for _ in range(2):
        with pytest.raises(Refused) as refused:
            await env.command(plan, SetLicenses(licenses=5), "too-few")
        codes.append(refused.value.code)

    assert codes[0] == codes[1]
    assert len(await audited_refusals(env, plan.plan_id)) == 1


@pytest.mark.full
async def test_commands_to_an_ended_plan_are_refused(env: SkippingEnvironment) -> None:
    customer = await env.subscriber(seats=10)
    plan = await env.plan(customer)
    await env.command(plan, DowngradeAtEndOfCycle())
    assert plan.due_at
    await env.leap_to(plan.due_at + timedelta(hours=1))
    await env.workflow(plan).result()

    with pytest.raises(Refused) as refused:
        await env.command(plan, DowngradeAtEndOfCycle())

    assert refused.value.code == "plan_ended"
