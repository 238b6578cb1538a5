"""Stripe's events: kept once, acted on until it is done, and never believed without a signature."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from uuid import uuid4

import httpx
import psycopg
import pytest
from stripe import WebhookSignature

from billflow.domain.errors import NotFound
from billflow.models.contracts.invoices import InvoiceRef, InvoiceToCollect
from billflow.models.contracts.webhooks import ForeignReason, StoredEvent, StripeEvent
from billflow.ports.database import NoDatabase
from billflow.service.stripe_events import StripeEventQueue
from billflow.store.invoices.repository import PostgresInvoiceRepository
from billflow.wiring.api import stripe_event_handlers
from tests.api.test_plans import pay_at_stripe, plan_status, started, the_invoice
from tests.api_environment import ApiEnvironment, until

PATH = "/api/v1/webhooks/stripe"


def event_of(
    kind: str, invoice_id: str, org_id: str, *, stripe_invoice_id: object = "in_1", amount_paid: int = 5600
) -> dict[str, object]:
    metadata = {"billflow_org": org_id, "billflow_invoice": invoice_id}
    held = {"id": stripe_invoice_id, "object": "invoice", "metadata": metadata, "amount_paid": amount_paid}
    return {
        "id": f"evt_{uuid4().hex}",
        "object": "event",
        "type": kind,
        "created": int(time.time()),
        "livemode": False,
        "data": {"object": held},
    }


async def deliver(
    api: httpx.AsyncClient, env: ApiEnvironment, event: object, secret: str | None = None
) -> httpx.Response:
    body = json.dumps(event)
    moment = int(time.time())
    signature = WebhookSignature._compute_signature(f"{moment}.{body}", secret or env.webhook_secret)
    return await api.post(PATH, content=body, headers={"Stripe-Signature": f"t={moment},v1={signature}"})


async def is_handled(database_url: str, event_id: object) -> bool:
    return await kept(database_url, event_id) == [(True,)]


async def reads(env: ApiEnvironment) -> int:
    """Return how often invoices were read at Stripe."""
    return len((await env.control("GET", "/requests?operation=invoice.retrieve"))["data"])


async def kept(database_url: str, event_id: object) -> list[tuple[bool]]:
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        query = "SELECT handled_at IS NOT NULL FROM webhook_event WHERE stripe_event_id = %s"
        return await (await connection.execute(query, [event_id])).fetchall()


async def sent_invoice(api: httpx.AsyncClient, env: ApiEnvironment) -> tuple[str, dict[str, object]]:
    """Buy a plan by invoice; return the plan's id and its invoice, which Stripe has sent."""
    customer = await env.customer(card=None)
    plan = (await started(api, customer_id=customer.customer_id, collection_method="send_invoice")).json()["plan"]

    async def is_sent() -> bool:
        return (await the_invoice(api, plan["id"]))["status"] == "open"

    await until(is_sent)
    return plan["id"], await the_invoice(api, plan["id"])


@asynccontextmanager
async def own_events_lost(env: ApiEnvironment) -> AsyncIterator[None]:
    """Let Stripe's own deliveries get lost, so that only the test's arrive."""
    await env.control("POST", "/faults", webhooks=[{"fault": "drop", "event": "invoice.*"}])
    try:
        yield
    finally:
        await env.control("DELETE", "/faults")


async def test_a_forged_event_is_refused_and_changes_nothing(
    api: httpx.AsyncClient, env: ApiEnvironment, env_database_url: str
) -> None:
    event = event_of("invoice.paid", str(uuid4()), env.org_id)

    forged = await deliver(api, env, event, secret="whsec_guessed")
    unsigned = await api.post(PATH, json=event)

    assert [(answer.status_code, answer.json()["code"]) for answer in (forged, unsigned)] == [
        (400, "forged_webhook")
    ] * 2
    assert await kept(env_database_url, event["id"]) == []


async def test_an_event_delivered_twice_is_kept_once_and_acted_on_once(
    api: httpx.AsyncClient, env: ApiEnvironment, env_database_url: str
) -> None:
    plan_id, invoice = await sent_invoice(api, env)
    event = event_of("invoice.paid", str(invoice["id"]), env.org_id, stripe_invoice_id=invoice["stripe_invoice_id"])
    async with own_events_lost(env):
        await pay_at_stripe(env, invoice)

        answers = [await deliver(api, env, event) for _ in range(3)]

        async def is_active() -> bool:
            return await plan_status(api, plan_id) == "active"

        await until(is_active)
        await until(partial(is_handled, env_database_url, event["id"]))
    timeline = (await api.get(f"/api/v1/plans/{plan_id}/timeline", params={"limit": 100})).json()["timeline"]
    assert [(answer.status_code, answer.json()["is_new"]) for answer in answers] == [
        (200, True),
        (200, False),
        (200, False),
    ]
    assert [entry["name"] for entry in timeline].count("invoice.paid") == 1


@pytest.mark.full
async def test_an_event_that_comes_late_does_not_undo_a_payment(
    api: httpx.AsyncClient, env: ApiEnvironment, env_database_url: str
) -> None:
    plan = (await started(api, customer_id=(await env.customer()).customer_id)).json()["plan"]
    invoice = await the_invoice(api, plan["id"])
    event = event_of("invoice.voided", str(invoice["id"]), env.org_id)

    async def is_handled() -> bool:
        return await kept(env_database_url, event["id"]) == [(True,)]

    await deliver(api, env, event)
    await until(is_handled)

    assert (await the_invoice(api, plan["id"]))["status"] == "paid"
    assert await plan_status(api, plan["id"]) == "active"


