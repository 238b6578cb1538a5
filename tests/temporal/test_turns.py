"""Whose turn it is in Stripe's queue: a person's before a renewal's, and organizations one after the other."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from temporalio import activity
from temporalio.client import Client

from billflow.models.contracts.invoices import InvoiceInput, Paid
from billflow.temporal.priorities import ORDINARY, PERSON_WAITS, priority
from billflow.temporal.queue_rates import queue, set_rate
from billflow.temporal.queues import BILLFLOW, STRIPE
from billflow.temporal.worker import build_worker
from tests.namespaces import fresh_namespace
from tests.sizes import sized
from tests.temporal.sending_workflow import SendingWorkflow

RATE = 100.0
WAITING, AT_ONCE = sized(300, 2_000, 2_000), 100
ORGANIZATIONS, SMALLEST = sized(20, 20, 50), 4
"""Of unequal size: the n-th organization has an n-th of the first one's invoices, and the last one `SMALLEST`."""
TENANT, NEIGHBOUR, BUYER = "tenant", "neighbour", "buyer"


@dataclass
class Turns:
    """A queue to Stripe in which invoices wait; `sent` are the organizations in the order of their turns."""

    client: Client
    sent: list[str] = field(default_factory=list)

    @activity.defn(name="collect")
    async def collect(self, invoice: InvoiceInput) -> Paid:
        """Note whose turn it was."""
        self.sent.append(invoice.org_id)
        return Paid(amount_paid=1)

    async def ask(self, org_id: str, count: int, urgency: int = ORDINARY) -> None:
        """Let so many invoices of an organization wait."""
        now, before = datetime.now(UTC), (await queue(self.client, STRIPE)).activities_waiting
        invoices = [InvoiceInput(org_id=org_id, invoice_id=str(n), at=now) for n in range(count)]
        for part in range(0, count, AT_ONCE):
            await self.client.start_workflow(
                SendingWorkflow.run,
                args=[invoices[part : part + AT_ONCE], urgency],
                id=uuid4().hex,
                task_queue=BILLFLOW,
                priority=priority(org_id, ORDINARY),
            )
        while (await queue(self.client, STRIPE)).activities_waiting < before + count:  # noqa: ASYNC110  (a server)
            await asyncio.sleep(0.1)

    @asynccontextmanager
    async def handed_out(self) -> AsyncIterator[None]:
        """Hand the invoices out as long as the block lasts."""
        async with build_worker(self.client, STRIPE, activities=[self.collect], max_concurrent_activities=5):
            yield

    async def until_sent(self, org_id: str, count: int) -> Sequence[str]:
        """Wait until so many of an organization had their turn; return everyone's turns up to then."""
        while self.sent.count(org_id) < count:  # noqa: ASYNC110  (a server sets no event)
            await asyncio.sleep(0.02)
        last = [place for place, sent in enumerate(self.sent) if sent == org_id][count - 1]
        return self.sent[: last + 1]


@pytest.fixture
async def turns(temporal_server: str) -> AsyncIterator[Turns]:
    """Yield a queue of a namespace's own in which renewals of one tenant wait, at a hundred a second."""
    client = await fresh_namespace(temporal_server, "turns")
    await set_rate(client, STRIPE, RATE, reason="", identity="tests")
    turns = Turns(client)
    async with build_worker(client, BILLFLOW, workflows=[SendingWorkflow]):
        await turns.ask(TENANT, WAITING)
        yield turns


async def test_a_purchase_is_sent_before_the_renewals_of_another_tenant_that_wait(turns: Turns) -> None:
    async with turns.handed_out():
        await turns.until_sent(TENANT, 10)
        asked_at = len(turns.sent)
        await turns.client.start_workflow(
            SendingWorkflow.run,
            args=[[InvoiceInput(org_id=BUYER, invoice_id="1", at=datetime.now(UTC))], PERSON_WAITS],
            id=uuid4().hex,
            task_queue=BILLFLOW,
            priority=priority(BUYER, ORDINARY),
        )
        sent = await turns.until_sent(BUYER, 1)

    assert len(sent) - asked_at <= 2 * RATE, "two seconds of the queue's rate"


@pytest.mark.full
async def test_the_smallest_of_many_organizations_is_done_within_twice_its_fair_share(temporal_server: str) -> None:
    client = await fresh_namespace(temporal_server, "book")
    await set_rate(client, STRIPE, RATE, reason="", identity="tests")
    turns = Turns(client)
    sizes = {f"org-{n:02}": ORGANIZATIONS * SMALLEST // n for n in range(1, ORGANIZATIONS + 1)}
    async with build_worker(client, BILLFLOW, workflows=[SendingWorkflow]):
        for org_id, size in sizes.items():
            await turns.ask(org_id, size)
        async with turns.handed_out():
            smallest = [org_id for org_id, size in sizes.items() if size == SMALLEST]
            turns_taken = [len(await turns.until_sent(org_id, SMALLEST)) for org_id in smallest]

    fair = ORGANIZATIONS * SMALLEST
    assert sum(sizes.values()) > 3 * fair, "who waits for all invoices of the others, which were there before, fails"
    assert max(turns_taken) <= 2 * fair


@pytest.mark.full
async def test_the_renewals_of_two_tenants_take_turns(turns: Turns) -> None:
    await turns.ask(NEIGHBOUR, AT_ONCE)
    async with turns.handed_out():
        sent = await turns.until_sent(NEIGHBOUR, AT_ONCE)

    between = sent[sent.index(NEIGHBOUR) :]
    assert between.count(TENANT) <= 2 * AT_ONCE, "the neighbour does not wait for all of the tenant's"
    assert between.count(TENANT) >= AT_ONCE / 2, "nor the tenant for the neighbour"
