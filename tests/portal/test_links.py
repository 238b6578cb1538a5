"""Links into the portal: each opens once, for one customer, until it ends or is revoked."""

import asyncio
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from http.cookies import SimpleCookie

import httpx
import pytest

from billflow.models.contracts.console import IDLE_LIFETIME, SESSION_LIFETIME, SessionToken
from billflow.portal.security import SESSION
from tests.api_environment import ApiEnvironment
from tests.console.people import Acme
from tests.portal.visitors import PortalBrowser, link_of, token_in, visiting


async def test_a_link_opens_once_and_only_by_its_button(
    env: ApiEnvironment, api: httpx.AsyncClient, acme: Acme
) -> None:
    link = await link_of(api, acme.customer["id"])
    async with visiting(env, api) as browser:
        for _ in range(2):
            asked = await browser.get("/open", token=token_in(link))
            assert "Billing of Acme Rockets" in asked.text
            assert browser.cookie == ""
        first = await browser.post("/open", token=token_in(link))
        overview = await browser.get("/")
    async with visiting(env, api) as another:
        again = await another.post("/open", token=token_in(link))

    assert (first.status_code, first.headers["location"]) == (HTTPStatus.SEE_OTHER, "/portal/")
    assert token_in(link) not in first.headers["location"] + first.headers["set-cookie"]
    assert (again.status_code, overview.status_code) == (HTTPStatus.UNAUTHORIZED, HTTPStatus.OK)
    assert "Acme Rockets" in overview.text


async def test_a_second_click_opens_the_same_session_in_the_same_browser(
    env: ApiEnvironment, api: httpx.AsyncClient, acme: Acme
) -> None:
    link = await link_of(api, acme.customer["id"])
    async with visiting(env, api) as browser:
        await browser.get("/open", token=token_in(link))
        clicks = await asyncio.gather(*(browser.post("/open", token=token_in(link)) for _ in range(2)))
        overview = await browser.get("/")
        (await api.delete(f"/api/v1/customers/{acme.customer['id']}/portal-links/{link['id']}")).raise_for_status()
        revoked = await browser.post("/open", token=token_in(link))

    assert [answer.status_code for answer in (*clicks, overview, revoked)] == [303, 303, 200, 401]
    assert {SimpleCookie(answer.headers["set-cookie"])[SESSION.name].value for answer in clicks} == {browser.cookie}


async def test_the_cookie_is_for_the_portal_only_and_for_no_script(
    env: ApiEnvironment, api: httpx.AsyncClient, acme: Acme
) -> None:
    link = await link_of(api, acme.customer["id"])
    async with visiting(env, api) as browser:
        opened = await browser.post("/open", token=token_in(link))

    cookie = SimpleCookie(opened.headers["set-cookie"])[SESSION.name]
    assert (cookie["path"], cookie["httponly"], cookie["secure"], cookie["samesite"]) == ("/portal", True, True, "lax")
    assert opened.headers["referrer-policy"] == "no-referrer"


async def test_a_revoked_link_does_not_open_and_its_session_ends(
    env: ApiEnvironment, api: httpx.AsyncClient, acme: Acme
) -> None:
    links = f"/api/v1/customers/{acme.customer['id']}/portal-links"
    unopened, opened = await link_of(api, acme.customer["id"]), await link_of(api, acme.customer["id"])
    async with visiting(env, api) as browser:
        await browser.post("/open", token=token_in(opened))
        before = await browser.get("/")
        for link in (unopened, opened, opened):
            (await api.delete(f"{links}/{link['id']}")).raise_for_status()
        after = await browser.get("/")
        refused = await browser.post("/open", token=token_in(unopened))

    assert [answer.status_code for answer in (before, after, refused)] == [200, 401, 401]
    listed = (await api.get(links)).json()["portal_links"]
    assert all(one["ended_at"] for one in listed if one["id"] in (unopened["id"], opened["id"]))
    assert "url" not in listed[0]
    assert "token" not in str(listed)


async def test_a_link_and_a_session_end_by_themselves(env: ApiEnvironment, api: httpx.AsyncClient, acme: Acme) -> None:
    links, now = env.engine.repositories.portal_links, datetime.now(UTC)
    until = now + timedelta(days=3)
    link = await link_of(api, acme.customer["id"], expires_at=until.isoformat())
    token = SessionToken.read(token_in(link))
    assert token

    assert await links.linked(token, until - timedelta(seconds=1))
    assert await links.open(token, until, b"a browser") is None
    visitor = await links.open(token, now, b"a browser")
    assert visitor
    assert visitor.token
    assert visitor.session.expires_at == now + SESSION_LIFETIME
    assert await links.find_valid(visitor.token, now + IDLE_LIFETIME - timedelta(seconds=1))
    assert await links.find_valid(visitor.token, now + 3 * IDLE_LIFETIME) is None


@pytest.mark.parametrize("days", [-1, 31])
async def test_a_link_lasts_a_month_at_most(api: httpx.AsyncClient, acme: Acme, days: int) -> None:
    end = datetime.now(UTC) + timedelta(days=days)
    asked = await api.post(
        f"/api/v1/customers/{acme.customer['id']}/portal-links", json={"expires_at": end.isoformat()}
    )

    assert asked.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert "expires_at" in asked.text


@pytest.mark.parametrize("forged", ["", "x", "A" * 86, "A" * 85 + "B"])
async def test_what_is_no_token_opens_nothing(env: ApiEnvironment, api: httpx.AsyncClient, forged: str) -> None:
    async with visiting(env, api) as browser:
        link, sent = await browser.get("/open", token=forged), await browser.post("/open", token=forged)
        browser.cookie = forged
        page = await browser.get("/")

    assert [answer.status_code for answer in (link, sent, page)] == [HTTPStatus.UNAUTHORIZED] * 3


async def test_another_sites_page_can_not_open_a_link_for_a_customer(
    env: ApiEnvironment, api: httpx.AsyncClient, acme: Acme
) -> None:
    link = await link_of(api, acme.customer["id"])
    async with visiting(env, api) as browser:
        browser.headers = {"Sec-Fetch-Site": "cross-site"}
        sent = await browser.post("/open", token=token_in(link))

    assert (sent.status_code, browser.cookie) == (HTTPStatus.FORBIDDEN, "")


async def test_a_customer_that_leaves_is_gone_on_the_server_too(
    env: ApiEnvironment, api: httpx.AsyncClient, acme: Acme
) -> None:
    async with visiting(env, api, acme.customer["id"]) as browser:
        stolen = browser.cookie
        left = await browser.post("/leave")
        page = await browser.get("/left")
        later = await PortalBrowser(browser.http, stolen).get("/")

    assert (left.headers["location"], page.status_code, later.status_code) == ("/portal/left", 200, 401)


async def test_the_audit_log_knows_what_became_of_a_link(
    env: ApiEnvironment, api: httpx.AsyncClient, acme: Acme
) -> None:
    link = await link_of(api, acme.customer["id"])
    async with visiting(env, api) as browser:
        await browser.post("/open", token=token_in(link))
    await api.delete(f"/api/v1/customers/{acme.customer['id']}/portal-links/{link['id']}")
    found = (await api.get("/api/v1/audit", params={"subject_id": acme.customer["id"], "limit": 10})).json()["audit"]

    mine = [one for one in found if (one["detail"] or {}).get("portal_link_id") == link["id"]]
    assert [one["action"] for one in mine] == ["portal_link.revoked", "portal_link.opened", "portal_link.created"]
    assert mine[1]["actor"] == f"portal:{link['id']}"
    assert token_in(link) not in str(found)
