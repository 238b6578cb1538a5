"""A server loses its data: Temporal all of it, PostgreSQL what came after a backup. Nobody pays a cent more or less."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from billflow.domain.calendar import add_months
from billflow.domain.commands import SetCollectionMethod
from billflow.domain.plan import CollectionMethod
from billflow.domain.reconciliation import FindingKind
from billflow.models.contracts.keys import KeyNamespace
from billflow.models.contracts.records import InvoiceFilter, InvoiceRecord, Paging
from billflow.models.contracts.steps import CommandRequest
from billflow.service.recovery import RecoveryProgress
from billflow.temporal.ids import collection_workflow_id
from billflow.wiring.store import sell_example
from tests.api_environment import until
from tests.older_copy import copy_of
from tests.reconciliation.conftest import (
    BY_CARD,
    ReconciliationEnvironment,
    env,
    env_database_url,
    env_temporal,
    eventually,
)

__all__ = ["env", "env_database_url", "env_temporal"]

ALL = Paging(limit=100)
CHARGED, SENT = CollectionMethod.CHARGE_AUTOMATICALLY, CollectionMethod.SEND_INVOICE


@dataclass(frozen=True)
class Tenant:
    """An organization whose plans all hang on one clock."""

    env: ReconciliationEnvironment
    clock: str
    begin: datetime

    async def after(self, months: int) -> None:
        """Let the clock stand an hour after so many months."""
        to = add_months(self.begin, months) + timedelta(hours=1)
        await self.env.engine.clocks.advance(self.env.org_id, self.clock, to)

    async def buy(self, method: CollectionMethod) -> None:
        """Buy a plan by card for a new customer, and renew it by a method."""
        ask = self.env.ask(await self.env.subscriber(), BY_CARD)
        ask = ask.model_copy(update={"test_clock_id": self.clock, "at": self.begin})
        plan = (await self.env.engine.plans.start(ask)).state
        if method is plan.collection_method:
            return
        command = SetCollectionMethod(collection_method=method)
        request = CommandRequest(command_id=KeyNamespace.CLIENT.key(uuid4().hex), command=command, actor="tests")
        await self.env.engine.plans.command(plan.ref, request)

    async def invoices(self) -> Sequence[InvoiceRecord]:
        """Return all invoices, the newest first."""
        return (await self.env.engine.queries.invoices.search(self.env.org_id, InvoiceFilter(), ALL)).rows

    async def bills(self) -> list[tuple[Any, ...]]:
        """Return what every customer was billed, in no order of ids."""
        return sorted(
            (one.issued_at, one.kind, one.total, one.status, one.amount_paid, one.collection_method)
            for one in await self.invoices()
        )

    async def recover(self, *, wake: bool) -> None:
        """Start what is missing, and perhaps wake what runs."""
        await self.env.engine.recovery.recover([self.env.org_id], RecoveryProgress(), wake=wake)

    async def until_clean(self) -> None:
        """Repair until reconciliation finds nothing."""

        async def is_clean() -> bool:
            return not (await self.env.reconcile(repair=True)).findings

        await eventually(is_clean)


async def tenant(env: ReconciliationEnvironment, begin: datetime) -> Tenant:
    """Return a new organization with a clock that stands at *begin*."""
    org_id = await env.engine.repositories.organizations.ensure(f"tenant-{uuid4().hex[:8]}")
    await sell_example(env.engine.repositories.catalogs, org_id)
    clock = await env.engine.repositories.test_clocks.create(org_id, begin)
    return Tenant(replace(env, org_id=org_id), clock.test_clock_id, begin)


@pytest.fixture
async def twins(env: ReconciliationEnvironment) -> tuple[Tenant, Tenant]:
    """Return two organizations to which the same happens, but that the second one loses data."""
    begin = datetime.now(UTC)
    return await tenant(env, begin), await tenant(env, begin)


async def workflows_of(env: ReconciliationEnvironment) -> list[WorkflowExecution]:
    """Return every workflow that an organization has or had."""
    found = env.engine.client.list_workflows(f"BillflowOrg = '{env.org_id}'")
    return [WorkflowExecution(workflow_id=one.id, run_id=one.run_id) async for one in found]


async def delete(client: Client, lost: WorkflowExecution) -> None:
    """Delete a workflow from Temporal, unless it is gone and still listed."""
    asked = DeleteWorkflowExecutionRequest(namespace=client.namespace, workflow_execution=lost)
    try:
        await client.workflow_service.delete_workflow_execution(asked)
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise


async def lose_all(env: ReconciliationEnvironment) -> None:
    """Let Temporal lose everything of an organization."""
    client = env.engine.client

    async def is_empty() -> bool:
        left = await workflows_of(env)
        for one in left:
            await delete(client, one)
        return not left

    await until(is_empty)


@pytest.mark.full
async def test_temporal_is_emptied_and_recovered(twins: tuple[Tenant, Tenant]) -> None:
    for one in twins:
        await one.buy(CHARGED)
        await one.buy(SENT)
        await one.after(1)
    whole, losing = twins
    await lose_all(losing.env)

    await losing.recover(wake=False)

    for one in twins:
        await one.after(2)
    await losing.until_clean()
    assert await losing.bills() == await whole.bills()
    assert len(await losing.bills()) > 4, "two purchases, two renewals, and what came after the loss"


@pytest.mark.full
async def test_postgresql_is_restored_to_an_older_copy(twins: tuple[Tenant, Tenant]) -> None:
    for one in twins:
        await one.buy(SENT)
    whole, losing = twins
    older = await copy_of(losing.env.database_url, losing.env.org_id)
    known = {one.invoice_id for one in await losing.invoices()}
    for one in twins:
        await one.after(1)
    forgotten = {one.invoice_id for one in await losing.invoices()} - known
    assert forgotten

    await older.restore()

    report = await losing.env.reconcile(repair=False)
    assert {one.kind for one in report.findings} >= {FindingKind.ORPHAN, FindingKind.WORKFLOW_DIFFERS}
    for finding in report.findings:
        if finding.kind is FindingKind.ORPHAN:
            await losing.env.engine.stripe.v1.invoices.void_invoice_async(finding.subject_id)
    for invoice_id in forgotten:
        await losing.env.terminate(collection_workflow_id(invoice_id))

    await losing.recover(wake=True)

    await losing.after(1)
    await losing.until_clean()
    assert await losing.bills() == await whole.bills()
