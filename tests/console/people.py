"""People who are signed in to the console, and a customer for them to look at."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http.cookies import SimpleCookie
from typing import Any
from uuid import uuid4

import httpx
import pytest

from billflow.console.security import COOKIE
from billflow.domain.reconciliation import Finding, FindingKind, Repair, Severity
from billflow.domain.scopes import Scope
from billflow.models.contracts.console import ConsoleRole, NewConsoleSession, SessionToken
from billflow.models.contracts.customers import ChangeContext
from billflow.models.contracts.reconciliation import ReconciliationInput, RunRef
from billflow.pages.confirmations import CONFIRMED_AS
from tests.api_environment import ApiEnvironment, until

_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


@dataclass
class ConsolePerson:
    """A browser of somebody's: it keeps the console's cookie, as one does on a trustworthy address."""

    http: httpx.AsyncClient
    cookie: str = ""
    others: dict[str, str] = field(default_factory=dict)
    csrf_token: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    async def get(self, path: str, **query: str) -> httpx.Response:
        """Open a page; where it is led to once more with a key, it is opened there, as browsers do."""
        answer = self._seen(await self.http.get(f"/console{path}", params=query or None, headers=self._headers()))
        if is_same_page(answer):
            answer = self._seen(await self.http.get(answer.headers["location"], headers=self._headers()))
        return answer

    async def post(self, path: str, **form: str) -> httpx.Response:
        """Send a form of ours."""
        data = {"csrf_token": self.csrf_token, **form}
        return self._seen(await self.http.post(f"/console{path}", data=data, headers=self._headers()))

    async def upload(self, path: str, file: bytes, **form: str) -> httpx.Response:
        """Send a form of ours with a file."""
        data, files = {"csrf_token": self.csrf_token, **form}, {"file": ("chosen", file)}
        return self._seen(await self.http.post(f"/console{path}", data=data, files=files, headers=self._headers()))

    def _headers(self) -> dict[str, str]:
        kept = {COOKIE: self.cookie, **self.others}
        cookies = "; ".join(f"{name}={value}" for name, value in kept.items() if value)
        return {**({"Cookie": cookies} if cookies else {}), **self.headers}

    def _seen(self, answer: httpx.Response) -> httpx.Response:
        for line in answer.headers.get_list("set-cookie"):
            for name, kept in SimpleCookie(line).items():
                self.others[name] = kept.value
        self.cookie = self.others.pop(COOKIE, self.cookie)
        if found := _TOKEN.search(answer.text):
            self.csrf_token = found[1]
        return answer


def is_same_page(answer: httpx.Response) -> bool:
    """Tell whether a browser is led to the page that it asked for, with a key in its address."""
    to = httpx.URL(answer.headers.get("location", ""))
    return answer.is_redirect and to.path == answer.url.path and CONFIRMED_AS in to.params


async def link_token(env: ApiEnvironment, role: ConsoleRole, org_id: str | None = None, person: str = "Kim") -> str:
    """Return the token of a new link."""
    change = ChangeContext(actor="tests", at=datetime.now(UTC))
    sessions = env.engine.repositories.console_sessions
    link = await sessions.create_link(org_id or env.org_id, NewConsoleSession(person=person, role=role), change)
    return link.token.get_secret_value()


async def session_token(env: ApiEnvironment, role: ConsoleRole, org_id: str | None = None) -> str:
    """Return the token of a session that has begun."""
    known = SessionToken.read(await link_token(env, role, org_id))
    assert known
    found = await env.engine.repositories.console_sessions.sign_in(known, datetime.now(UTC), b"a browser")
    assert found
    assert found.token
    return found.token.text()


@asynccontextmanager
async def browsing(
    env: ApiEnvironment, role: ConsoleRole | None = None, org_id: str | None = None
) -> AsyncIterator[ConsolePerson]:
    """Yield somebody's browser, signed in where there is a role."""
    async with env.client() as http:
        person = ConsolePerson(http, await session_token(env, role, org_id) if role else "")
        if role:
            await person.get("/")
        yield person


@dataclass(frozen=True)
class Acme:
    """A customer with a plan of ten licenses that was paid."""

    customer: dict[str, Any]
    plan: dict[str, Any]
    invoice: dict[str, Any]
    endpoint: dict[str, Any] = field(default_factory=dict)
    clock: dict[str, Any] = field(default_factory=dict)
    key_id: str = ""
    batch: dict[str, Any] = field(default_factory=dict)
    dry_run_id: str = ""
    run_id: str = ""
    finding_id: str = ""
    parallel_plan: str = ""


