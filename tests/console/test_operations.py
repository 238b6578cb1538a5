"""What an operator does in the console: previewed, confirmed with a reason, and done once however often it is sent."""

import re
from http import HTTPStatus

import httpx

from billflow.models.contracts.audit import AuditFilter
from billflow.models.contracts.console import ConsoleRole
from billflow.models.contracts.records import Paging
from tests.api_environment import ApiEnvironment
from tests.console.people import Acme, ConsolePerson, browsing
from tests.console.test_actions import key_in

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


async def test_a_test_clock_is_made_once_and_advanced(env: ApiEnvironment, api: httpx.AsyncClient) -> None:
    async with browsing(env, ConsoleRole.SUPPORT) as person:
        await confirmed(person, "/operate/clocks/make", name="made once", now_at="2026-01-31T00:00")
        clocks = (await api.get("/api/v1/test-clocks")).json()["test_clocks"]
        [made] = [one for one in clocks if one["name"] == "made once"]
        back = await person.get(f"/operate/clocks/{made['id']}/advance", to="2026-01-01T00:00", preview="yes")
        refused = await person.post(
            f"/operate/clocks/{made['id']}/advance", to="2026-01-01T00:00", why="back", key="c" * 32
        )
        await confirmed(person, f"/operate/clocks/{made['id']}/advance", to="2026-03-01T00:00")

    assert back.status_code == HTTPStatus.OK
    assert refused.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    moved = (await api.get(f"/api/v1/test-clocks/{made['id']}")).json()
    assert moved["now_at"] == "2026-03-01T00:00:00Z"
