"""An event leaves the queue only when its streams know: a relay may die at any point."""

import asyncio
import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise

import psycopg
import pytest
from temporalio.client import Client

from billflow.domain.errors import InvalidInput
from billflow.models.contracts.endpoints import DeliveryStream, EndpointCreate, EventFilter, ReplayCreate, RoutingResult
from billflow.models.contracts.records import Paging
from billflow.service.outbox import OutboxRelay
from billflow.store.session.database import Database
from billflow.store.webhooks.endpoints import PostgresEndpointRepository
from billflow.store.webhooks.outbox import PostgresOutboxRepository
from billflow.temporal.workflow_control import WorkflowControl
from billflow.temporal.workflow_starts import WorkflowStart
from tests.api_environment import until
from tests.store.conftest import Company, by, company, database, store_url

__all__ = ["company", "database", "store_url"]

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
POINTS = ("before route", "after route", "after wake", "after dequeue")


class Killed(BaseException):
    """The process ends here."""


@dataclass(frozen=True)
class Fragile(PostgresOutboxRepository):
    """An outbox whose process is killed at one stage."""

    env: str = ""

    async def route(self, org_id: str) -> RoutingResult:
        """Route, and perhaps die."""
        self._die("before route")
        routed = await super().route(org_id)
        self._die("after route")
        return routed

    async def dequeue(self, org_id: str, event_ids: Sequence[str]) -> None:
        """Take events out of the queue, and perhaps die."""
        self._die("after wake")
        await super().dequeue(org_id, event_ids)
        self._die("after dequeue")

    def _die(self, env: str) -> None:
        if env == self.env:
            raise Killed


@dataclass(frozen=True)
class Woken(WorkflowControl):
    """Workflows that are noted, for nobody is to send anything here."""

    noted: set[DeliveryStream] = field(default_factory=set)

    async def start(self, start: WorkflowStart, signal: str | None = None, *args: object) -> None:
        """Note the streams."""
        if isinstance(start.argument, DeliveryStream):
            self.noted.add(start.argument)


@dataclass(frozen=True)
class Busy(PostgresOutboxRepository):
    """An outbox that something comes into whenever it is routed; it notes when that was."""

    company: Company
    passes: list[float] = field(default_factory=list)

    async def route(self, org_id: str) -> RoutingResult:
        """Route, and let another event be recorded."""
        self.passes.append(asyncio.get_running_loop().time())
        routed = await super().route(org_id)
        await self.company.customer()
        return routed


async def test_what_comes_all_the_time_is_routed_together(
    company: Company, database: Database, temporal_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    pause = 0.3
    monkeypatch.setattr("billflow.service.outbox.LOOK_SECONDS", pause)
    outbox = Busy(database, company)
    await company.customer()

    async def has_routed() -> bool:
        return len(outbox.passes) >= 4

    async with OutboxRelay(outbox, Woken(temporal_client)):
        await until(has_routed)

    assert all(later - earlier >= pause for earlier, later in pairwise(outbox.passes))


@pytest.mark.parametrize("env", POINTS)
async def test_a_relay_that_is_killed_loses_nothing_and_doubles_nothing(
    company: Company, store_url: str, database: Database, temporal_client: Client, env: str
) -> None:
    endpoints = PostgresEndpointRepository(database, str)
    made = await endpoints.create(company.org_id, EndpointCreate(url="https://example.com"), by())
    customers = [(await company.customer()).customer_id for _ in range(3)]
    woken = Woken(temporal_client)

    with pytest.raises(Killed):
        await OutboxRelay(Fragile(database, env), woken).relay()
    await asyncio.gather(*(OutboxRelay(PostgresOutboxRepository(database), woken).relay() for _ in range(2)))

    endpoint_id = made.record.endpoint_id
    assert {stream.customer_id for stream in woken.noted if stream.endpoint_id == endpoint_id} == set(customers)
    with psycopg.connect(store_url) as connection:
        messages = connection.execute(
            "SELECT customer_id::text FROM webhook_message WHERE endpoint_id = %s ORDER BY position", [endpoint_id]
        ).fetchall()
        left = connection.execute("SELECT count(*) FROM outbox_pending WHERE org_id = %s", [company.org_id]).fetchone()
    assert [row[0] for row in messages] == customers
    assert left == (0,)


async def test_an_endpoint_is_sent_nothing_that_was_before_it(company: Company, database: Database) -> None:
    outbox, endpoints = PostgresOutboxRepository(database), PostgresEndpointRepository(database, str)
    await company.customer()
    made = await endpoints.create(company.org_id, EndpointCreate(url="https://example.com"), by())
    after = await company.customer()

    routed = await outbox.route(company.org_id)
    again = await outbox.replay(company.org_id, made.record.endpoint_id, ReplayCreate(since=LONG_AGO), by())

    assert len(routed.event_ids) == again == 2
    assert [stream.customer_id for stream in routed.streams] == [after.customer_id]


async def test_a_long_queue_is_routed_in_parts_and_in_order(
    company: Company, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("billflow.store.webhooks.outbox.MOST_ROUTED", 2)
    outbox = PostgresOutboxRepository(database)
    for _ in range(5):
        await company.customer()
    seen: list[str] = []
    while (routed := await outbox.route(company.org_id)).event_ids:
        assert len(routed.event_ids) <= 2
        seen += routed.event_ids
        await outbox.dequeue(company.org_id, routed.event_ids)
    page = await outbox.list(company.org_id, EventFilter(), Paging())
    assert seen == [event.event_id for event in reversed(page.rows)]


async def test_events_are_listed_in_pages_without_gaps(company: Company, database: Database) -> None:
    for _ in range(5):
        await company.customer()
    outbox, seen, after = PostgresOutboxRepository(database), list[int](), None
    for _ in range(3):
        page = await outbox.list(company.org_id, EventFilter(), Paging(limit=2, after=after))
        assert page.total == 5
        seen += [event.sequence for event in page.rows]
        after = page.next
    assert after is None
    assert seen == sorted(set(seen), reverse=True)
    assert len(seen) == 5


async def test_a_cursor_that_is_no_place_in_the_sequence_is_refused(company: Company, database: Database) -> None:
    for place in ("", "x", "9" * 19, "1 2"):
        cursor = base64.urlsafe_b64encode(place.encode()).decode()
        with pytest.raises(InvalidInput, match="after is no cursor"):
            await PostgresOutboxRepository(database).list(company.org_id, EventFilter(), Paging(after=cursor))
