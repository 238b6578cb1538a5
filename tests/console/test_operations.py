"""What an operator does in the console: previewed, confirmed with a reason, and done once however often it is sent."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from http import HTTPStatus

import httpx
import psycopg
import pytest

from billflow.models.contracts.audit import AuditFilter
from billflow.models.contracts.console import ConsoleRole
from billflow.models.contracts.records import Paging
from tests.api_environment import ApiEnvironment, until
from tests.console.people import Acme, ConsolePerson, bought, browsing
from tests.console.test_actions import key_in
from tests.console.test_editing import filled

SECRET = re.compile(r"<code>([^<]+)</code>")


async def confirmed(person: ConsolePerson, path: str, **form: str) -> tuple[httpx.Response, httpx.Response]:
    """Preview something, confirm it, and confirm it again; return both answers."""
    preview = await person.get(path, **form, preview="yes")
    assert "What would happen" in preview.text, preview.text
    sent = {**form, "why": "for the tests", "key": key_in(preview)}
    return await person.post(path, **sent), await person.post(path, **sent)


async def test_a_key_is_made_once_shown_once_and_revoked(env: ApiEnvironment) -> None:
    keys = env.engine.repositories.api_keys
    async with browsing(env, ConsoleRole.ADMIN) as person:
        nothing = await person.get("/operate/keys/make", name="idle hands", preview="yes")
        first, again = await confirmed(person, "/operate/keys/make", name="made here", read="yes")
        [made] = [one for one in await keys.list(env.org_id) if one.name == "made here"]
        found = SECRET.search(first.text)
        assert found
        async with env.client(found[1]) as caller:
            read = await caller.get("/api/v1/plans")
            written = await caller.post("/api/v1/customers", json={"name": "x", "email": "x@x.example"})
        listed = await person.get("/operate/keys")
        revoked, _ = await confirmed(person, f"/operate/keys/{made.key_id}/revoke")

    assert nothing.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert (read.status_code, written.status_code) == (HTTPStatus.OK, HTTPStatus.FORBIDDEN)
    assert (again.status_code, again.headers["location"]) == (HTTPStatus.SEE_OTHER, "/console/operate/keys")
    assert found[1] not in again.text + listed.text
    assert revoked.headers["location"] == "/console/operate/keys"
    [ended] = [one for one in await keys.list(env.org_id) if one.name == "made here"]
    assert ended.revoked_at
    audit = await env.engine.queries.audit.list(env.org_id, AuditFilter(subject_id=made.key_id), Paging())
    assert {one.actor for one in audit.rows} == {"console:Kim"}


async def test_events_are_sent_again_once(env: ApiEnvironment, acme: Acme) -> None:
    path = f"/operate/endpoints/{acme.endpoint['id']}/replay"
    async with browsing(env, ConsoleRole.ADMIN) as person:
        unclear = await person.get(path, preview="yes")
        first, again = await confirmed(person, path, since="2026-01-01T00:00")

    assert unclear.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert first.headers["location"] == again.headers["location"] == f"/console{path.removesuffix('/replay')}"
    wanted = AuditFilter(subject_id=acme.endpoint["id"], action="webhook_endpoint.replayed")
    assert (await env.engine.queries.audit.list(env.org_id, wanted, Paging())).total == 1


async def test_a_key_is_replaced_by_one_of_the_same_rights(env: ApiEnvironment) -> None:
    keys = env.engine.repositories.api_keys
    async with browsing(env, ConsoleRole.ADMIN) as person:
        await confirmed(person, "/operate/keys/make", name="to be replaced", read="yes", support="yes")
        [old] = [one for one in await keys.list(env.org_id) if one.name == "to be replaced"]
        first, again = await confirmed(person, f"/operate/keys/{old.key_id}/rotate", overlap_hours="0")
        late = await person.get(f"/operate/keys/{old.key_id}/rotate", overlap_hours="-1", preview="yes")

    found = SECRET.search(first.text)
    assert found
    assert found[1] not in again.text
    both = [one for one in await keys.list(env.org_id) if one.name == "to be replaced"]
    assert [(one.scopes, one.is_valid(datetime.now(UTC))) for one in both] == [(old.scopes, True), (old.scopes, False)]
    assert late.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert await audited(env, old.key_id) == ["api_key.rotated", "api_key.created"]


async def audited(env: ApiEnvironment, subject_id: str) -> list[str]:
    """Return what the console did with something, the newest first; each says why."""
    found = await env.engine.queries.audit.list(env.org_id, AuditFilter(subject_id=subject_id), Paging())
    assert {(one.actor, (one.detail or {}).get("reason")) for one in found.rows} == {("console:Kim", "for the tests")}
    return [one.action for one in found.rows]


async def test_an_endpoint_is_made_changed_given_another_secret_and_deleted(env: ApiEnvironment) -> None:
    endpoints = env.engine.webhooks.endpoints
    address = "https://hooks.acme.example/made"
    async with browsing(env, ConsoleRole.ADMIN) as person:
        wrong = await person.get("/operate/endpoints/make", url=address, event_types="invoice.settled", preview="yes")
        made, again = await confirmed(
            person, "/operate/endpoints/make", url=address, event_types="invoice.paid, plan.ended"
        )
        [one] = [row for row in (await endpoints.list(env.org_id, Paging())).rows if row.url == address]
        path, secret = f"/operate/endpoints/{one.endpoint_id}", SECRET.search(made.text)
        form = filled(await person.get(f"{path}/change"))
        asked = form | {"event_types": "invoice.paid", "status": "disabled"}
        preview = await person.get(f"{path}/change", **asked, preview="yes")
        _, changed_again = await confirmed(person, f"{path}/change", **asked)
        stale = await person.post(f"{path}/change", **form, status="enabled", why="why not", key="b" * 32)
        rotated, _ = await confirmed(person, f"{path}/rotate", overlap_hours="3")
        page = await person.get(path)

    assert (wrong.status_code, "invoice.settled" in wrong.text) == (HTTPStatus.UNPROCESSABLE_ENTITY, True)
    assert secret
    assert secret[1].startswith("whsec_")
    assert again.headers["location"] == "/console/operate/endpoints"
    assert form["event_types"] == "invoice.paid, plan.ended"
    assert "events wait until it is enabled again" in preview.text
    assert changed_again.headers["location"] == f"/console{path}"
    assert stale.status_code == HTTPStatus.PRECONDITION_FAILED
    assert "Status is now “disabled”" in stale.text
    assert "Disabled: for the tests" in page.text
    assert "Its old secret signs until" in page.text
    assert SECRET.search(rotated.text)
    assert secret[1] not in page.text + rotated.text
    await deleted_once(env, one.endpoint_id)


async def deleted_once(env: ApiEnvironment, endpoint_id: str) -> None:
    """Delete an endpoint by a form that is sent twice."""
    path = f"/operate/endpoints/{endpoint_id}"
    async with browsing(env, ConsoleRole.ADMIN) as person:
        deleted, again = await confirmed(person, f"{path}/delete")
        gone = await person.get(path)

    assert deleted.headers["location"] == again.headers["location"] == "/console/operate/endpoints"
    assert gone.status_code == HTTPStatus.NOT_FOUND
    assert await audited(env, endpoint_id) == [
        "webhook_endpoint.deleted",
        "webhook_endpoint.secret_rotated",
        "webhook_endpoint.updated",
        "webhook_endpoint.created",
    ]


@asynccontextmanager
async def locked(url: str, plan_id: str) -> AsyncIterator[None]:
    """Let no step of a plan be taken meanwhile."""
    async with await psycopg.AsyncConnection.connect(url) as connection:
        await connection.execute("SELECT 1 FROM customer_plan WHERE id = %s FOR UPDATE", [plan_id])
        yield


async def billed_by_a_clock(env: ApiEnvironment, api: httpx.AsyncClient) -> tuple[str, str]:
    """Let a clock be made in the console, and a plan be bought on it; return the ids of both."""
    async with browsing(env, ConsoleRole.SUPPORT) as person:
        await confirmed(person, "/operate/clocks/make", name="four months", now_at="2026-01-31T00:00")
    clocks = (await api.get("/api/v1/test-clocks")).json()["test_clocks"]
    clock_id = next(one["id"] for one in clocks if one["name"] == "four months")
    found = await bought(env, api, on={"test_clock_id": clock_id}, name="Clockwork")
    return clock_id, found.plan["id"]


@pytest.mark.full
async def test_a_test_clock_shows_how_far_it_is_and_who_advanced_it_why(
    env: ApiEnvironment, api: httpx.AsyncClient, env_database_url: str
) -> None:
    clock_id, plan_id = await billed_by_a_clock(env, api)
    path = f"/operate/clocks/{clock_id}"
    async with browsing(env, ConsoleRole.SUPPORT) as person:
        before = await person.get(path)
        back = await person.post(f"{path}/advance", to="2025-01-01T00:00", why="back", key="c" * 32)
        async with locked(env_database_url, plan_id):
            first, again = await confirmed(person, f"{path}/advance", to="2026-05-15T00:00")
            waiting = await person.get(path, watch="yes")
            unwatched = await person.get(path)

        async def arrived() -> bool:
            return "It has arrived" in (await person.get(path, watch="yes")).text

        await until(arrived)
        after = await person.get(path, watch="yes")

    assert "On its way" not in before.text
    assert "for the tests" in before.text
    assert back.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert first.headers["location"] == again.headers["location"] == f"/console{path}?watch=yes"
    assert waiting.headers["refresh"] == f"3; url=/console{path}?watch=yes"
    assert "On its way" in waiting.text
    assert "refresh" not in unwatched.headers
    assert "refresh" not in after.headers
    assert "100% of the way" in after.text
    assert "Test clock advanced to 2026-05-15 00:00</td><td>for the tests" in after.text
    assert (await api.get(f"/api/v1/test-clocks/{clock_id}")).json()["now_at"] == "2026-05-15T00:00:00Z"
    invoices = (await api.get("/api/v1/invoices", params={"plan_id": plan_id})).json()["invoices"]
    assert [one["issued_at"][:10] for one in invoices] == ["2026-04-30", "2026-03-31", "2026-02-28", "2026-01-31"]
    assert await audited(env, clock_id) == ["test_clock.advanced", "test_clock.created"]
