"""Workers of two versions at once, as while a new one is brought out and taken back: plans move between them.

A version that is made current goes on with runs that the other one began, and with what it left to the next run.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from temporalio.api.workflowservice.v1 import SetWorkerDeploymentCurrentVersionRequest
from temporalio.client import WorkflowHistory
from temporalio.service import RPCError

from billflow.domain.calendar import add_months
from billflow.domain.commands import SetLicenses, SetLicensesAtRenewal
from billflow.models.contracts.customers import CustomerRecord
from billflow.models.contracts.invoices import InvoiceStatus
from billflow.models.contracts.plans import PlanState
from tests.accounts import differences
from tests.api_environment import until
from tests.chaos.real_time import assert_nothing_is_found
from tests.chaos.workers import running_workers
from tests.databases import migrated_database
from tests.environment import MANUAL, SEATS, Environment, dev_server_environment, ref
from tests.sizes import sized
from tests.workflows.histories import runs_of

CUSTOMERS = sized(1, 3, 8)
MONTHS = sized(3, 8, 24)
BEGIN = datetime(2023, 5, 31, 10, 0, tzinfo=UTC)
DEPLOYMENT = "billflow"
VERSIONS = ("one", "two")
LONGEST = sized(1500, 1500, 3600)


@pytest.fixture
async def env(postgres_url: str, temporal_server: str) -> AsyncIterator[Environment]:
    """Yield an environment whose workers are processes of their own."""
    async with dev_server_environment(temporal_server, await migrated_database(postgres_url), working=False) as env:
        yield env


@asynccontextmanager
async def workers_of_both_versions(env: Environment, folder: Path) -> AsyncIterator[None]:
    """Run a worker of each version."""
    first, second = (
        running_workers(env, folder / f"{build_id}.log", count=1, build_id=build_id) for build_id in VERSIONS
    )
    async with first, second:
        yield


async def make_current(env: Environment, build_id: str) -> None:
    """Give the tasks to a version, as soon as the server knows its worker."""
    request = SetWorkerDeploymentCurrentVersionRequest(
        namespace=env.temporal.namespace, deployment_name=DEPLOYMENT, build_id=build_id
    )

    async def is_current() -> bool:
        try:
            await env.temporal.workflow_service.set_worker_deployment_current_version(request)
        except RPCError:
            return False
        return True

    await until(is_current)


@dataclass(frozen=True)
class Subscription:
    """A plan on a test clock."""

    env: Environment
    customer: CustomerRecord
    plan: PlanState
    clock: str

    async def send(self, month: int) -> None:
        """Take a command by signal and one by update."""
        licenses = SEATS + 2 * month
        await self.env.signal(self.plan, SetLicensesAtRenewal(licenses=licenses), f"signalled-{month}")
        await self.env.command(self.plan, SetLicenses(licenses=licenses), f"sent-{month}")

    async def come_to(self, month: int) -> None:
        """Come to a billing date."""
        await self.env.advance(self.clock, add_months(BEGIN, month))

    async def builds(self) -> list[list[str]]:
        """Return which versions had the workflow tasks of each run of the plan's workflow."""
        return [builds_of(run) for run in await runs_of(self.env.temporal, self.env.workflow(self.plan).id)]


def builds_of(run: WorkflowHistory) -> list[str]:
    """Return the build ids of a run's workflow tasks, in order."""
    return [
        event.workflow_task_completed_event_attributes.deployment_version.build_id
        for event in run.events
        if event.HasField("workflow_task_completed_event_attributes")
    ]


async def subscription(env: Environment) -> Subscription:
    """Buy a plan for a new customer on a new test clock."""
    customer = await env.customer()
    await env.report(customer, SEATS, BEGIN)
    clock, plan = await env.plan_on_clock(customer, BEGIN, MANUAL)
    return Subscription(env, customer, plan, clock)


@pytest.mark.full
@pytest.mark.chaos
@pytest.mark.timeout(LONGEST)
async def test_plans_move_between_workers_of_two_versions_and_nobody_pays_a_cent_more_or_less(
    env: Environment, tmp_path: Path
) -> None:
    async with workers_of_both_versions(env, tmp_path):
        await make_current(env, VERSIONS[0])
        subscriptions = [await subscription(env) for _ in range(CUSTOMERS)]
        for month in range(1, MONTHS + 1):
            switch = make_current(env, VERSIONS[month % 2])
            await asyncio.gather(switch, *(one.send(month) for one in subscriptions))
            await asyncio.gather(*(one.come_to(month) for one in subscriptions))
        await assert_nothing_is_found(env)

    for one in subscriptions:
        builds = await one.builds()
        assert {build for run in builds for build in run} == set(VERSIONS), "every task had a version"
        assert any(before[-1] != after[-1] for before, after in pairwise(builds)), "one went on from the other's input"
        steps = await env.engine.queries.plans.steps(ref(one.plan))
        assert len([step for step in steps if step.kind == "command"]) == 2 * MONTHS
        closed = [step.at for step in steps if step.kind == "close_cycle"]
        assert closed == [add_months(BEGIN, month) for month in range(1, MONTHS + 1)]
        assert await differences(env, one.customer, MANUAL, BEGIN) == ()
        assert {invoice.status for invoice in await env.invoices(one.customer)} == {InvoiceStatus.PAID}
