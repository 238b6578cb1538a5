"""What the chapters of the story share: who moves, the account they move from, and where they arrive."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from billflow.demo.migration.old_account import OldAccount
from billflow.demo.migration.old_plans import OldPlan
from billflow.demo.migration.telling import Telling
from billflow.demo.migration.typed import Typist
from billflow.demo.scenario_run import DemoEnvironment
from billflow.demo.seats_csv import Organization
from billflow.models.contracts.records import InvoiceDetail, InvoiceFilter, Paging

PAGE = 100


@dataclass(frozen=True, slots=True)
class Arrival:
    """An organization's customer and plan here."""

    customer_id: str
    plan_id: str


@dataclass
class Scene:
    """The old account and billflow side by side, each with a test clock of its own."""

    owners: Sequence[tuple[OldPlan, Organization]]
    account: OldAccount
    env: DemoEnvironment
    typist: Typist
    telling: Telling
    clock: str = ""
    arrivals: dict[str, Arrival] = field(default_factory=dict)

    async def advance(self, to: datetime) -> None:
        """Let the time pass at both systems: first where money is collected already."""
        await self.account.advance(to)
        await self.env.engine.clocks.advance(self.env.org_id, self.clock, to)

    async def our_invoices(self, organization: str) -> list[InvoiceDetail]:
        """Return what billflow billed an organization, the oldest first."""
        queries, org_id = self.env.engine.queries.invoices, self.env.org_id
        wanted = InvoiceFilter(customer_id=self.arrivals[organization].customer_id)
        rows = (await queries.search(org_id, wanted, Paging(limit=PAGE))).rows
        return [await queries.get(org_id, row.invoice_id) for row in reversed(rows)]
