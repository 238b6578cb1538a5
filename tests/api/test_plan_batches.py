"""One command for many plans: a dry run of each first, then each once, and what has changed since is left alone."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text

from billflow.domain.scopes import Scope
from billflow.models.contracts.audit import AuditFilter
from billflow.models.contracts.records import Paging
from billflow.models.contracts.steps import PlanRef
from billflow.store.plans import plan_batches
from billflow.wiring.store import sell_example
from tests.api_environment import ApiEnvironment, until

SWITCH = {"type": "switch_to_annual"}
MONTHLY, ANNUAL = 10 * 800, 10 * 8000


@dataclass(frozen=True)
class Seller:
    """An organization of its own, with a client of the API."""

    env: ApiEnvironment
    org_id: str
    api: httpx.AsyncClient

    async def plan(self, licenses: int = 10) -> dict[str, Any]:
        """Let a new customer buy a plan by card."""
        asked = {"name": "Acme", "email": f"{uuid4().hex[:12]}@acme.example"}
        customer = await self.post("/customers", asked)
        await replace(self.env, org_id=self.org_id).give_card(customer["id"])
        plan = {
            "customer_id": customer["id"],
            "tier": "cloud_standard",
            "schedule": "monthly",
            "license_management": "manual",
            "licenses": licenses,
        }
        started: dict[str, Any] = (await self.post("/plans", plan))["plan"]
        return started

    async def post(self, path: str, body: Any) -> dict[str, Any]:
        """Write something that is taken."""
        answer = await self.api.post(f"/api/v1{path}", json=body)
        return dict(answer.raise_for_status().json())

    async def get(self, path: str, **params: Any) -> dict[str, Any]:
        """Read something."""
        answer = await self.api.get(f"/api/v1{path}", params=params)
        return dict(answer.raise_for_status().json())

    async def refused(self, path: str, body: Any) -> tuple[int, str]:
        """Ask for what is refused, and return the status and code."""
        answer = await self.api.post(f"/api/v1{path}", json=body)
        return answer.status_code, answer.json()["code"]

    async def command(self, plan: dict[str, Any], **command: Any) -> None:
        """Give one plan a command."""
        await self.post(f"/plans/{plan['id']}/commands", command)

    async def batch(self, command: dict[str, Any], **plans: Any) -> dict[str, Any]:
        """Make a batch, and return it when its dry run is over."""
        made = await self.post("/plan-batches", {"command": command, "plans": plans})
        return await self.until(made["id"], "previewed")

    async def until(self, plan_batch_id: str, status: str) -> dict[str, Any]:
        """Wait until a batch stands somewhere, and return it."""

        async def stands() -> bool:
            return bool((await self.get(f"/plan-batches/{plan_batch_id}"))["status"] == status)

        await until(stands)
        return await self.get(f"/plan-batches/{plan_batch_id}")

    async def items(self, plan_batch_id: str, **params: Any) -> dict[str, dict[str, Any]]:
        """Return the plans of a batch by their ids."""
        found = await self.get(f"/plan-batches/{plan_batch_id}/items", **params)
        return {one["plan_id"]: one for one in found["items"]}

    async def commands_taken(self, plan: dict[str, Any]) -> list[str]:
        """Return the keys of the commands that a plan has taken or refused from batches."""
        steps = await self.env.engine.queries.plans.steps(PlanRef(org_id=self.org_id, plan_id=plan["id"]))
        return [step.key for step in steps if "/command/batch/" in step.key]


@pytest.fixture
async def seller(env: ApiEnvironment) -> AsyncIterator[Seller]:
    """Yield an organization that sells the example's catalogue."""
    org_id = await env.engine.repositories.organizations.ensure(f"batches-{uuid4().hex[:8]}")
    await sell_example(env.engine.repositories.catalogs, org_id)
    async with env.client(await env.key(org_id=org_id)) as api:
        yield Seller(env, org_id, api)


@pytest.mark.full
async def test_a_dry_run_says_for_each_plan_what_would_happen_and_changes_nothing(seller: Seller) -> None:
    one, ending = await seller.plan(), await seller.plan()
    await seller.command(ending, type="downgrade_at_end_of_cycle")
    before = [await seller.get(f"/plans/{plan['id']}") for plan in (one, ending)]

    batch = await seller.batch(SWITCH, tier="cloud_standard")

    assert (batch["command"], batch["plans"]["tier"]) == (SWITCH, "cloud_standard")
    assert batch["counts"] == {"waiting": 0, "ready": 1, "refused": 1, "done": 0, "failed": 0}
    assert batch["totals"] == [
        {
            "currency": "USD",
            "plans": 1,
            "billed": 0,
            "next_invoices_before": MONTHLY,
            "next_invoices_after": ANNUAL,
        }
    ]
    items = await seller.items(batch["id"])
    ready, refused = items[one["id"]], items[ending["id"]]
    assert ready["status"] == "ready"
    assert ready["changes"] == [
        {"field": "status", "before": "active", "after": "switch_to_annual_at_end_of_cycle"},
    ]
    assert (ready["next_invoice_before"], ready["next_invoice_after"]) == (MONTHLY, ANNUAL)
    assert (refused["status"], refused["changes"], refused["billed"]) == ("refused", [], None)
    assert refused["code"] == "illegal_transition"
    assert list(await seller.items(batch["id"], status="refused")) == [ending["id"]]
    assert [await seller.get(f"/plans/{plan['id']}") for plan in (one, ending)] == before