@pytest.mark.full
async def test_a_voided_purchase_never_starts(api: httpx.AsyncClient, env: ApiEnvironment) -> None:
    plan_id, invoice = await sent_invoice(api, env)

    await env.engine.stripe.v1.invoices.void_invoice_async(str(invoice["stripe_invoice_id"]))

    async def is_over() -> bool:
        return await plan_status(api, plan_id) == "ended"

    await until(is_over)
    assert (await the_invoice(api, plan_id))["status"] == "void"


@pytest.mark.full
async def test_an_event_about_an_invoice_nobody_knows_is_done_with(
    api: httpx.AsyncClient, env: ApiEnvironment, env_database_url: str
) -> None:
    events = [event_of("invoice.paid", invoice_id, env.org_id) for invoice_id in (str(uuid4()), "no-uuid")]
    for event in events:
        await deliver(api, env, event)

    async def are_handled() -> bool:
        return [await kept(env_database_url, event["id"]) for event in events] == [[(True,)]] * 2

    await until(are_handled)


async def test_the_events_of_every_organization_are_acted_on(
    api: httpx.AsyncClient, env: ApiEnvironment, env_database_url: str
) -> None:
    orgs = [await env.engine.repositories.organizations.ensure(f"org-{n}") for n in (1, 2)]
    events = [event_of("invoice.paid", str(uuid4()), org_id) for org_id in orgs]

    answers = [await deliver(api, env, event) for event in events]

    async def are_handled() -> bool:
        return [await kept(env_database_url, event["id"]) for event in events] == [[(True,)]] * 2

    await until(are_handled)
    assert [answer.json()["is_new"] for answer in answers] == [True, True]


async def test_an_event_kept_by_a_process_that_died_is_acted_on_by_another(
    api: httpx.AsyncClient, env: ApiEnvironment, env_database_url: str
) -> None:
    plan_id, invoice = await sent_invoice(api, env)
    event = event_of("invoice.paid", str(invoice["id"]), env.org_id)
    payload = {
        "event_id": event["id"],
        "type": event["type"],
        "org_id": env.org_id,
        "invoice_id": invoice["id"],
        "plan_id": None,
        "customer_id": None,
        "stripe_object_id": invoice["stripe_invoice_id"],
        "created": "2026-01-01T00:00:00Z",
        "livemode": False,
    }
    async with own_events_lost(env):
        await pay_at_stripe(env, invoice)
        async with await psycopg.AsyncConnection.connect(env_database_url) as connection:
            await connection.execute(
                "INSERT INTO webhook_event (org_id, stripe_event_id, type, payload, received_at)"
                " VALUES (%s, %s, %s, %s, now())",
                [env.org_id, event["id"], event["type"], json.dumps(payload)],
            )

        async def is_active() -> bool:
            return await plan_status(api, plan_id) == "active"

        await until(is_active)


async def test_an_event_that_could_not_be_acted_on_is_tried_again_until_it_can(env: ApiEnvironment) -> None:
    inbox, invoices = MemoryInbox(), TroubledInvoices(env.engine.database)
    handlers = replace(stripe_event_handlers(env.engine), inbox=inbox, invoice_repository=invoices)
    events = StripeEventQueue(handlers, handlers, inbox)
    event = StripeEvent(
        event_id=f"evt_{uuid4().hex}",
        type="invoice.paid",
        org_id=str(uuid4()),
        invoice_id=str(uuid4()),
        plan_id=None,
        customer_id=None,
        stripe_object_id="in_1",
        created=datetime.now(UTC),
        livemode=False,
    )
    acting = asyncio.create_task(events.run())

    async def is_handled() -> bool:
        return not inbox.waiting

    await events.store(event)
    await until(is_handled)
    acting.cancel()

    assert len(invoices.asked) == 2


@dataclass(frozen=True)
class TroubledInvoices(PostgresInvoiceRepository):
    """Invoices whose database goes away once."""

    asked: list[InvoiceRef] = field(default_factory=list)

    async def invoice_to_collect(self, ref: InvoiceRef) -> InvoiceToCollect:
        self.asked.append(ref)
        if len(self.asked) == 1:
            raise NoDatabase("gone for a moment")
        raise NotFound("There is no such invoice.")


@dataclass
class MemoryInbox:
    """An inbox in memory; no other process looks into it."""

    waiting: list[StripeEvent] = field(default_factory=list)

    async def store_event(self, org_id: str, event: StripeEvent, received_at: datetime) -> StoredEvent:
        self.waiting.append(event)
        return StoredEvent(is_new=True, waits=True)

    async def store_foreign(self, event: StripeEvent, reason: ForeignReason, received_at: datetime) -> None:
        raise AssertionError(reason)

    async def unhandled_events(self, org_id: str, limit: int, *, besides: Collection[str] = ()) -> list[StripeEvent]:
        return [event for event in self.waiting if event.org_id == org_id and event.event_id not in besides]

    async def mark_known(self, org_id: str, event: StripeEvent, at: datetime) -> bool:
        return False

    async def mark_handled(self, org_id: str, event_id: str, at: datetime) -> None:
        self.waiting = [event for event in self.waiting if event.event_id != event_id]

    async def organizations_with_unhandled_events(self) -> tuple[str, ...]:
        return tuple({str(event.org_id) for event in self.waiting})
