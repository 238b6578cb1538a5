"""One customer whose subscription at the emulator is imported, to run in parallel and to be cut over."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import stripe

from tests.api_environment import API_KEY, ApiEnvironment, until
from tests.cutovers.old_and_new import BEGIN, RENEWAL, subscribed
from tests.imports.openings import Json, opening, with_plan
from tests.imports.test_import import a_clock, advance, imported, lines_of
from tests.stripe_emulator.clients import client_for
from tests.stripe_emulator.test_clocks import advance as advance_stripe

IMPORTED = "2026-01-15T12:00:00Z"


@dataclass(frozen=True)
class Moving:
    """A plan here and its subscription there, each with a clock of its own."""

    env: ApiEnvironment
    api: httpx.AsyncClient
    client: stripe.StripeClient
    subscription: str
    stripe_clock: str
    clock: str
    customer: str
    plan: str

    async def command(self, kind: str, **fields: Any) -> httpx.Response:
        """Give the plan a command."""
        return await self.api.post(f"/api/v1/plans/{self.plan}/commands", json={"type": kind, **fields})

    async def begin(self, **fields: Any) -> Json:
        """Begin the cutover, whatever the invoices compare to, and return the plan."""
        answer = await self.command("begin_cutover", include_different=True, **fields)
        assert answer.status_code == 200, answer.text
        return dict(answer.json()["plan"])

    async def shown(self) -> Json:
        """Return the plan as it stands."""
        return dict((await self.api.get(f"/api/v1/plans/{self.plan}")).json())

    def old(self) -> stripe.Subscription:
        """Return the subscription as it stands."""
        return self.client.v1.subscriptions.retrieve(self.subscription)

    def let_stripe_live(self, day: str) -> None:
        """Move Stripe's clock to a day."""
        to = int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp())
        advance_stripe(self.client, self.stripe_clock, to)

    async def live(self, day: str) -> None:
        """Move the plan's clock to a day, and wait until the plan has got there, or waits for something."""
        await advance(self.api, self.clock, f"{day}T00:00:00Z")

        async def there() -> bool:
            plan = await self.shown()
            return plan["attention"] is not None or plan["next_invoice_date"] > f"{day}T00:00:00Z"

        await until(there)

    async def billed(self) -> list[str]:
        """Return the beginnings of the periods that billflow has billed."""
        return [line[3] for line in await lines_of(self.api, self.customer)]

    def billed_by_stripe(self) -> list[str]:
        """Return the beginnings of the periods that the old subscription has billed since it was imported."""
        listed = self.client.v1.invoices.list({"subscription": self.subscription, "limit": 100}).data
        starts = [datetime.fromtimestamp(line.period.start, UTC) for one in listed for line in one.lines.data]
        return sorted(f"{start:%Y-%m-%d}" for start in starts if start != BEGIN)

    async def events(self) -> list[str]:
        """Return the types of the events about the plan, the oldest first."""
        found = (await self.api.get("/api/v1/events", params={"plan_id": self.plan, "limit": 100})).json()["events"]
        return [one["type"] for one in found][::-1]


async def moving_in(env: ApiEnvironment, api: httpx.AsyncClient, clock: str | None = None) -> Moving:
    """Import a subscription into a parallel run, on a test clock that stands a few hours after its beginning."""
    client = client_for(env.stripe_url, API_KEY, checked=False, retries=2)  # one rests while clocks move
    subscription, stripe_clock = subscribed(client)
    clock = clock or await a_clock(api, IMPORTED)
    payer = str(client.v1.subscriptions.retrieve(subscription).customer)
    terms = {"period_start": BEGIN.isoformat(), "period_end": RENEWAL.isoformat(), "price_per_license": 700}
    bundle = with_plan(opening(stripe_customer_id=payer), external_id=subscription, **terms)
    customer, plan = await imported(api, bundle, test_clock_id=clock, parallel_run=True)
    return Moving(env, api, client, subscription, stripe_clock, clock, customer["id"], plan["id"])
