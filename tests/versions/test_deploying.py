"""A version of the workers is brought out, taken back and brought out again while plans live."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from billflow.domain.calendar import add_months
from billflow.domain.commands import SetLicenses
from billflow.models.contracts.customers import CustomerRecord
from billflow.models.contracts.plans import PlanState
from billflow.models.contracts.versions import VersionStatus
from billflow.service.versions import VersionFails
from billflow.temporal import updates
from billflow.temporal.workflow_control import WorkflowTaskFailing
from tests.accounts import differences
from tests.api_environment import until
from tests.chaos.real_time import assert_nothing_is_found
from tests.environment import MANUAL, SEATS, Environment, ref
from tests.versions.plans_of_other_versions import BrokenPlanWorkflow, ChangedPlanWorkflow
from tests.versions.workers_of_versions import AT_ONCE, workers_of

# The SDK says so of a step that outlives its task, as with much to do on a machine with little time.
pytestmark = pytest.mark.filterwarnings("ignore:Cannot find activity to cancel:UserWarning")

PLANS = 20
"""Fewer than as processes of real releases (`test_worker_processes.py`), where 50 live."""
BEGIN = datetime(2024, 1, 31, 10, 0, tzinfo=UTC)


class LivePlans:
    """Plans on one test clock, which come to a billing date together."""

    def __init__(self, env: Environment, clock: str) -> None:
        self.env, self.clock, self.months = env, clock, 0
        self.plans: list[tuple[CustomerRecord, PlanState]] = []

    async def add(self) -> None:
        """Buy a plan."""
        customer = await self.env.customer()
        await self.env.report(customer, SEATS, BEGIN)
        asked = await self.env.ask(customer, MANUAL, (self.clock, BEGIN))
        self.plans.append((customer, (await self.env.engine.plans.start(asked)).state))

    async def come_to_the_next_date(self) -> None:
        """Come to the next billing date."""
        self.months += 1
        await self.env.advance(self.clock, add_months(BEGIN, self.months))

    async def assert_each_was_billed_once(self) -> None:
        """Fail unless every plan lives, and every date of it was billed once and paid."""
        dates = [add_months(BEGIN, month) for month in range(1, self.months + 1)]
        for customer, plan in self.plans:
            assert await self.env.engine.control.is_running(self.env.workflow(plan).id)
            steps = await self.env.engine.queries.plans.steps(ref(plan))
            assert [step.at for step in steps if step.kind == "close_cycle"] == dates
            assert await differences(self.env, customer, MANUAL, BEGIN) == ()
        await assert_nothing_is_found(self.env)


async def live_plans(env: Environment, count: int) -> LivePlans:
    """Buy plans of customers of their own."""
    clock = await env.engine.repositories.test_clocks.create(env.org_id, BEGIN)
    plans = LivePlans(env, clock.test_clock_id)
    await asyncio.gather(*(plans.add() for _ in range(count)))
    return plans


async def assert_commands_are_answered_why(plans: LivePlans, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the version on which tasks fail all work, send a command, see the plan among what fails, and go back."""
    monkeypatch.setattr(updates, "READY_SECONDS", 0.5)
    versions, (_, plan) = plans.env.engine.versions, plans.plans[0]
    await versions.enter("bad", promote=True, notify=lambda _: None)
    assert await current(plans.env) == "bad", "as workers do that are told to take everything at once"
    with pytest.raises(WorkflowTaskFailing, match="`billflow deploy rollback` goes back"):
        await plans.env.command(plan, SetLicenses(licenses=SEATS + 1))
    monkeypatch.undo()

    async def is_shown() -> bool:
        report = await versions.report()
        failing = [(one.workflow_id, one.build_id) for one in report.failing]
        return report.failing_count > 0 and (plans.env.workflow(plan).id, "bad") in failing

    await until(is_shown)
    await versions.rollback(None)
    assert await current(plans.env) == "good"


async def current(env: Environment) -> str | None:
    """Return which version is current."""
    version = (await env.engine.versions.report()).with_status(VersionStatus.CURRENT)
    return version.build_id if version else None


@pytest.mark.full
@pytest.mark.timeout(900)
async def test_a_version_is_deployed_taken_back_and_deployed_again_and_every_plan_is_billed_once(
    env: Environment,
) -> None:
    versions, told = env.engine.versions, list[str]()
    async with workers_of(env.engine, "one"):
        assert await current(env) == "one", "the first version is current by itself"
        plans = await live_plans(env, PLANS)
        async with workers_of(env.engine, "two", ChangedPlanWorkflow):
            assert await current(env) == "one"
            await asyncio.gather(versions.promote("two", AT_ONCE, told.append), plans.come_to_the_next_date())
            assert told == [f"Version two takes {part}% of the plans." for part in (5, 50, 100)]
            assert await current(env) == "two"
            await plans.come_to_the_next_date()
            assert (await versions.rollback(None)).with_status(VersionStatus.CURRENT) == (
                (await versions.report()).of("one")
            )
            await plans.come_to_the_next_date()
            await versions.promote("two", replace(AT_ONCE, percentages=(100,)), told.append)
            await plans.come_to_the_next_date()
        # The version that had every run is gone, and none of its workers will answer.
        await versions.rollback(None)
        await plans.come_to_the_next_date()
        await plans.assert_each_was_billed_once()


@pytest.mark.full
@pytest.mark.timeout(900)
async def test_a_version_on_which_tasks_fail_is_taken_back_and_harms_no_plan(
    env: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    versions = env.engine.versions
    async with workers_of(env.engine, "good"):
        plans = await live_plans(env, PLANS)
        async with workers_of(env.engine, "bad", BrokenPlanWorkflow):
            with pytest.raises(VersionFails, match="Version bad was taken back: the tasks of plan/"):
                await versions.promote("bad", AT_ONCE, lambda _: None)
            report = await versions.report()
            assert [(one.build_id, one.percentage) for one in report.versions if one.percentage] == [("good", 100)]
            await assert_commands_are_answered_why(plans, monkeypatch)
        await plans.come_to_the_next_date()
        await plans.assert_each_was_billed_once()
