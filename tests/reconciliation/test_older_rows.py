"""PostgreSQL is restored to an older copy: the rows are the authority, and the workflows follow them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from billflow.domain.commands import SetLicensesAtRenewal
from billflow.domain.plan import PlanStatus
from billflow.domain.reconciliation import FindingKind
from billflow.models.contracts.keys import KeyNamespace
from billflow.models.contracts.plans import PlanState
from billflow.models.contracts.steps import CommandRequest
from billflow.temporal.ids import plan_workflow_id
from billflow.workflows.plan import PlanWorkflow
from tests.api_environment import until
from tests.older_copy import copy_of
from tests.reconciliation.conftest import BY_CARD, ReconciliationEnvironment

ON_TRIAL = replace(BY_CARD, trial_days=14)


async def known_to_workflow(env: ReconciliationEnvironment, plan: PlanState) -> PlanState:
    """Return the plan as its workflow knows it."""
    handle = env.engine.client.get_workflow_handle(plan_workflow_id(plan.plan_id))
    return await handle.query(PlanWorkflow.state)


async def recorded(env: ReconciliationEnvironment, plan: PlanState) -> PlanState:
    """Return the plan as the rows know it."""
    return await env.engine.repositories.plans.get(plan.ref)


async def agrees(env: ReconciliationEnvironment, plan: PlanState) -> bool:
    """Tell whether the workflow knows the plan as the rows do, and nothing of it is due."""
    rows, known = await recorded(env, plan), await known_to_workflow(env, plan)
    now = rows.clock_at or datetime.now(UTC)
    return (rows.status, rows.due_at, rows.version) == (known.status, known.due_at, known.version) and (
        rows.due_at is None or rows.due_at > now
    )


async def differing(env: ReconciliationEnvironment, *, repair: bool) -> set[str]:
    """Reconcile, and return the plans whose workflow stands elsewhere than the rows."""
    report = await env.reconcile(repair=repair)
    return {one.subject_id for one in report.findings if one.kind is FindingKind.WORKFLOW_DIFFERS}


@pytest.mark.full
async def test_a_trial_that_has_become_due_again_is_found_and_goes_on_from_the_rows(
    env: ReconciliationEnvironment,
) -> None:
    begin = datetime.now(UTC)
    clock = await env.engine.repositories.test_clocks.create(env.org_id, begin)
    ask = env.ask(await env.subscriber(), ON_TRIAL)
    ask = ask.model_copy(update={"test_clock_id": clock.test_clock_id, "at": begin})
    plan = (await env.engine.plans.start(ask)).state
    older = await copy_of(env.database_url, env.org_id)
    await env.engine.clocks.advance(env.org_id, clock.test_clock_id, begin + timedelta(days=15))
    await until(lambda: agrees(env, plan))
    assert (await known_to_workflow(env, plan)).status is PlanStatus.ACTIVE

    await older.restore()

    assert (await recorded(env, plan)).status is PlanStatus.FREE_TRIAL
    assert await differing(env, repair=False) == {plan.plan_id}
    assert await differing(env, repair=True) == {plan.plan_id}

    async def went_on() -> bool:
        return (await recorded(env, plan)).status is PlanStatus.ACTIVE and await agrees(env, plan)

    await until(went_on)
    assert await differing(env, repair=False) == set()


@pytest.mark.full
async def test_a_command_that_the_rows_have_forgotten_is_found_by_the_version_alone(
    env: ReconciliationEnvironment,
) -> None:
    plan = await env.plan()
    older = await copy_of(env.database_url, env.org_id)
    command = CommandRequest(
        command_id=KeyNamespace.CLIENT.key("more"), command=SetLicensesAtRenewal(licenses=12), actor="tests"
    )
    await env.engine.plans.command(plan.ref, command)
    assert (await known_to_workflow(env, plan)).licenses_at_next_renewal == 12

    await older.restore()

    rows, known = await recorded(env, plan), await known_to_workflow(env, plan)
    assert (rows.status, rows.due_at) == (known.status, known.due_at)
    assert await differing(env, repair=True) == {plan.plan_id}
    await until(lambda: agrees(env, plan))
    assert (await known_to_workflow(env, plan)).licenses_at_next_renewal == 10
    assert await differing(env, repair=False) == set()