async def test_a_confirmed_batch_gives_each_plan_the_command_once_and_leaves_what_has_changed_alone(
    seller: Seller,
) -> None:
    plans = [await seller.plan() for _ in range(3)]
    changed, ended, *_ = plans
    batch = await seller.batch(SWITCH, tier="cloud_standard")
    late = await seller.plan()
    await seller.command(changed, type="set_licenses_at_renewal", licenses=12)
    await seller.command(ended, type="end_now")

    path = f"/plan-batches/{batch['id']}/confirm"
    confirmed = await seller.post(path, {"reason": "annual only from now on"})
    done = await seller.until(batch["id"], "finished")
    again = await seller.post(path, {"reason": "twice"})

    assert (confirmed["reason"], confirmed["counts"]["ready"]) == ("annual only from now on", 3)
    assert (again["status"], again["reason"], again["counts"]) == ("finished", confirmed["reason"], done["counts"])
    assert done["counts"] == {"waiting": 0, "ready": 0, "refused": 2, "done": 1, "failed": 0}
    items = await seller.items(batch["id"])
    assert {plan["id"]: items[plan["id"]]["code"] for plan in plans} == {
        changed["id"]: "plan_changed",
        ended["id"]: "plan_ended",
        plans[2]["id"]: None,
    }
    assert late["id"] not in items
    states = [(await seller.get(f"/plans/{plan['id']}"))["status"] for plan in (*plans, late)]
    assert states == ["active", "ended", "switch_to_annual_at_end_of_cycle", "active"]
    assert [len(await seller.commands_taken(plan)) for plan in (*plans, late)] == [1, 0, 1, 0]
    audit = await seller.env.engine.queries.audit.list(seller.org_id, AuditFilter(subject_id=batch["id"]), Paging())
    assert [(one.action, (one.detail or {}).get("reason")) for one in audit.rows] == [
        ("plan_batch.confirmed", "annual only from now on"),
        ("plan_batch.created", None),
    ]


@pytest.mark.full
async def test_one_key_makes_one_batch(seller: Seller) -> None:
    await seller.plan()
    asked = {"command": SWITCH, "plans": {"tier": "cloud_standard"}}
    headers = {"Idempotency-Key": uuid4().hex}
    answers = [await seller.api.post("/api/v1/plan-batches", json=asked, headers=headers) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [HTTPStatus.ACCEPTED] * 2
    assert answers[0].json()["id"] == answers[1].json()["id"]
    assert (await seller.get("/plan-batches"))["total"] == 1


@pytest.mark.full
async def test_a_batch_is_of_plans_that_are_named_and_not_too_many(
    seller: Seller, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        await seller.plan()
    monkeypatch.setattr(plan_batches, "MOST_PLANS", 1)
    cases = {
        "invalid_input": {"command": SWITCH, "plans": {}},
        "currency_missing": {
            "command": {"type": "add_item", "description": "Set-up", "unit_amount": 100},
            "plans": {"live": True},
        },
        "no_plan_fits": {"command": SWITCH, "plans": {"tier": "cloud_plus"}},
        "too_many_plans": {"command": SWITCH, "plans": {"tier": "cloud_standard"}},
        "unknown_tier": {"command": {"type": "upgrade_tier_now", "tier": "gold"}, "plans": {"live": True}},
    }

    assert {code: await seller.refused("/plan-batches", asked) for code, asked in cases.items()} == {
        code: (HTTPStatus.UNPROCESSABLE_ENTITY, code) for code in cases
    }
    assert (await seller.get("/plan-batches"))["total"] == 0


@pytest.mark.full
async def test_an_old_or_canceled_dry_run_is_not_confirmed(seller: Seller, env: ApiEnvironment) -> None:
    plan = await seller.plan()
    canceled, old = [await seller.batch(SWITCH, tier="cloud_standard") for _ in range(2)]
    reason = {"reason": "because"}
    stopped = await seller.post(f"/plan-batches/{canceled['id']}/cancel", reason)
    past = datetime.now(UTC) - timedelta(hours=25)
    async with env.engine.database.unit_of_work(seller.org_id) as session:
        await session.execute(
            text("UPDATE plan_batch SET previewed_at = :past WHERE id = :id"), {"past": past, "id": old["id"]}
        )

    assert stopped["status"] == "canceled"
    answers = [await seller.refused(f"/plan-batches/{one['id']}/confirm", reason) for one in (canceled, old)]
    assert answers == [(HTTPStatus.CONFLICT, "batch_canceled"), (HTTPStatus.CONFLICT, "dry_run_too_old")]
    assert await seller.commands_taken(plan) == []


@pytest.mark.full
async def test_a_batch_needs_support_and_the_scope_of_its_command(seller: Seller, env: ApiEnvironment) -> None:
    await seller.plan()
    batch = await seller.batch(SWITCH, tier="cloud_standard")
    asked = {"command": SWITCH, "plans": {"tier": "cloud_standard"}}
    async with env.client(await env.key(Scope.READ, Scope.WRITE, org_id=seller.org_id)) as writer:
        made = await writer.post("/api/v1/plan-batches", json=asked)
        confirmed = await writer.post(f"/api/v1/plan-batches/{batch['id']}/confirm", json={"reason": "x"})
        seen = await writer.get(f"/api/v1/plan-batches/{batch['id']}")

    assert [made.status_code, confirmed.status_code] == [HTTPStatus.FORBIDDEN] * 2
    assert seen.json()["status"] == "previewed"
