"""Suspension over the API, on test clocks: it stops charges, never the clock (rules 27)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from billflow.models.contracts.plans import PlanState
from billflow.temporal.ids import plan_workflow_id
from tests.api_environment import ApiEnvironment, until
from tests.customers.fixtures import at

SEATS = 4
PRICE = 800


@dataclass(frozen=True)
class Subscriber:
    """A customer with a monthly plan for four seats that was bought on 15 January 2026, on a clock of its own."""

    api: httpx.AsyncClient
    env: ApiEnvironment
    customer: dict[str, str]
    clock_id: str
    plan_id: str

    async def advance(self, to: str) -> None:
        """Move the clock, and wait until all that is due was done."""
        answer = await self.api.post(f"/api/v1/test-clocks/{self.clock_id}/advance", json={"to": f"{to}T00:00:00Z"})
        assert answer.status_code == 200, answer.text

    async def turn(self, turn: str) -> None:
        """Suspend or activate the customer."""
        answer = await self.api.post(at(self.customer, turn))
        assert answer.status_code == 200, answer.text

    async def plan(self) -> dict[str, Any]:
        """Return the plan as the records know it."""
        return dict((await self.api.get(f"/api/v1/plans/{self.plan_id}")).json())

    async def access(self) -> dict[str, Any]:
        """Return what the customer may do now."""
        return dict((await self.api.get(at(self.customer, "access"))).json())

    async def receives(self, *, suspended: bool) -> None:
        """Wait until the plan's workflow knows whether the customer is suspended, and billing has resumed."""
        handle = self.env.engine.client.get_workflow_handle(plan_workflow_id(self.plan_id))

        async def knows() -> bool:
            state = await handle.query("state", result_type=PlanState)
            return state.suspended == suspended and not state.resume_due

        await until(knows)

    async def back(self) -> None:
        """Activate the customer, and wait until billing has resumed and its invoice is paid."""
        await self.turn("activate")
        await self.receives(suspended=False)
        await self.advance((await self.access())["at"][:10])

    async def billed(self) -> list[tuple[str, int, str, Sequence[str]]]:
        """Return when each invoice was made, its total and status, and where its lines' periods begin."""
        params = {"plan_id": self.plan_id, "limit": "100"}
        rows = (await self.api.get("/api/v1/invoices", params=params)).json()["invoices"]
        found = [(await self.api.get(f"/api/v1/invoices/{row['id']}")).json() for row in reversed(rows)]
        return [
            (
                row["issued_at"][:10],
                row["total"],
                row["status"],
                [f"{line['period_start'][:10]}/{line['period_end'][:10]}" for line in row["lines"]],
            )
            for row in found
        ]


async def subscribed(api: httpx.AsyncClient, env: ApiEnvironment) -> Subscriber:
    customer = {"id": (await env.customer()).customer_id}
    clock = (await api.post("/api/v1/test-clocks", json={"now_at": "2026-01-15T00:00:00Z"})).json()
    asked = {"license_management": "manual", "licenses": SEATS, "tier": "cloud_standard", "schedule": "monthly"}
    started = await api.post(
        "/api/v1/plans", json={**asked, "customer_id": customer["id"], "test_clock_id": clock["id"]}
    )
    assert started.status_code == 201, started.text
    return Subscriber(api, env, customer, clock["id"], started.json()["plan"]["id"])


PURCHASE = ("2026-01-15", SEATS * PRICE, "paid", ["2026-01-15/2026-02-15"])


async def test_a_customer_suspended_over_renewals_pays_from_the_day_it_is_back(
    api: httpx.AsyncClient, env: ApiEnvironment
) -> None:
    subscriber = await subscribed(api, env)
    await subscriber.advance("2026-01-20")
    await subscriber.turn("suspend")

    await subscriber.advance("2026-04-03")
    during = await subscriber.billed()
    await subscriber.back()
    await subscriber.advance("2026-05-04")

    assert during == [PURCHASE]
    assert await subscriber.billed() == [
        PURCHASE,
        ("2026-04-03", SEATS * PRICE, "paid", ["2026-04-03/2026-05-03"]),
        ("2026-05-03", SEATS * PRICE, "paid", ["2026-05-03/2026-06-03"]),
    ]
    assert (await subscriber.plan())["billing_cycle_anchor"] == "2026-04-03T00:00:00Z"


@pytest.mark.full
async def test_a_customer_back_within_the_paid_period_keeps_its_old_grid(
    api: httpx.AsyncClient, env: ApiEnvironment
) -> None:
    subscriber = await subscribed(api, env)
    await subscriber.turn("suspend")
    await subscriber.advance("2026-02-10")
    await subscriber.back()

    await subscriber.advance("2026-02-16")

    assert await subscriber.billed() == [PURCHASE, ("2026-02-15", SEATS * PRICE, "paid", ["2026-02-15/2026-03-15"])]
    assert (await subscriber.plan())["billing_cycle_anchor"] == "2026-01-15T00:00:00Z"


@pytest.mark.full
async def test_a_suspension_counts_from_the_time_of_the_customers_clock(
    api: httpx.AsyncClient, env: ApiEnvironment
) -> None:
    subscriber = await subscribed(api, env)

    suspended = (await api.post(at(subscriber.customer, "suspend"))).json()
    activated = (await api.post(at(subscriber.customer, "activate"))).json()

    assert suspended["suspended_at"] == activated["activated_at"] == "2026-01-15T00:00:00Z"


async def test_the_answer_to_what_a_customer_may_do_changes_at_once(
    api: httpx.AsyncClient, env: ApiEnvironment
) -> None:
    subscriber = await subscribed(api, env)

    open_ = await subscriber.access()
    await subscriber.turn("suspend")
    shut = await subscriber.access()
    await subscriber.turn("activate")
    again = await subscriber.access()

    assert (open_["can_send_messages"], shut["can_send_messages"], again["can_send_messages"]) == (True, False, True)
    assert (open_["features"], shut["features"]) == (again["features"], [])


@pytest.mark.full
async def test_a_live_plan_receives_events_of_a_suspension_and_of_its_end(
    api: httpx.AsyncClient, env: ApiEnvironment
) -> None:
    subscriber = await subscribed(api, env)

    await subscriber.turn("suspend")
    await subscriber.receives(suspended=True)
    await subscriber.turn("activate")
    await subscriber.receives(suspended=False)

    assert not (await subscriber.plan())["suspended"]


@pytest.mark.full
async def test_an_endless_back_and_forth_charges_nothing_twice(api: httpx.AsyncClient, env: ApiEnvironment) -> None:
    subscriber = await subscribed(api, env)
    for day in ("2026-01-18", "2026-01-25", "2026-02-02"):
        await subscriber.turn("suspend")
        await subscriber.advance(day)
        await subscriber.back()

    await subscriber.advance("2026-02-15")

    assert [total for _, total, _, _ in await subscriber.billed()] == [SEATS * PRICE, SEATS * PRICE]
