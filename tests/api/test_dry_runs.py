"""Dry runs over HTTP: begun once, carried out in the background, read by the page, and gone when their time is over."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text

from billflow.activities import dry_run as activities
from billflow.domain.scopes import Scope
from billflow.models.contracts.audit import AuditFilter
from billflow.models.contracts.dry_run import AT_ONCE, DryRunRef
from billflow.models.contracts.records import Paging
from billflow.store.plans import dry_run_facts
from billflow.wiring.store import sell_example
from tests.api.test_plan_batches import Seller
from tests.api_environment import ApiEnvironment, until

TIER = "cloud_standard"
DEARER = 2


@dataclass(frozen=True)
class Trier(Seller):
    """An organization of its own that tries changes."""

    async def dearer(self) -> dict[str, Any]:
        """Return what is sold, at twice the price."""
        sold = await self.get("/catalog")
        tiers = {code: {k: v for k, v in known.items() if k != "code"} for code, known in sold["tier"].items()}
        prices = tiers[TIER]["prices"]["USD"]
        tiers[TIER]["prices"]["USD"] = {schedule: DEARER * price for schedule, price in prices.items()}
        return {"tier": tiers, "add_on": sold["add_on"]}

    async def tried(self, **asked: Any) -> dict[str, Any]:
        """Ask for a dry run, and return it when it is over."""
        return await self.over((await self.post("/dry-runs", asked))["id"])

    async def sent(self) -> dict[str, Any]:
        """Return a plan whose purchase is sent and not paid, once a reminder is due."""
        customer = await self.post("/customers", {"name": "Acme", "email": f"{uuid4().hex[:12]}@acme.example"})
        asked = {"tier": TIER, "schedule": "annual", "license_management": "manual", "licenses": 10}
        by_invoice = {"customer_id": customer["id"], "collection_method": "send_invoice"}
        plan: dict[str, Any] = (await self.post("/plans", asked | by_invoice))["plan"]

        async def is_sent() -> bool:
            found = await self.get("/invoices", plan_id=plan["id"], status="open")
            return any(one["next_action"] == "remind" for one in found["invoices"])

        await until(is_sent)
        return plan

    async def over(self, dry_run_id: str) -> dict[str, Any]:
        """Wait until a dry run is over, and return it."""

        async def stands() -> bool:
            return (await self.get(f"/dry-runs/{dry_run_id}"))["status"] not in ("reading", "billing")

        await until(stands)
        return await self.get(f"/dry-runs/{dry_run_id}")

    async def text(self, path: str) -> httpx.Response:
        """Read a file."""
        return (await self.api.get(f"/api/v1{path}")).raise_for_status()

    async def field(self, **asked: Any) -> tuple[int, str, str | None]:
        """Ask for what is refused, and return status, code and field."""
        answer = await self.api.post("/api/v1/dry-runs", json=asked)
        [first, *_] = answer.json()["errors"] or [{"field": None}]
        return answer.status_code, answer.json()["code"], first["field"]


@pytest.fixture
async def seller(env: ApiEnvironment) -> AsyncIterator[Trier]:
    org_id = await env.engine.repositories.organizations.ensure(f"dry-{uuid4().hex[:8]}")
    await sell_example(env.engine.repositories.catalogs, org_id)
    own = replace(env, org_id=org_id)
    async with env.client(await own.key(Scope.READ, Scope.WRITE, Scope.SUPPORT)) as api:
        yield Trier(env, org_id, api)


@pytest.mark.full
async def test_a_change_is_tried_on_every_plan_and_found_by_the_page(
    seller: Trier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dry_run_facts, "CHUNK_PLANS", 2)
    plans = {(await seller.plan())["id"] for _ in range(3)}
    monthly = (await seller.get("/catalog"))["tier"][TIER]["prices"]["USD"]["monthly"]
    until_at = (datetime.now(UTC) + timedelta(days=100)).isoformat()
    reprice = {"tier": TIER, "starts_at": "2026-01-01T00:00:00Z"}

    run = await seller.tried(catalog=await seller.dearer(), reprice=reprice, until=until_at)

    found = run["result"]
    extra = 10 * monthly * (DEARER - 1)
    assert (run["status"], run["plans"], run["plans_done"]) == ("finished", 3, 3)
    assert run["changes"] == ["catalog", "reprice"]
    assert (found["plans"], found["different"], found["on_hold"]) == (3, 3, [])
    assert [(one["cause"], one["plans"], one["differences"]) for one in found["causes"]] == [
        ("price", 3, {"USD": 3 * 3 * extra})
    ]
    assert sum(one["difference"] for one in found["totals"]) == 3 * 3 * extra
    first = await seller.get(f"/dry-runs/{run['id']}/plans", limit=2)
    second = await seller.get(f"/dry-runs/{run['id']}/plans", limit=2, after=first["next"])
    assert (first["total"], len(first["plans"]), len(second["plans"]), second["next"]) == (3, 2, 1, None)
    assert {one["plan_id"] for one in first["plans"] + second["plans"]} == plans
    [line, *_] = first["plans"][0]["invoices"][0]["lines"]
    assert (line["before"], line["after"], line["causes"]) == (10 * monthly, 10 * DEARER * monthly, {"price": extra})
    lines = (await seller.text(f"/dry-runs/{run['id']}/lines.csv")).text.splitlines()
    assert (lines[0].split(",")[0], len(lines)) == ("plan", 1 + 3 * 3)
    report = await seller.text(f"/dry-runs/{run['id']}/report.html")
    assert report.headers["content-type"].startswith("text/html")
    assert "sandbox" in report.headers["content-security-policy"]
    assert all(plan in report.text for plan in plans)
    assert {(await seller.get(f"/plans/{plan}"))["price_per_license"] for plan in plans} == {monthly}
    bad = await seller.api.get(f"/api/v1/dry-runs/{run['id']}/plans", params={"after": "eA=="})
    assert (bad.status_code, bad.json()["code"]) == (HTTPStatus.UNPROCESSABLE_ENTITY, "bad_cursor")


@pytest.mark.full
async def test_a_dunning_policy_is_tried_on_what_is_open(seller: Trier) -> None:
    plan = await seller.sent()

    run = await seller.tried(dunning={"reminder_days": [1]})

    debts = run["result"]["debts"]
    assert run["result"]["different"] == 0
    assert (debts["debts"], debts["different"]) == (1, 1)
    assert [(one["action"], one["before"], one["after"]) for one in debts["actions"]] == [("remind", 2, 1)]
    assert [(one["cause"], one["debts"]) for one in debts["causes"]] == [("reminders", 1)]
    [debt] = (await seller.get(f"/dry-runs/{run['id']}/debts"))["debts"]
    assert (debt["plan_id"], [one["action"] for one in debt["after"]]) == (plan["id"], ["remind"])
    assert debts["amounts"] == {"USD": debt["amount"]}
    rows = (await seller.text(f"/dry-runs/{run['id']}/debts.csv")).text.splitlines()
    assert [line.split(",")[0] for line in rows] == ["invoice", debt["invoice_id"]]
    assert "Unpaid invoices" in (await seller.text(f"/dry-runs/{run['id']}/report.html")).text


async def test_what_could_not_be_applied_is_refused_and_names_the_field(seller: Trier) -> None:
    missing = await seller.dearer()
    missing["tier"][TIER]["prices"] = {"USD": {"monthly": -1}}
    past, far = "2024-01-01T00:00:00Z", "2100-01-01T00:00:00Z"
    reprice = {"tier": "none", "starts_at": far}

    found = {
        "until": await seller.field(until=past),
        "far": await seller.field(until=far),
        "catalog": await seller.field(catalog=missing),
        "version": await seller.field(catalog_version=99),
        "both": await seller.field(catalog_version=1, catalog=await seller.dearer()),
        "reprice": await seller.field(reprice=reprice),
        "dunning": await seller.field(dunning={"retry_after_days": [3, 1]}),
        "only": await seller.field(only={"customer": "x"}),
        "plan": await seller.field(only={"plan_id": "x"}),
        "customer": await seller.field(only={"customer_id": str(uuid4())}),
        "clock": await seller.field(only={"test_clock_id": str(uuid4())}),
        "unknown": await seller.field(wheel="billflow.whl"),
    }

    assert {name: field for name, (_, _, field) in found.items()} == {
        "until": "until",
        "far": "until",
        "catalog": f"catalog.tier.{TIER}.prices.USD.monthly",
        "version": "catalog_version.version",
        "both": "catalog_version",
        "reprice": "reprice.tier",
        "dunning": "dunning.retry_after_days",
        "only": "only.customer",
        "plan": "only.plan_id",
        "customer": "only.customer_id",
        "clock": "only.test_clock_id",
        "unknown": "wheel",
    }
    assert (await seller.get("/dry-runs"))["total"] == 0


async def test_a_key_counts_once_and_who_may_only_read_begins_none(seller: Trier) -> None:
    asked, headers = {"only": {"tier": TIER}}, {"Idempotency-Key": uuid4().hex}
    first, again = [await seller.api.post("/api/v1/dry-runs", json=asked, headers=headers) for _ in range(2)]
    own = replace(seller.env, org_id=seller.org_id)
    async with seller.env.client(await own.key(Scope.READ, Scope.WRITE)) as reader:
        refused = await reader.post("/api/v1/dry-runs", json=asked)
        seen = await reader.get(f"/api/v1/dry-runs/{first.json()['id']}")
    run = await seller.over(first.json()["id"])
    wanted = AuditFilter(subject_id=run["id"])
    entries = (await seller.env.engine.queries.audit.list(seller.org_id, wanted, Paging())).rows

    assert (first.status_code, first.json()["id"]) == (HTTPStatus.ACCEPTED, again.json()["id"])
    assert (refused.status_code, refused.json()["code"]) == (HTTPStatus.FORBIDDEN, "scope_missing")
    assert seen.status_code == HTTPStatus.OK
    assert [one.action for one in entries] == ["dry_run.created"]


async def test_no_more_go_on_at_once_than_may_and_one_can_be_stopped(
    seller: Trier, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing(*_: object) -> None:
        """Let none of them go on."""

    monkeypatch.setattr(type(seller.env.engine.control), "start", nothing)
    made = [await seller.post("/dry-runs", {}) for _ in range(AT_ONCE)]
    busy = await seller.refused("/dry-runs", {})
    early = await seller.api.get(f"/api/v1/dry-runs/{made[0]['id']}/report.html")
    stopped = await seller.post(f"/dry-runs/{made[0]['id']}/cancel", {"reason": "typed wrong"})
    again = await seller.post(f"/dry-runs/{made[0]['id']}/cancel", {})
    following = await seller.post("/dry-runs", {})

    assert busy == (HTTPStatus.CONFLICT, "too_many_dry_runs")
    assert (early.status_code, early.json()["code"]) == (HTTPStatus.CONFLICT, "dry_run_not_finished")
    assert stopped["status"] == again["status"] == "canceled"
    assert stopped["finished_at"] == again["finished_at"]
    assert following["status"] == "reading"


@pytest.mark.full
async def test_what_a_dead_worker_left_is_gone_on_with_file_by_file(
    seller: Trier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dry_run_facts, "CHUNK_PLANS", 1)
    monkeypatch.setattr(activities, "FILES", 1)
    for _ in range(3):
        await seller.plan()
    billed: list[int] = []
    compared = activities._compared

    async def once_broken(process: Any, chunk: Any, work: Any, folder: Any) -> bytes:
        billed.append(chunk.position)
        if billed == [0, 1]:
            raise ConnectionError("the worker died")
        return await compared(process, chunk, work, folder)

    monkeypatch.setattr(activities, "_compared", once_broken)
    run = await seller.tried()

    assert billed == [0, 1, 1, 2]
    assert (run["status"], run["plans_done"], run["result"]["plans"]) == ("finished", 3, 3)


@pytest.mark.full
async def test_one_that_fails_again_and_again_says_so_and_keeps_no_facts(
    seller: Trier, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> bytes:
        raise ZeroDivisionError

    monkeypatch.setattr(activities, "_compared", broken)
    await seller.plan()
    run = await seller.tried()

    assert (run["status"], run["code"], run["result"]) == ("failed", "internal_error", None)
    assert await kept(seller, run["id"]) == (1, 0, 0)


@pytest.mark.full
async def test_facts_are_kept_no_longer_than_needed_and_results_until_they_are_pruned(
    seller: Trier, env: ApiEnvironment
) -> None:
    await seller.plan()
    run = await seller.tried()
    assert await kept(seller, run["id"]) == (1, 0, 1)
    before = await env.engine.retention.prune(seller.org_id)
    async with env.engine.database.unit_of_work(seller.org_id) as session:
        await session.execute(text("UPDATE dry_run SET kept_until = now() - interval '1 minute'"))
    after = await env.engine.retention.prune(seller.org_id)

    assert (before["dry_runs"], after["dry_runs"]) == (0, 1)
    assert (await seller.get("/dry-runs"))["total"] == 0
    assert await kept(seller, run["id"]) == (0, 0, 0)


async def kept(seller: Trier, dry_run_id: str) -> tuple[int, int, int]:
    """Return how many files a dry run has, and how many facts and results are kept of them."""
    query = text("SELECT count(*), count(facts), count(result) FROM dry_run_chunk WHERE dry_run_id = :run")
    async with seller.env.engine.database.unit_of_work(seller.org_id) as session:
        found = (await session.execute(query, {"run": dry_run_id})).one()
        return (found[0], found[1], found[2])


async def test_another_organizations_dry_run_is_not_found(seller: Trier, api: httpx.AsyncClient) -> None:
    run = await seller.tried()
    paths = ("", "/plans", "/debts", "/lines.csv", "/debts.csv", "/report.html")
    answers = [await api.get(f"/api/v1/dry-runs/{run['id']}{path}") for path in paths]
    answers.append(await api.post(f"/api/v1/dry-runs/{run['id']}/cancel", json={}))

    assert {answer.status_code for answer in answers} == {HTTPStatus.NOT_FOUND}


@pytest.mark.full
async def test_a_dry_run_whose_workflow_is_lost_is_found_by_a_recovery(
    seller: Trier, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing(*_: object) -> None:
        """Start no workflow."""

    monkeypatch.setattr(type(seller.env.engine.control), "start", nothing)
    made = await seller.post("/dry-runs", {})
    found = await seller.env.engine.queries.recovery.dry_runs(seller.org_id, None)

    assert [ref for _, ref in found] == [DryRunRef(org_id=seller.org_id, dry_run_id=made["id"])]