async def bought(env: ApiEnvironment, api: httpx.AsyncClient, on: Any = None, **of_customer: Any) -> Acme:
    """Let a customer with seats buy ten licenses of a plan, *on* a test clock say; return it once that is paid."""
    email = f"{uuid4().hex[:12]}@acme.example"
    made = await api.post("/api/v1/customers", json={"name": "Acme", "email": email, **of_customer})
    customer = made.raise_for_status().json()
    await env.give_card(customer["id"])
    seats = {"members": 8, "guests": 1}
    (await api.post(f"/api/v1/deployments/{customer['deployment_id']}/seats", json=[seats])).raise_for_status()
    asked = {
        "customer_id": customer["id"],
        "tier": "cloud_standard",
        "schedule": "monthly",
        "license_management": "manual",
        "licenses": 10,
        **(on or {}),
    }
    plan = (await api.post("/api/v1/plans", json=asked)).raise_for_status().json()["plan"]
    invoices = {"plan_id": plan["id"], "status": "paid"}

    async def paid() -> bool:
        return bool((await api.get("/api/v1/invoices", params=invoices)).json()["total"])

    await until(paid)
    invoice = (await api.get("/api/v1/invoices", params=invoices)).json()["invoices"][0]
    return Acme(customer, plan, invoice)


@pytest.fixture(scope="package")
async def acme(env: ApiEnvironment, api: httpx.AsyncClient) -> Acme:
    """Return a customer that has bought a plan, of an organization with one of everything."""
    return await furnished(env, api)


async def furnished(env: ApiEnvironment, api: httpx.AsyncClient) -> Acme:
    """Return a customer that has bought a plan, of an organization with an endpoint, a test clock and a key.

    The endpoint wants events that hardly ever are.
    """
    found = await bought(env, api, name="Acme Rockets", erp_customer_number="ERP-4711")
    wanted = {"url": "https://hooks.acme.example/events", "event_types": ["webhook_endpoint.disabled"]}
    async with env.client(await env.key(*Scope)) as admin:
        endpoint = (await admin.post("/api/v1/webhook-endpoints", json=wanted)).raise_for_status().json()
    asked = {"name": "two years", "now_at": "2026-01-31T00:00:00Z"}
    clock = (await api.post("/api/v1/test-clocks", json=asked)).raise_for_status().json()
    await env.key(name="idle")
    keys = await env.engine.repositories.api_keys.list(env.org_id)
    batch, (run_id, finding_id) = await previewed(api, found), await drifted(env, found)
    dry_run_id = await tried(api, found)
    return replace(
        found,
        endpoint=endpoint,
        clock=clock,
        key_id=next(one.key_id for one in keys if one.name == "idle"),
        batch=batch,
        dry_run_id=dry_run_id,
        run_id=run_id,
        finding_id=finding_id,
    )


async def previewed(api: httpx.AsyncClient, found: Acme) -> dict[str, Any]:
    """Return a batch of the customer's plan whose dry run is over."""
    asked = {"command": {"type": "switch_to_annual"}, "plans": {"customer_id": found.customer["id"]}}
    made = (await api.post("/api/v1/plan-batches", json=asked)).raise_for_status().json()
    path = f"/api/v1/plan-batches/{made['id']}"

    async def over() -> bool:
        return bool((await api.get(path)).json()["status"] == "previewed")

    await until(over)
    return dict((await api.get(path)).json())


async def tried(api: httpx.AsyncClient, found: Acme, **asked: Any) -> str:
    """Return a dry run of the customer's plan at twice the price, once it is finished."""
    tier = found.plan["tier"]
    sold = (await api.get("/api/v1/catalog")).json()
    tiers = {code: {name: value for name, value in one.items() if name != "code"} for code, one in sold["tier"].items()}
    prices = tiers[tier]["prices"]
    prices["USD"] = {schedule: 2 * price for schedule, price in prices["USD"].items()}
    body = {
        "catalog": {"tier": tiers, "add_on": sold["add_on"]},
        "reprice": {"tier": tier, "starts_at": "2026-01-01T00:00:00Z"},
        "only": {"customer_id": found.customer["id"]},
        **asked,
    }
    made = await api.post("/api/v1/dry-runs", json=body)
    assert made.is_success, made.text
    path = f"/api/v1/dry-runs/{made.json()['id']}"

    async def over() -> bool:
        return bool((await api.get(path)).json()["status"] == "finished")

    await until(over)
    return str(made.json()["id"])


async def drifted(env: ApiEnvironment, found: Acme, message: str = "No workflow waits for it.") -> tuple[str, str]:
    """Record a run that found the customer's plan without its workflow, and return the ids of both."""
    records, now = env.engine.repositories.reconciliation, datetime.now(UTC)
    asked = ReconciliationInput(org_id=env.org_id, repair=False)
    run_id = await records.begin(asked, uuid4().hex, now)
    run = RunRef(org_id=env.org_id, run_id=run_id, started_at=now, repair=False, scope=asked.scope)
    kind, repair = FindingKind.PLAN_WITHOUT_WORKFLOW, Repair.START_PLAN
    await records.store_findings(run, [Finding(kind, Severity.WARNING, found.plan["id"], message, repair)])
    await records.finish(run, now)
    [finding] = (await records.report(env.org_id, run_id)).findings
    return run_id, finding.finding_id
