"""Sessions in frames: for whom a link is made, what its token opens, and until when."""

from datetime import UTC, datetime, timedelta
from http import HTTPStatus

import httpx
import pytest

from billflow.models.contracts.console import SessionToken
from billflow.models.contracts.portal import FRAME_LIFETIME, FRAME_SESSION_LIFETIME
from tests.api_environment import ApiEnvironment
from tests.console.people import Acme
from tests.portal.visitors import FrameBrowser, frame_token_in, framing, link_of, token_in, visiting

ORIGIN = "https://app.example"
"""Of a page around, which only a browser would load."""


@pytest.fixture
async def allowed(api: httpx.AsyncClient) -> None:
    """Let pages of `ORIGIN` frame the portal."""
    (await api.put("/api/v1/portal", json={"embed_origins": [ORIGIN]})).raise_for_status()


@pytest.mark.parametrize(
    "origin",
    [
        "https://app.example/",
        "https://*.example",
        "https://App.example",
        "https://app.example:443",
        "http://app.example",
        "https://user@app.example",
        "https://app.example https://evil.example",
        "https://app.example; script-src *",
        "https://",
        "https://app.example:99999",
        "null",
        "*",
    ],
)
async def test_what_is_no_origin_is_not_allowed(api: httpx.AsyncClient, origin: str) -> None:
    answer = await api.put("/api/v1/portal", json={"embed_origins": [origin]})

    assert (answer.status_code, answer.json()["code"]) == (HTTPStatus.UNPROCESSABLE_ENTITY, "bad_origin")


@pytest.mark.usefixtures("allowed")
async def test_a_link_is_made_for_allowed_origins_only_and_not_for_long(api: httpx.AsyncClient, acme: Acme) -> None:
    links, end = f"/api/v1/customers/{acme.customer['id']}/portal-links", datetime.now(UTC) + timedelta(hours=1)
    other = await api.post(links, json={"origin": "https://other.example"})
    long = await api.post(links, json={"origin": ORIGIN, "expires_at": end.isoformat()})
    made = await link_of(api, acme.customer["id"], origin=ORIGIN)

    assert other.json()["code"] == "origin_not_allowed"
    assert long.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert "expires_at can't be chosen" in long.text
    assert datetime.fromisoformat(made["expires_at"]) <= datetime.now(UTC) + FRAME_LIFETIME
    assert made["origin"] == ORIGIN
    address, _, token = made["url"].partition("#")
    assert address.endswith("/open")
    assert SessionToken.read(token)


@pytest.mark.usefixtures("allowed")
async def test_a_token_opens_one_frame_and_no_window(env: ApiEnvironment, api: httpx.AsyncClient, acme: Acme) -> None:
    for_frame, for_window = (
        await link_of(api, acme.customer["id"], origin=ORIGIN),
        await link_of(api, acme.customer["id"]),
    )
    async with visiting(env, api) as window, framing(env) as frame:
        as_window = [
            await window.get("/open", token=frame_token_in(for_frame)),
            await window.post("/open", token=frame_token_in(for_frame)),
        ]
        as_frame = await frame.post("/open", token=token_in(for_window))
        opened = await frame.post("/open", token=frame_token_in(for_frame))
        page = await frame.get("/")
        again = await frame.post("/open", token=frame_token_in(for_frame))
        window.cookie = frame.cookie
        stolen = await window.get("/")
        ordinary = await window.post("/open", token=token_in(for_window))
        moved = await FrameBrowser(frame.http, window.cookie, org_id=env.org_id).get("/")

    assert [one.status_code for one in (*as_window, as_frame, again, stolen, moved)] == [HTTPStatus.UNAUTHORIZED] * 6
    assert (opened.status_code, page.status_code, ordinary.status_code) == (303, 200, 303)
    assert opened.headers["location"] == f"/portal/embedded/{env.org_id}/"
    cookie = opened.headers["set-cookie"]
    for attribute in ("HttpOnly", "Secure", "SameSite=none", "Partitioned", f"Path=/portal/embedded/{env.org_id}"):
        assert f"; {attribute}" in cookie


