"""A plan on a test clock over HTTP, what the dashboard of Stripe does to it, and what both sides then say."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import stripe

from billflow.models.contracts.reconciliation import ReconciliationInput, ReconciliationReport, ReconciliationScope
from billflow.payments.sandbox import DECLINING_CARD, GOOD_CARD
from billflow.temporal.workflow_starts import reconciliation_workflow
from tests.api_environment import ApiEnvironment, until
from tests.customers.fixtures import Json, at, created

BEGIN, RENEWAL = "2027-01-10T10:00:00Z", "2027-02-10T10:00:00Z"
PRICE = 2400
MANUAL = {"tier": "cloud_standard", "schedule": "monthly", "license_management": "manual", "licenses": 3}
EVERYTHING = ReconciliationScope(grace_minutes=0)


@dataclass(frozen=True)
class Subscription:
    """Three licenses of Cloud Standard, USD 24 a month, from `BEGIN` on."""

    api: httpx.AsyncClient
    env: ApiEnvironment
    customer: Json
    clock: str

    @property
    def stripe(self) -> stripe.StripeClient:
        """Return a client of the account at Stripe, with which the dashboard can be played."""
        return self.env.engine.stripe

    async def advance(self, to: str) -> None:
        """Move the clock forward."""
        answer = await self.api.post(f"/api/v1/test-clocks/{self.clock}/advance", json={"to": to})
        assert answer.status_code == 200, answer.text

    async def invoices(self) -> list[Json]:
        """Return the invoices with their details, the oldest first."""
        page = (await self.api.get("/api/v1/invoices", params={"customer_id": self.customer["id"]})).json()
        shown = [(await self.api.get(f"/api/v1/invoices/{one['id']}")).json() for one in page["invoices"]]
        return sorted(shown, key=lambda one: str(one["issued_at"]))

    async def last(self) -> Json:
        """Return the newest invoice."""
        return (await self.invoices())[-1]

    async def grant(self, amount: int) -> None:
        """Grant a credit."""
        answer = await self.api.post(at(self.customer, "credits"), json={"amount": amount, "reason": "sorry"})
        assert answer.status_code == 201, answer.text

    async def credit(self) -> int:
        """Return what is left of the credits by our rows."""
        balance = (await self.api.get(at(self.customer, "credits"))).json()["balance"]
        return sum(one["amount"] for one in balance)

    async def status(self) -> str:
        """Return the customer's status."""
        return str((await self.api.get(at(self.customer))).json()["status"])

    async def stripe_id(self) -> str | None:
        """Return the id of the customer at Stripe."""
        known = await self.env.engine.queries.customers.get(self.env.org_id, self.customer["id"])
        return known.billing_account.stripe_customer_id

    async def held(self) -> list[Json]:
        """Return every invoice at Stripe that is marked as one of this customer, the oldest first."""
        objects = (await self.env.control("GET", "/state?kind=invoice"))["objects"]
        mark = {"billflow_customer": self.customer["id"]}.items()
        return [one for one in objects if mark <= one["metadata"].items()]

    async def paid_at_stripe(self) -> int:
        """Return what was charged at Stripe, less what was given back."""
        charges = (await self.env.control("GET", "/state?kind=charge"))["objects"]
        invoices = {one["customer"] for one in await self.held()}
        return sum(
            one["amount"] - one["amount_refunded"]
            for one in charges
            if one["customer"] in invoices and one["status"] == "succeeded"
        )

    async def balance_at_stripe(self) -> int:
        """Return what the customer has in credit at Stripe."""
        return -((await self.stripe.v1.customers.retrieve_async(await self.stripe_id() or "")).balance or 0)

    async def delete_customer(self, *, noticed: bool = True) -> str:
        """Delete the customer in the dashboard; with *noticed* wait until the records know."""
        deleted_id = await self.stripe_id()
        assert deleted_id is not None
        await self.stripe.v1.customers.delete_async(deleted_id)
        if noticed:
            await until(lambda: self._differs(deleted_id))
        return deleted_id

    async def _differs(self, deleted_id: str) -> bool:
        return await self.stripe_id() != deleted_id

    async def until_last(self, **wanted: Any) -> Json:
        """Wait until the newest invoice says so, and return it; of an open one it is known then what comes next.

        Reconciliation passes over an invoice that changes after it has begun.
        """
        found: list[Json] = []

        async def says_so() -> bool:
            found[:] = [await self.last()]
            at_rest = found[0]["status"] != "open" or found[0]["next_action"] is not None
            return at_rest and {name: found[0].get(name) for name in wanted} == wanted

        await until(says_so)
        return found[0]

    async def until_issued_anew(self, before: Json) -> Json:
        """Wait until the newest invoice was issued anew and tried to be collected, and return it."""
        found: list[Json] = []

        async def is_anew() -> bool:
            found[:] = [await self.last()]
            tried = found[0]["last_outcome"] is not None or found[0]["status"] == "paid"
            return tried and found[0]["stripe_invoice_id"] not in (None, before["stripe_invoice_id"])

        await until(is_anew)
        return found[0]

    async def enter_card(self) -> None:
        """Enter a card on the page that a link leads to."""
        asked = {"return_url": "https://acme.example/back"}
        link = await self.api.post(at(self.customer, "card-link"), json=asked)
        assert link.status_code in (200, 201), link.text
        session = str(link.json()["url"]).rpartition("/")[2]
        await self.env.control("POST", f"/checkout/{session}/complete", payment_method=GOOD_CARD)

    async def reconcile(self, *, repair: bool = False) -> ReconciliationReport:
        """Compare everything of the organization."""
        run = ReconciliationInput(org_id=self.env.org_id, repair=repair, scope=EVERYTHING)
        run_id = await self.env.engine.control.run(reconciliation_workflow(run, datetime.now(UTC)))
        return await self.env.engine.repositories.reconciliation.report(self.env.org_id, run_id)

    async def check_nothing_differs(self) -> None:
        """Check that reconciliation finds nothing, and that Stripe has in credit what the rows say."""
        assert [finding.message for finding in (await self.reconcile()).findings] == []
        if await self.stripe_id() is not None:
            assert await self.balance_at_stripe() == await self.credit()


async def subscribed(
    api: httpx.AsyncClient, env: ApiEnvironment, *, card: str | None = GOOD_CARD, credit: int = 0, **asked: object
) -> Subscription:
    """Buy a plan at `BEGIN`."""
    customer = await created(api)
    if card is not None:
        await env.give_card(customer["id"], card)
    clock = (await api.post("/api/v1/test-clocks", json={"now_at": BEGIN})).json()["id"]
    made = Subscription(api, env, customer, clock)
    if credit:
        await made.grant(credit)
    body = {**MANUAL, "customer_id": customer["id"], "test_clock_id": clock, **asked}
    answer = await api.post("/api/v1/plans", json=body)
    assert answer.status_code == 201, answer.text
    return made


async def debtor(api: httpx.AsyncClient, env: ApiEnvironment, *, credit: int = 0) -> Subscription:
    """Buy a plan at `BEGIN`, and renew it on a card that does not pay."""
    made = await subscribed(api, env)
    if credit:
        await made.grant(credit)
    await env.give_card(made.customer["id"], DECLINING_CARD)
    await made.advance(RENEWAL)
    await made.until_last(status="open")
    return made


@asynccontextmanager
async def no_webhooks(env: ApiEnvironment) -> AsyncIterator[None]:
    """Lose every event on its way."""
    await env.control("POST", "/faults", webhooks=[{"fault": "drop"}])
    yield
    await env.control("DELETE", "/faults")
