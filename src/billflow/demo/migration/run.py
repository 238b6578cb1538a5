"""What the chapters of a migration share: who moves, the account they move from, and where they arrive."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from billflow.demo.migration.old_account import OldAccount
from billflow.demo.migration.old_plans import OldPlan
from billflow.demo.migration.report import MigrationReport
from billflow.demo.migration.two_years import events_of, live_through
from billflow.demo.migration.typed import Typist
from billflow.demo.scenario_run import DemoEnvironment
from billflow.demo.seats_csv import Organization
from billflow.models.contracts.records import InvoiceDetail, InvoiceFilter, Paging

PAGE = 100
_LOOK = 0.1


@dataclass(frozen=True, slots=True)
class Arrival:
    """An organization's customer and plan here."""

    customer_id: str
    plan_id: str


@dataclass
class MigrationRun:
    """The old account and billflow side by side, each with a test clock of its own."""

    owners: Sequence[tuple[OldPlan, Organization]]
    account: OldAccount
    env: DemoEnvironment
    typist: Typist
    report: MigrationReport
    clock: str = ""
    arrivals: dict[str, Arrival] = field(default_factory=dict)

    async def live_on(self, until: datetime) -> None:
        """Let the time pass at both systems; what the old one bills comes by webhooks, and is waited for."""
        events = [event for owner in self.owners for event in events_of(owner, until)]
        await live_through(self.account, events, until)
        await self._received()
        await self.env.engine.clocks.advance(self.env.org_id, self.clock, until)
        await self._received()

    async def _received(self) -> None:
        """Wait until Stripe has delivered every event, and billflow has handled it."""
        events, inbox = self.account.client.v1.events, self.env.engine.repositories.stripe_events

        async def waiting() -> bool:
            undelivered = await events.list_async({"delivery_success": False, "limit": 1})
            return bool(undelivered.data or await inbox.unhandled_events(self.env.org_id, 1))

        while await waiting():  # noqa: ASYNC110  (two servers are asked, and neither tells of it)
            await asyncio.sleep(_LOOK)

    async def our_invoices(self, organization: str) -> list[InvoiceDetail]:
        """Return what billflow billed an organization, the oldest first."""
        queries, org_id = self.env.engine.queries.invoices, self.env.org_id
        wanted = InvoiceFilter(customer_id=self.arrivals[organization].customer_id)
        rows = (await queries.search(org_id, wanted, Paging(limit=PAGE))).rows
        return [await queries.get(org_id, row.invoice_id) for row in reversed(rows)]
