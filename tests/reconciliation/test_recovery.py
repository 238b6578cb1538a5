"""Temporal has lost everything, and the rows know what should run."""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from pydantic import SecretStr
from temporalio.client import Client

from billflow.domain.commands import Retry
from billflow.domain.rule_change import NO_CHANGE
from billflow.models.contracts.adjustments import RefundInput
from billflow.models.contracts.customers import ChangeContext
from billflow.models.contracts.dry_run import DryRunCreate
from billflow.models.contracts.endpoints import DeliveryStream, EndpointCreate
from billflow.models.contracts.keys import KeyNamespace
from billflow.models.contracts.mail import Mail, NotificationInput, Occasion
from billflow.models.contracts.onboarding import OnboardingOptions
from billflow.models.contracts.plan_batches import BatchFilter, PlanBatchCreate
from billflow.models.contracts.recovery import RecoveredKind, RecoveryReport
from billflow.service.recovery import RecoveryProgress, RecoveryService
from billflow.store.webhooks.endpoints import PostgresEndpointRepository
from billflow.temporal import search_attributes
from billflow.temporal.ids import collection_workflow_id, plan_workflow_id
from billflow.temporal.workflow_control import WorkflowControl
from billflow.temporal.workflow_starts import WorkflowStart, delivery_workflow
from billflow.wiring.store import sell_example
from tests.api_environment import until
from tests.namespaces import fresh_namespace
from tests.reconciliation.conftest import BY_INVOICE, ReconciliationEnvironment
from tests.workflows.histories import names_of

SMTP = "smtp://127.0.0.1:9"


class Killed(Exception):
    """The process ends here."""


@dataclass(frozen=True)
class Fragile(WorkflowControl):
    """Workflow control of a process that is killed once so many starts were made."""

    starts: int = 0
    begun: list[str] = field(default_factory=list)
    made: list[str] = field(default_factory=list)
    all_made: asyncio.Event = field(default_factory=asyncio.Event)

    async def start(self, start: WorkflowStart, signal: str | None = None, *args: object) -> None:
        """Start, and perhaps die."""
        if len(self.begun) >= self.starts:
            await self.all_made.wait()  # dying cancels those under way, of which nobody knows whether they were made
            raise Killed
        self.begun.append(start.workflow_id)
        await super().start(start, signal, *args)
        self.made.append(start.workflow_id)
        if len(self.made) == self.starts:
            self.all_made.set()


@pytest.fixture
async def emptied(temporal_server: str) -> Client:
    """Return a client of a namespace in which nothing runs and nobody works."""
    client = await fresh_namespace(temporal_server, "emptied")
    await search_attributes.ensure(client)
    return client


def recovery(env: ReconciliationEnvironment, control: WorkflowControl) -> RecoveryService:
    """Return the recovery of an engine with a mail server."""
    settings = env.engine.settings.model_copy(update={"smtp_url": SecretStr(SMTP)})
    return RecoveryService(control, env.engine.repositories, env.engine.queries, settings)


def count_of(report: RecoveryReport, name: str) -> dict[RecoveredKind, int]:
    """Return how many of each kind were found in a state, without those of which there were none."""
    return {one.kind: getattr(one, name) for one in report.kinds if getattr(one, name)}


async def runs(client: Client) -> set[tuple[str, str]]:
    """Return all workflows that run, each by its id and that of its run."""
    return {(one.id, one.run_id) async for one in client.list_workflows("ExecutionStatus = 'Running'")}


async def running(client: Client) -> set[str]:
    """Return the ids of all workflows that run."""
    return {workflow_id for workflow_id, _ in await runs(client)}


async def with_unfinished_work(env: ReconciliationEnvironment) -> set[str]:
    """Leave something of every kind unfinished, and return the ids of the workflows that belong to it."""
    now, rows = datetime.now(UTC), env.engine.repositories
    change = ChangeContext(actor="tests", at=now)
    paid, sent = await env.plan(), await env.plan(BY_INVOICE)
    bought, owed = await env.invoice(paid), await env.invoice(sent)
    asked: dict[str, Any] = {"org_id": env.org_id, "invoice_id": bought.invoice_id, "actor": "tests", "at": now}
    refund = await rows.adjustments.create_refund(
        RefundInput(**asked, key=KeyNamespace.CLIENT.key(uuid4().hex), amount=100)
    )
    newcomer = await env.subscriber()
    await rows.onboardings.begin(newcomer.ref, OnboardingOptions(), change)
    every = PlanBatchCreate(command=Retry(), plans=BatchFilter(live=True))
    batch = await rows.plan_batches.create(env.org_id, every, KeyNamespace.CLIENT.key(uuid4().hex), change)
    dry_run_key, week = KeyNamespace.CLIENT.key(uuid4().hex), timedelta(days=7)
    dry_run = await rows.dry_runs.create(env.org_id, DryRunCreate(), NO_CHANGE, dry_run_key, week, change)
    mail = await _mail(env, sent.customer_id, owed.invoice_id)
    stream = await _waiting_event(env, change)
    return {
        plan_workflow_id(paid.plan_id),
        plan_workflow_id(sent.plan_id),
        collection_workflow_id(owed.invoice_id),
        f"refund/{refund.refund_id}",
        f"onboarding/{newcomer.customer_id}",
        f"plan-batch/{batch.plan_batch_id}/previewing",
        f"dry-run/{dry_run.dry_run_id}",
        f"mail/{mail.key}",
        *stream,
    }


