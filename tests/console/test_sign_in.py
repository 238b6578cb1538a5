"""Signing in to the console: a link works once, a session is a cookie that no script reads, and ends on the server."""

import asyncio
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from http.cookies import SimpleCookie

import pytest

from billflow.console.security import COOKIE
from billflow.models.contracts.audit import AuditFilter
from billflow.models.contracts.console import (
    IDLE_LIFETIME,
    LINK_LIFETIME,
    OVERLAP,
    ROTATED_AFTER,
    SESSION_LIFETIME,
    ConsoleRole,
    SessionToken,
)
from billflow.models.contracts.records import Paging
from tests.api_environment import ApiEnvironment
from tests.console.people import browsing, link_token, session_token

NOW = datetime.now(UTC)


async def test_a_link_signs_in_once_and_only_by_its_button(env: ApiEnvironment) -> None:
    token = await link_token(env, ConsoleRole.SUPPORT)
    async with browsing(env) as person:
        for _ in range(2):
            asked = await person.get("/sign-in", token=token)
            assert "Kim" in asked.text
            assert person.cookie == ""

        first = await person.post("/sign-in", token=token, next="/console/")
        home = await person.get("/")
    async with browsing(env) as another:
        again = await another.post("/sign-in", token=token)

    assert (first.status_code, first.headers["location"]) == (HTTPStatus.SEE_OTHER, "/console/")
    assert (again.status_code, home.status_code) == (HTTPStatus.UNAUTHORIZED, HTTPStatus.OK)
    assert "Kim" in home.text


async def test_a_second_click_signs_the_same_browser_in_as_the_first(env: ApiEnvironment) -> None:
    token = await link_token(env, ConsoleRole.SUPPORT, person="Twice")
    async with browsing(env) as person:
        await person.get("/sign-in", token=token)
        clicks = await asyncio.gather(*(person.post("/sign-in", token=token) for _ in range(2)))
        later = await person.post("/sign-in", token=token)
        home = await person.get("/")

    assert [answer.status_code for answer in (*clicks, later, home)] == [303, 303, 303, 200]
    kept = {SimpleCookie(answer.headers["set-cookie"])[COOKIE].value for answer in (*clicks, later)}
    assert kept == {person.cookie}
    begun = await env.engine.queries.audit.list(
        env.org_id, AuditFilter(actor="console:Twice", action="console_session.signed_in"), Paging()
    )
    assert begun.total == 1


async def test_the_cookie_is_for_the_console_only_and_for_no_script(env: ApiEnvironment) -> None:
    token = await link_token(env, ConsoleRole.VIEWER)
    async with browsing(env) as person:
        signed_in = await person.post("/sign-in", token=token)

    cookie = SimpleCookie(signed_in.headers["set-cookie"])[COOKIE]
    assert (cookie["path"], cookie["httponly"], cookie["secure"], cookie["samesite"]) == ("/console", True, True, "lax")
    assert int(cookie["max-age"]) == SESSION_LIFETIME.total_seconds()
    assert token not in signed_in.headers["set-cookie"]


async def test_signing_out_ends_the_session_on_the_server(env: ApiEnvironment) -> None:
    async with browsing(env, ConsoleRole.VIEWER) as person:
        stolen = person.cookie
        left = await person.post("/sign-out")
        person.cookie = stolen
        asked = await person.get("/")

    assert (left.status_code, left.headers["location"]) == (HTTPStatus.SEE_OTHER, "/console/sign-in")
    assert (asked.status_code, asked.headers["location"]) == (HTTPStatus.SEE_OTHER, "/console/sign-in?next=/console/")


@pytest.mark.parametrize(
    "address", ["https://evil.example/", "//evil.example", "/console/\\evil.example", "/api/v1/plans", ""]
)
async def test_signing_in_leads_to_a_page_of_the_console_and_nowhere_else(env: ApiEnvironment, address: str) -> None:
    token = await link_token(env, ConsoleRole.VIEWER)
    async with browsing(env) as person:
        answer = await person.post("/sign-in", token=token, next=address)

    assert answer.headers["location"] == "/console/"


async def test_a_link_is_too_old_after_an_hour(env: ApiEnvironment) -> None:
    token, sessions = (
        SessionToken.read(await link_token(env, ConsoleRole.VIEWER)),
        env.engine.repositories.console_sessions,
    )
    assert token

    assert await sessions.linked(token, datetime.now(UTC) + LINK_LIFETIME) is None
    assert await sessions.sign_in(token, datetime.now(UTC) + LINK_LIFETIME, b"a browser") is None


async def test_a_sessions_secret_is_replaced_and_the_old_one_goes_on_working_for_a_moment(env: ApiEnvironment) -> None:
    old = SessionToken.read(await session_token(env, ConsoleRole.VIEWER))
    sessions, later = env.engine.repositories.console_sessions, datetime.now(UTC) + ROTATED_AFTER + timedelta(seconds=1)
    assert old

    rotated = await sessions.find_valid(old, later)
    assert rotated
    assert rotated.token
    overlapping = await sessions.find_valid(old, later + OVERLAP)

    assert overlapping
    assert overlapping.token is None
    assert await sessions.find_valid(old, later + OVERLAP + timedelta(seconds=1)) is None
    assert await sessions.find_valid(rotated.token, later + OVERLAP + timedelta(seconds=1))


async def test_a_session_ends_by_itself(env: ApiEnvironment) -> None:
    token, sessions = (
        SessionToken.read(await session_token(env, ConsoleRole.VIEWER)),
        env.engine.repositories.console_sessions,
    )
    begun, at = datetime.now(UTC), datetime.now(UTC)
    assert token

    while at + timedelta(minutes=10) < begun + SESSION_LIFETIME:
        at += timedelta(minutes=10)
        found = await sessions.find_valid(token, at)
        assert found
        token = found.token or token
    assert await sessions.find_valid(token, begun + SESSION_LIFETIME + timedelta(minutes=1)) is None


async def test_a_session_in_which_nothing_is_asked_ends_sooner(env: ApiEnvironment) -> None:
    token = SessionToken.read(await session_token(env, ConsoleRole.VIEWER))
    assert token

    found = await env.engine.repositories.console_sessions.find_valid(token, datetime.now(UTC) + IDLE_LIFETIME * 2)

    assert found is None


@pytest.mark.parametrize("forged", ["", "x", "A" * 86, "A" * 85 + "B"])
async def test_what_is_no_token_opens_nothing(env: ApiEnvironment, forged: str) -> None:
    async with browsing(env) as person:
        person.cookie = forged
        page = await person.get("/")
        link = await person.get("/sign-in", token=forged)

    assert page.status_code == HTTPStatus.SEE_OTHER
    assert 'name="token"' not in link.text


async def test_the_audit_log_knows_who_was_let_in_by_whom(env: ApiEnvironment) -> None:
    async with browsing(env, ConsoleRole.FINANCE) as person:
        await person.post("/sign-out")
    found = await env.engine.queries.audit.list(
        env.org_id, AuditFilter(subject_type="console_session"), Paging(limit=3)
    )

    assert [(entry.action, entry.actor) for entry in found.rows] == [
        ("console_session.ended", "console:Kim"),
        ("console_session.signed_in", "console:Kim"),
        ("console_session.created", "tests"),
    ]
    assert found.rows[2].after == {"person": "Kim", "role": "finance"}