@pytest.mark.usefixtures("allowed")
async def test_every_page_names_who_may_frame_it(env: ApiEnvironment, api: httpx.AsyncClient, acme: Acme) -> None:
    link = await link_of(api, acme.customer["id"], origin=ORIGIN)
    async with framing(env) as frame:
        over = [await frame.get("/open"), await frame.post("/open", token="x"), await frame.get("/")]
        await frame.post("/open", token=frame_token_in(link))
        shown = [
            await frame.get(path)
            for path in (
                "/",
                "/invoices",
                f"/invoices/{acme.invoice['id']}/pdf",
                "/details",
                "/card",
                "/nowhere",
                "/logo",
            )
        ]
        nobody = [
            await frame.http.get(path)
            for path in ("/portal/open", "/portal/", f"/portal/embedded/{acme.plan['id']}/open")
        ]

    policies = [one.headers["content-security-policy"] for one in (*over, *shown)]
    assert [text.rpartition("; ")[2] for text in policies] == [f"frame-ancestors {ORIGIN}"] * 10
    assert [one.status_code for one in over] == [200, 401, 401]
    assert all("frame-ancestors 'none'" in one.headers["content-security-policy"] for one in nobody)
    assert all(one.headers["referrer-policy"] == "no-referrer" for one in (*over, *shown))


async def test_without_an_allowed_origin_nobody_frames_anything(
    env: ApiEnvironment, api: httpx.AsyncClient, acme: Acme
) -> None:
    (await api.put("/api/v1/portal", json={})).raise_for_status()
    refused = await api.post(f"/api/v1/customers/{acme.customer['id']}/portal-links", json={"origin": ORIGIN})
    async with framing(env) as frame:
        page = await frame.get("/open")

    assert refused.json()["code"] == "origin_not_allowed"
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]


@pytest.mark.usefixtures("allowed")
async def test_a_session_ends_with_its_origin_its_link_and_its_hour(
    env: ApiEnvironment, api: httpx.AsyncClient, acme: Acme
) -> None:
    links = f"/api/v1/customers/{acme.customer['id']}/portal-links"
    made = [await link_of(api, acme.customer["id"], origin=ORIGIN) for _ in range(3)]
    async with framing(env) as first, framing(env) as second:
        for browser, link in zip((first, second), made, strict=False):
            await browser.post("/open", token=frame_token_in(link))
        (await api.delete(f"{links}/{made[0]['id']}")).raise_for_status()
        revoked, other = await first.get("/"), await second.get("/")
        (await api.put("/api/v1/portal", json={"embed_origins": ["https://new.example"]})).raise_for_status()
        moved, unopened = await second.get("/"), await second.post("/open", token=frame_token_in(made[2]))

    assert [one.status_code for one in (revoked, other, moved, unopened)] == [401, 200, 401, 401]
    (row,) = [one for one in (await api.get(links)).json()["portal_links"] if one["id"] == made[1]["id"]]
    lasts = datetime.fromisoformat(row["expires_at"]) - datetime.fromisoformat(row["opened_at"])
    assert lasts == FRAME_SESSION_LIFETIME


@pytest.mark.full
@pytest.mark.usefixtures("allowed")
async def test_a_frame_of_another_organization_or_site_opens_nothing(
    env: ApiEnvironment, api: httpx.AsyncClient, acme: Acme
) -> None:
    link = await link_of(api, acme.customer["id"], origin=ORIGIN)
    async with framing(env) as frame, framing(env, org_id=acme.plan["id"]) as other, framing(env, org_id="x") as wrong:
        elsewhere = [await one.post("/open", token=frame_token_in(link)) for one in (other, wrong)]
        frame.headers = {"Sec-Fetch-Site": "cross-site"}
        foreign = await frame.post("/open", token=frame_token_in(link))

    assert [one.status_code for one in elsewhere] == [HTTPStatus.UNAUTHORIZED] * 2
    assert foreign.status_code == HTTPStatus.FORBIDDEN


@pytest.mark.full
async def test_another_organizations_settings_let_nobody_frame_ours(env: ApiEnvironment) -> None:
    org_id = await env.engine.repositories.organizations.ensure("portal-frames")
    async with env.client(await env.key(org_id=org_id)) as theirs, framing(env, org_id=org_id) as frame:
        (await theirs.put("/api/v1/portal", json={"embed_origins": ["https://theirs.example"]})).raise_for_status()
        page = await frame.get("/open")
        ours = await FrameBrowser(frame.http, org_id=env.org_id).get("/open")

    assert "frame-ancestors https://theirs.example" in page.headers["content-security-policy"]
    assert "theirs.example" not in ours.headers["content-security-policy"]