async def _mail(env: ReconciliationEnvironment, customer_id: str, invoice_id: str) -> NotificationInput:
    """Write a mail that no server has taken."""
    told = NotificationInput(
        org_id=env.org_id, invoice_id=invoice_id, occasion=Occasion.REMINDER_DUE, number=2, at=datetime.now(UTC)
    )
    facts = await env.engine.repositories.mails.notification_facts(told)
    assert facts.customer_id == customer_id
    text = Mail(language="en", recipient=facts.recipient, subject="due", body="due")
    await env.engine.repositories.mails.store(told, facts, text)
    return told


async def _waiting_event(env: ReconciliationEnvironment, change: ChangeContext) -> set[str]:
    """Leave an event to be delivered to nobody, and return the ids of the streams on which events wait."""
    endpoints = PostgresEndpointRepository(env.engine.database, str)
    await endpoints.create(env.org_id, EndpointCreate(url="https://example.com"), change)
    await env.subscriber()
    streams: list[DeliveryStream] = []

    async def waits() -> bool:
        streams[:] = await env.engine.repositories.deliveries.open_streams(env.org_id)
        return bool(streams)

    await until(waits)
    return {delivery_workflow(stream).workflow_id for stream in streams}


async def test_what_should_run_is_started_once_and_what_runs_is_left(
    env: ReconciliationEnvironment, emptied: Client
) -> None:
    expected = await with_unfinished_work(env)
    recovering = recovery(env, WorkflowControl(emptied))

    first = await recovering.recover([env.org_id], RecoveryProgress())
    assert set(count_of(first, "started")) == set(RecoveredKind)

    async def all_run() -> bool:
        return await running(emptied) >= expected

    await until(all_run)
    before = await runs(emptied)
    again = await recovering.recover([env.org_id], RecoveryProgress())
    assert set(count_of(again, "started")) <= {RecoveredKind.DELIVERIES}  # of what was told of meanwhile
    assert count_of(again, "running") == count_of(first, "started")
    assert before <= await runs(emptied)


@pytest.mark.full
async def test_an_interrupted_recovery_goes_on_when_it_is_repeated(
    env: ReconciliationEnvironment, emptied: Client
) -> None:
    expected = await with_unfinished_work(env)
    fragile = Fragile(emptied, starts=3)
    with pytest.raises(Killed):
        await recovery(env, fragile).recover([env.org_id], RecoveryProgress())

    async def are_listed() -> bool:
        return await running(emptied) == set(fragile.made)

    await until(are_listed)
    rest = await recovery(env, WorkflowControl(emptied)).recover([env.org_id], RecoveryProgress())

    assert sum(count_of(rest, "running").values()) == 3
    assert len(expected) <= 3 + sum(count_of(rest, "started").values())


@pytest.mark.full
async def test_every_organization_is_recovered(env: ReconciliationEnvironment, emptied: Client) -> None:
    plans = {plan_workflow_id((await env.plan()).plan_id)}
    other = replace(env, org_id=await env.engine.repositories.organizations.ensure(f"other-{uuid4().hex[:8]}"))
    await sell_example(env.engine.repositories.catalogs, other.org_id)
    plans.add(plan_workflow_id((await other.plan()).plan_id))

    org_ids, progress = await env.engine.queries.monitoring.organizations(), RecoveryProgress()
    report = await recovery(env, WorkflowControl(emptied)).recover(org_ids, progress)

    assert report.organizations == progress.organizations == len(org_ids)

    async def both_run() -> bool:
        return plans <= await running(emptied)

    await until(both_run)


@pytest.mark.full
async def test_plans_that_run_are_woken_where_asked_for(env: ReconciliationEnvironment, emptied: Client) -> None:
    plan = await env.plan()
    recovering = recovery(env, WorkflowControl(emptied))
    await recovering.recover([env.org_id], RecoveryProgress())

    woken = await recovering.recover([env.org_id], RecoveryProgress(), wake=True)

    assert count_of(woken, "woken") == {RecoveredKind.PLANS: 1}
    history = await emptied.get_workflow_handle(plan_workflow_id(plan.plan_id)).fetch_history()
    assert names_of(history).count("WORKFLOW_EXECUTION_SIGNALED") == 1
