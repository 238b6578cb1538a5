"""An organization that sells what it applied, for tests of catalogues over HTTP."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import httpx
import stripe

from tests.api_environment import ApiEnvironment, until

BEGIN = datetime(2026, 1, 15, 9, 30, tzinfo=UTC)
TEAM = {
    "name": "Team",
    "description": "For small teams.",
    "minimum_licenses": 2,
    "maximum_licenses": 50,
    "trial_days": 14,
    "features": ["projects"],
    "roles": ["default_trial"],
    "seats": {"count": "weights", "guest_weight": 25},
    "prices": {"EUR": {"monthly": 900, "quarterly": 2500}},
}
BUSINESS = {"name": "Business", "seats": {"count": "users"}, "prices": {"EUR": {"quarterly": 5000}}}
JSON = dict[str, Any]


@dataclass(frozen=True)
class Shop:
    """An organization that sells what it applied, and a caller of its API."""

    env: ApiEnvironment
    api: httpx.AsyncClient

    async def asked(self, method: str, path: str, **body: object) -> JSON:
        """Return what the API answers, which refuses nothing."""
        answer = await self.api.request(method, f"/api/v1{path}", json=body or None)
        assert answer.is_success, answer.text
        return dict(answer.json()) if answer.content else {}

    async def at_stripe(self, invoice: JSON) -> stripe.Invoice:
        """Return what Stripe holds of an invoice."""
        return await self.env.engine.gateway.client.v1.invoices.retrieve_async(invoice["stripe_invoice_id"])

    async def until_void_at_stripe(self, invoice: JSON) -> None:
        """Wait until Stripe has carried out that an invoice is void."""

        async def is_void() -> bool:
            return (await self.at_stripe(invoice)).status == "void"

        await until(is_void)

    async def sells(self, **tiers: JSON) -> JSON:
        """Apply a catalogue."""
        return await self.asked("PUT", "/catalog", tier=tiers)

    async def refused(self, **tiers: JSON) -> JSON:
        """Return why a catalogue is not applied."""
        answer = await self.api.put("/api/v1/catalog", json={"tier": tiers})
        assert answer.status_code in (409, 422), answer.text
        return dict(answer.json())

    async def customer(self, members: int, guests: int) -> tuple[str, str]:
        """Create a customer with a card and so many people; return its id and that of a test clock at `BEGIN`."""
        made = await self.asked(
            "POST",
            "/customers",
            name="Muster GmbH",
            email=f"{secrets.token_hex(6)}@muster.example",
            default_currency="EUR",
        )
        await self.env.give_card(made["id"])
        await self.report(made["id"], made["deployment_id"], BEGIN, members, guests)
        clock = await self.asked("POST", "/test-clocks", now_at=BEGIN.isoformat())
        return made["id"], clock["id"]

    async def report(self, customer_id: str, deployment: str, at: datetime, members: int, guests: int) -> None:
        """Report the people of a deployment."""
        seen = {"observed_at": at.isoformat(), "members": members, "guests": guests}
        answer = await self.api.post(f"/api/v1/deployments/{deployment}/seats", json=[seen])
        assert answer.is_success, answer.text

    async def plan(self, customer_id: str, clock_id: str, **asked: object) -> JSON:
        """Start a plan of the tier, by the quarter unless said otherwise."""
        wanted = {
            "customer_id": customer_id,
            "test_clock_id": clock_id,
            "tier": "team",
            "schedule": "quarterly",
            **asked,
        }
        return dict((await self.asked("POST", "/plans", **wanted))["plan"])


@asynccontextmanager
async def opened(env: ApiEnvironment) -> AsyncIterator[Shop]:
    """Yield an organization that sells nothing yet."""
    org_id = await env.engine.repositories.organizations.ensure(f"shop-{secrets.token_hex(6)}")
    ours = replace(env, org_id=org_id)
    async with ours.client(await ours.key()) as api:
        yield Shop(ours, api)
