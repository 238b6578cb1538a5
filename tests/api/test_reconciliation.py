"""Reconciliation over HTTP: a run in the background, what it found, and one finding repaired, once."""

from contextlib import suppress
from dataclasses import replace
from http import HTTPStatus
from typing import Any
from uuid import uuid4

import httpx
import pytest
from temporalio.service import RPCError

from billflow.domain.scopes import Scope
from billflow.models.contracts.audit import AuditFilter
from billflow.models.contracts.records import Paging
from billflow.temporal.ids import collection_workflow_id, plan_workflow_id
from billflow.wiring.store import sell_example
from tests.api_environment import ApiEnvironment, until

RUNS = "/api/v1/reconciliation-runs"


async def run_until_finished(api: httpx.AsyncClient, **asked: Any) -> dict[str, Any]:
    """Start a run, and return it once it is finished."""
    made = (await api.post(RUNS, json={"grace_minutes": 0, **asked})).raise_for_status()
    assert made.status_code == HTTPStatus.ACCEPTED
    path = f"{RUNS}/{made.json()['id']}"

    async def finished() -> bool:
        return (await api.get(path)).json()["finished_at"] is not None

    await until(finished)
    return dict((await api.get(path)).json())


async def plan_of(api: httpx.AsyncClient, **terms: Any) -> str:
    """Let a new customer start a plan, and return its id."""
    made = await api.post("/api/v1/customers", json={"name": "Acme", "email": f"{uuid4().hex[:12]}@acme.example"})
    customer_id = made.raise_for_status().json()["id"]
    plan = {"customer_id": customer_id, "tier": "cloud_standard", "schedule": "annual", **terms}
    return str((await api.post("/api/v1/plans", json=plan)).raise_for_status().json()["plan"]["id"])


async def lost_plan(env: ApiEnvironment, api: httpx.AsyncClient) -> str:
    """Return a plan whose workflow is lost."""
    plan_id = await plan_of(api, trial_days=30)
    await env.engine.client.get_workflow_handle(plan_workflow_id(plan_id)).terminate()
    return plan_id


async def open_invoice(api: httpx.AsyncClient) -> str:
    """Return an invoice that was sent and is not paid."""
    sent = {"license_management": "manual", "licenses": 10, "collection_method": "send_invoice"}
    invoices = {"plan_id": await plan_of(api, **sent), "status": "open"}

    async def is_open() -> bool:
        return bool((await api.get("/api/v1/invoices", params=invoices)).json()["total"])

    await until(is_open)
    return str((await api.get("/api/v1/invoices", params=invoices)).json()["invoices"][0]["id"])


async def uncollected(env: ApiEnvironment, api: httpx.AsyncClient, invoice_id: str) -> tuple[str, dict[str, Any]]:
    """Lose the collection of an invoice, and return the run that has seen it before an event of Stripe's began it."""
    handle, seen = env.engine.client.get_workflow_handle(collection_workflow_id(invoice_id)), list[Any]()

    async def is_found() -> bool:
        with suppress(RPCError):  # it may not run
            await handle.terminate()
        run = await run_until_finished(api)
        found = (await api.get(f"{RUNS}/{run['id']}/findings")).json()["findings"]
        seen[:] = [(run["id"], one) for one in found if one["kind"] == "open_without_collection"]
        return bool(seen)

    await until(is_found)
    return seen[0][0], seen[0][1]


@pytest.fixture
async def seller(env: ApiEnvironment) -> ApiEnvironment:
    """Return the environment of an organization of its own."""
    org_id = await env.engine.repositories.organizations.ensure(f"reconciled-{uuid4().hex[:8]}")
    await sell_example(env.engine.repositories.catalogs, org_id)
    return replace(env, org_id=org_id)


async def test_a_run_finds_and_one_finding_is_repaired_once(seller: ApiEnvironment) -> None:
    async with seller.client(await seller.key()) as api:
        lost, other = [await lost_plan(seller, api) for _ in range(2)]
        run = await run_until_finished(api)
        path = f"{RUNS}/{run['id']}/findings"
        found = (await api.get(path, params={"open": True})).json()["findings"]
        finding = next(one for one in found if one["subject_id"] == lost)
        before = await seller.engine.control.is_running(plan_workflow_id(lost))
        answers = [
            (await api.post(f"{path}/{finding['id']}/repair", json={"reason": "the server was lost"})).json()
            for _ in range(2)
        ]
        left = (await api.get(path, params={"open": True})).json()
        listed = (await api.get(RUNS)).json()

    assert (run["findings"], run["repaired"], run["for_a_person"], run["repair"]) == (2, 0, 0, False)
    assert {(one["kind"], one["repair"]) for one in found} == {("plan_without_workflow", "start_plan")}
    assert before is False
    assert answers[0]["repaired_at"] is not None
    assert answers[0] == answers[1]
    assert await seller.engine.control.is_running(plan_workflow_id(lost))
    assert [one["subject_id"] for one in left["findings"]] == [other]
    assert (listed["total"], listed["reconciliation_runs"][0]["repaired"]) == (1, 1)
    wanted = AuditFilter(subject_id=finding["id"])
    [asked] = (await seller.engine.queries.audit.list(seller.org_id, wanted, Paging())).rows
    assert (asked.action, (asked.detail or {})["reason"]) == ("reconciliation.repair", "the server was lost")


@pytest.mark.full
async def test_what_is_otherwise_by_now_or_of_an_older_run_is_not_repaired(seller: ApiEnvironment) -> None:
    async with seller.client(await seller.key()) as api:
        invoice_id = await open_invoice(api)
        first, finding = await uncollected(seller, api, invoice_id)
        path = f"{RUNS}/{first}/findings"
        (await api.post(f"/api/v1/invoices/{invoice_id}/void", json={})).raise_for_status()
        asked = {"reason": "late"}
        tried = (await api.post(f"{path}/{finding['id']}/repair", json=asked)).json()
        second = await run_until_finished(api, repair=True)
        late = await api.post(f"{path}/{finding['id']}/repair", json=asked)
        elsewhere = await api.post(f"{RUNS}/{second['id']}/findings/{finding['id']}/repair", json=asked)

    assert (tried["repaired_at"], tried["problem"]) == (None, "It is otherwise by now; compare again.")
    assert (finding["subject_id"], finding["repair"]) == (invoice_id, "collect")
    assert second["repair"] is True
    assert (late.status_code, late.json()["code"]) == (HTTPStatus.CONFLICT, "finding_outdated")
    assert elsewhere.status_code == HTTPStatus.NOT_FOUND


async def test_one_key_begins_one_run_and_support_alone_begins_any(seller: ApiEnvironment) -> None:
    headers = {"Idempotency-Key": uuid4().hex}
    async with seller.client(await seller.key()) as api:
        first = await api.post(RUNS, json={}, headers=headers)
        again = await api.post(RUNS, json={}, headers=headers)
        total = (await api.get(RUNS)).json()["total"]
    async with seller.client(await seller.key(Scope.READ, Scope.WRITE)) as writer:
        refused = await writer.post(RUNS, json={})

    assert first.json()["id"] == again.json()["id"]
    assert total == 1
    assert refused.status_code == HTTPStatus.FORBIDDEN
