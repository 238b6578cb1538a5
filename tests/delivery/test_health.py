"""An endpoint that takes nothing for three days is left alone until somebody enables it again."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from billflow.domain.webhook_policy import BACKOFF, FAILING_FOR
from billflow.models.contracts.audit import AuditFilter
from billflow.models.contracts.endpoints import (
    Attempt,
    DeliveryStream,
    EndpointCreate,
    EndpointRecord,
    EndpointStatus,
    EndpointUpdate,
    EventFilter,
)
from billflow.models.contracts.records import Paging
from billflow.store.audit.queries import PostgresAuditQueries
from billflow.store.session.database import Database
from billflow.store.webhooks.deliveries import PostgresDeliveryRepository
from billflow.store.webhooks.endpoints import PostgresEndpointRepository
from billflow.store.webhooks.outbox import PostgresOutboxRepository
from tests.store.conftest import Company, by, company, database, store_url

__all__ = ["company", "database", "store_url"]

BEGIN = datetime(2026, 7, 1, tzinfo=UTC)
OFF = "webhook_endpoint.disabled"


class Route:
    """An endpoint, one customer's delivery stream to it, and what is answered there."""

    def __init__(self, company: Company, database: Database) -> None:
        self.org_id = company.org_id
        self.company, self.database = company, database
        self.endpoints, self.outbox = PostgresEndpointRepository(database, str), PostgresOutboxRepository(database)
        self.deliveries = PostgresDeliveryRepository(database)

    async def opened(self) -> "Route":
        made = await self.endpoints.create(self.org_id, EndpointCreate(url="https://example.com"), by())
        self.endpoint_id = made.record.endpoint_id
        return self

    async def stream(self) -> DeliveryStream:
        """Let something happen to a new customer."""
        customer = await self.company.customer()
        await self.outbox.route(self.org_id)
        return DeliveryStream(org_id=self.org_id, endpoint_id=self.endpoint_id, customer_id=customer.customer_id)

    async def answered(self, stream: DeliveryStream, status: int, at: datetime) -> None:
        """Note what was answered to the delivery stream's next message."""
        message = await self.deliveries.next_message(stream)
        assert message is not None
        error = None if status < 300 else f"answered {status}"
        attempt = Attempt(message_id=message.message_id, at=at, duration_ms=1, status_code=status, error=error)
        await self.deliveries.record_attempt(stream, attempt)

    async def endpoint(self) -> EndpointRecord:
        return await self.endpoints.get(self.org_id, self.endpoint_id)

    async def disablings(self) -> tuple[int, list[str]]:
        """Return how many events and who in the audit log say that it was disabled."""
        events = await self.outbox.list(self.org_id, EventFilter(type=OFF), Paging())
        audit = await PostgresAuditQueries(self.database).list(self.org_id, AuditFilter(action=OFF), Paging())
        return events.total, [entry.actor for entry in audit.rows]


@pytest.fixture
async def route(company: Company, database: Database) -> Route:
    """Return an endpoint to which events go."""
    return await Route(company, database).opened()


async def test_an_endpoint_that_takes_nothing_for_three_days_is_disabled_and_that_is_told(route: Route) -> None:
    stream, at = await route.stream(), BEGIN
    for pause in (*BACKOFF, timedelta()):
        assert (await route.endpoint()).status is EndpointStatus.ENABLED
        await route.answered(stream, 500, at)
        at += pause

    endpoint = await route.endpoint()
    assert (endpoint.status, endpoint.failing_since) == (EndpointStatus.DISABLED, BEGIN)
    assert endpoint.disabled_reason == "It has taken nothing for three days."
    assert await route.disablings() == (1, ["system"])


async def test_what_is_taken_for_anyone_begins_the_three_days_anew(route: Route) -> None:
    failing, fine = await route.stream(), await route.stream()
    await route.answered(failing, 500, BEGIN)
    await route.answered(fine, 204, BEGIN + timedelta(hours=1))
    assert (await route.endpoint()).failing_since is None

    await route.answered(failing, 500, BEGIN + FAILING_FOR)

    endpoint = await route.endpoint()
    assert (endpoint.status, endpoint.failing_since) == (EndpointStatus.ENABLED, BEGIN + FAILING_FOR)


async def test_enabled_again_it_has_three_days_again_and_gets_what_waited(route: Route) -> None:
    stream, other = await route.stream(), await route.stream()
    await route.answered(stream, 500, BEGIN)
    await route.answered(stream, 500, BEGIN + FAILING_FOR)
    assert await route.deliveries.open_streams(route.org_id, route.endpoint_id) == ()

    on = EndpointUpdate(status=EndpointStatus.ENABLED)
    enabled = await route.endpoints.update(route.org_id, route.endpoint_id, on, by())

    assert (enabled.status, enabled.disabled_reason, enabled.failing_since) == (EndpointStatus.ENABLED, None, None)
    assert set(await route.deliveries.open_streams(route.org_id, route.endpoint_id)) == {stream, other}
    await route.answered(stream, 500, BEGIN + 2 * FAILING_FOR)
    assert (await route.endpoint()).status is EndpointStatus.ENABLED


async def test_what_fails_after_it_was_disabled_is_told_no_second_time(route: Route) -> None:
    one, other = await route.stream(), await route.stream()
    message = await route.deliveries.next_message(other)
    await route.answered(one, 410, BEGIN)
    assert message is not None
    late = Attempt(message_id=message.message_id, at=BEGIN, duration_ms=1, status_code=410, error="answered 410")
    await route.deliveries.record_attempt(other, late)

    assert (await route.endpoint()).disabled_reason == "It answered 410 Gone."
    assert await route.disablings() == (1, ["system"])


async def test_failures_of_many_streams_at_once_are_all_noted(route: Route) -> None:
    streams = [await route.stream() for _ in range(8)]

    await asyncio.gather(*(route.answered(stream, 500, BEGIN) for stream in streams))

    noted = await route.deliveries.list(route.org_id, route.endpoint_id, Paging())
    assert noted.total == len(streams)
    assert (await route.endpoint()).failing_since == BEGIN
