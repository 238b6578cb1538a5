"""What somebody hostile tries: text that is markup, forms of other sites, others' ids, what is switched off."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from html import escape
from http import HTTPStatus
from uuid import uuid4

import httpx
import pytest
from fastapi import Request
from fastapi.routing import APIRoute

from billflow.errors import BadRequest
from billflow.models.contracts.portal import PortalSettings
from billflow.pages.forms import form_of
from billflow.portal.actions import ACTIONS
from billflow.portal.app import IN_FRAMES, ROUTERS
from billflow.portal.security import PortalRoute
from tests.api_environment import ApiEnvironment, until
from tests.console.people import Acme, bought
from tests.console.test_attacks import EVIL, MARKUP
from tests.portal.visitors import FrameBrowser, PortalBrowser, frame_token_in, framing, link_of, token_in, visiting
from tests.store.conftest import rows_of

CHANGED_BY_FORMS = frozenset(
    {"customer", "customer_contact", "customer_plan", "customer_plan_offer", "license_ledger", "step"}
)
"""The tables that every form of the portal writes into; what Stripe tells later is in others."""

SHOWN = escape(EVIL).replace("&#x27;", "&#39;").replace("&quot;", "&#34;")
"""What somebody hostile wrote, as a page shows it."""

ORIGIN = "https://app.example"
"""Of a page around, which only a browser would load."""

UNKNOWN = "00000000-0000-7000-8000-000000000000"
"""The id of an organization that there is not."""

WINDOW_AND_FRAME = pytest.mark.parametrize(
    "in_frame", [False, pytest.param(True, marks=pytest.mark.full)], ids=["window", "frame"]
)

ABILITIES = frozenset(name for name, field in PortalSettings.model_fields.items() if field.annotation is bool)


@dataclass(frozen=True)
class Target:
    """A customer, and one of each thing that a page is about."""

    acme: Acme
    contact_id: str
    offer_id: str
    refund_id: str


@dataclass(frozen=True)
class PortalAddress:
    """A route of the portal with its path filled in."""

    method: str
    path: str
    names_an_id: bool
    needs_session: bool


@dataclass(frozen=True)
class Stranger:
    """Who asks for another's things: with what key, in a window or a frame, and of what organization if not ours."""

    api: httpx.AsyncClient
    in_frame: bool
    org_id: str | None = None


async def target_of(api: httpx.AsyncClient, acme: Acme) -> Target:
    """Return a customer with a contact, an offer and a refund."""
    customer = f"/api/v1/customers/{acme.customer['id']}"
    contact = await api.post(f"{customer}/contacts", json={"email": "priya@acme.example", "name": "Priya"})
    refund = await api.post(f"/api/v1/invoices/{acme.invoice['id']}/refund", json={"amount": 100})
    other = (await api.post("/api/v1/customers", json={"name": "New", "email": "new@new.example"})).json()["id"]
    offer = await api.post(
        f"/api/v1/customers/{other}/offers", json={"tier": "cloud_enterprise", "fixed_price": 1200000}
    )
    plan = f"/api/v1/plans/{acme.plan['id']}"

    async def at_rest() -> bool:
        shown = (await api.get(plan)).json()
        return (shown["status"], shown["invoicing_status"]) == ("active", "done")

    await until(at_rest)
    return Target(
        acme,
        contact.raise_for_status().json()["id"],
        offer.raise_for_status().json()["offer"]["id"],
        refund.raise_for_status().json()["id"],
    )


@asynccontextmanager
async def entered(
    env: ApiEnvironment, api: httpx.AsyncClient, customer_id: str, *, in_frame: bool, org_id: str | None = None
) -> AsyncIterator[PortalBrowser]:
    """Yield the browser of a customer that has opened a link, in a window or in a frame of `ORIGIN`."""
    if not in_frame:
        async with visiting(env, api, customer_id) as browser:
            yield browser
        return
    (await api.put("/api/v1/portal", json={"embed_origins": [ORIGIN]})).raise_for_status()
    try:
        async with framing(env, org_id) as browser:
            token = frame_token_in(await link_of(api, customer_id, origin=ORIGIN))
            assert (await browser.post("/open", token=token)).status_code == HTTPStatus.SEE_OTHER
            await browser.get("/details")
            yield browser
    finally:
        (await api.put("/api/v1/portal", json={})).raise_for_status()


def addresses(target: Target, *, in_frame: bool = False) -> Iterator[PortalAddress]:
    """Yield every route of the portal, or those of its frames, about a customer's things, with each action."""
    ids = {
        "plan_id": target.acme.plan["id"],
        "invoice_id": target.acme.invoice["id"],
        "contact_id": target.contact_id,
        "offer_id": target.offer_id,
        "adjustment_id": target.refund_id,
        "folder": "refunds",
    }
    routers = IN_FRAMES if in_frame else ROUTERS
    for route in (route for router in routers for route in router.routes if isinstance(route, APIRoute)):
        names = set(re.findall(r"{(\w+)}", route.path))
        for action in ACTIONS if "action" in names else [""]:
            path = route.path.format(**ids, action=action, org_id=UNKNOWN)
            for method in sorted(route.methods or ()):
                yield PortalAddress(method, path, bool(names & ids.keys()), isinstance(route, PortalRoute))


async def ask(browser: PortalBrowser, one: PortalAddress, **form: str) -> httpx.Response:
    """Open a page, or send a form whose every field has something in it."""
    filled = {"value": "11", "key": "e" * 32, "email": "a@b.example", "schedule": "annual", "city": "Rome", **form}
    return await (browser.get(one.path) if one.method == "GET" else browser.post(one.path, **filled))


async def all_rows(env: ApiEnvironment, url: str) -> list[object]:
    """Return the organization's rows that forms change."""
    rows = await asyncio.to_thread(rows_of, url, env.org_id)
    return [row for row in rows if row[0] in CHANGED_BY_FORMS]


@pytest.fixture(scope="module")
async def target(env: ApiEnvironment, api: httpx.AsyncClient) -> Target:
    """Return a customer with one of each thing that a page is about."""
    return await target_of(api, await bought(env, api, name="Target Practice"))


def test_the_routes_are_walked(target: Target) -> None:
    found = list(addresses(target))

    assert sum(one.method == "POST" for one in found) >= len(ACTIONS) + 5
    assert sum(one.names_an_id for one in found) >= 2 * len(ACTIONS) + 6
    assert all("{" not in one.path for one in found)


@pytest.mark.full
async def test_who_has_no_session_sees_nothing_and_does_nothing(
    env: ApiEnvironment, api: httpx.AsyncClient, target: Target, env_database_url: str
) -> None:
    before = await all_rows(env, env_database_url)
    async with visiting(env, api) as window, framing(env) as frame:
        for browser, in_frame in ((window, False), (frame, True)):
            for one in addresses(target, in_frame=in_frame):
                if one.needs_session:
                    answer = await ask(browser, one)
                    assert answer.status_code == HTTPStatus.UNAUTHORIZED, one
                    assert "Target Practice" not in answer.text, one

    assert await all_rows(env, env_database_url) == before


@WINDOW_AND_FRAME
async def test_a_form_of_another_site_is_refused_everywhere(
    env: ApiEnvironment, api: httpx.AsyncClient, target: Target, env_database_url: str, *, in_frame: bool
) -> None:
    before = await all_rows(env, env_database_url)
    async with entered(env, api, target.acme.customer["id"], in_frame=in_frame) as browser:
        token = browser.csrf_token
        for one in addresses(target, in_frame=in_frame):
            if one.method != "POST" or not one.needs_session:
                continue
            for forged in ("", "x", "é", token[:-1]):
                answer = await ask(browser, one, csrf_token=forged)
                assert (answer.status_code, "foreign_form" in answer.text) == (HTTPStatus.FORBIDDEN, True), one
            browser.headers = {"Sec-Fetch-Site": "cross-site"}
            assert (await ask(browser, one)).status_code == HTTPStatus.FORBIDDEN, one
            browser.headers = {}

    assert await all_rows(env, env_database_url) == before


async def test_a_form_whose_sender_hangs_up_meanwhile_is_refused_and_no_failure_of_ours() -> None:
    messages: Iterator[dict[str, object]] = iter(
        [{"type": "http.request", "body": b"value=11&", "more_body": True}, {"type": "http.disconnect"}]
    )

    async def receive() -> dict[str, object]:
        return next(messages)

    with pytest.raises(BadRequest, match="did not arrive whole"):
        await form_of(Request({"type": "http", "method": "POST", "headers": []}, receive))


async def check_nothing_is_found(env: ApiEnvironment, stranger: Stranger, target: Target, url: str) -> None:
    """Ask every route for the target's things from the session of a new customer of the stranger's organization."""
    new = {"name": "Stranger", "email": f"{uuid4().hex}@stranger.example"}
    customer = (await stranger.api.post("/api/v1/customers", json=new)).raise_for_status().json()["id"]
    before = await all_rows(env, url)
    in_frame = stranger.in_frame
    async with entered(env, stranger.api, customer, in_frame=in_frame, org_id=stranger.org_id) as browser:
        for one in addresses(target, in_frame=in_frame):
            if one.names_an_id:
                answer = await ask(browser, one)
                assert answer.status_code == HTTPStatus.NOT_FOUND, one
                assert "Target Practice" not in answer.text, one

    assert await all_rows(env, url) == before


@WINDOW_AND_FRAME
async def test_what_is_another_customers_is_not_found_on_any_route(
    env: ApiEnvironment, api: httpx.AsyncClient, target: Target, env_database_url: str, *, in_frame: bool
) -> None:
    await check_nothing_is_found(env, Stranger(api, in_frame), target, env_database_url)


@pytest.mark.full
@WINDOW_AND_FRAME
async def test_what_is_another_organizations_is_not_found_on_any_route(
    env: ApiEnvironment, target: Target, env_database_url: str, *, in_frame: bool
) -> None:
    org_id = await env.engine.repositories.organizations.ensure("portal-stranger")
    async with env.client(await env.key(org_id=org_id)) as api:
        await check_nothing_is_found(env, Stranger(api, in_frame, org_id), target, env_database_url)


@pytest.mark.full
async def test_a_link_is_revoked_through_its_own_customer_only(
    env: ApiEnvironment, api: httpx.AsyncClient, target: Target
) -> None:
    link, other = await link_of(api, target.acme.customer["id"]), (await env.customer()).customer_id
    answer = await api.delete(f"/api/v1/customers/{other}/portal-links/{link['id']}")
    async with visiting(env, api) as browser:
        opened = await browser.post("/open", token=token_in(link))

    assert (answer.status_code, opened.status_code) == (HTTPStatus.NOT_FOUND, HTTPStatus.SEE_OTHER)


async def test_what_is_switched_off_is_neither_shown_nor_done(
    env: ApiEnvironment, api: httpx.AsyncClient, target: Target, env_database_url: str
) -> None:
    nothing = dict.fromkeys(ABILITIES, False)
    guarded = re.compile(r"/(plans|offers|contacts|card)")
    async with visiting(env, api, target.acme.customer["id"]) as browser:
        (await api.put("/api/v1/portal", json=nothing)).raise_for_status()
        try:
            before = await all_rows(env, env_database_url)
            overview, details = await browser.get("/"), await browser.get("/details")
            for one in addresses(target):
                if guarded.match(one.path) or (one.method, one.path) == ("POST", "/details"):
                    answer = await ask(browser, one)
                    assert (answer.status_code, "portal_switched_off" in answer.text) == (403, True), one
            after = await all_rows(env, env_database_url)
        finally:
            (await api.put("/api/v1/portal", json={})).raise_for_status()

    assert after == before
    assert "/portal/plans/" not in overview.text
    assert re.findall(r'action="([^"]*)"', details.text) == ["/portal/leave"]
    assert (await api.get("/api/v1/portal")).json() == PortalSettings().model_dump(mode="json")


@pytest.fixture(scope="module")
async def hostile(env: ApiEnvironment, api: httpx.AsyncClient) -> Acme:
    """Return a customer whose every text is markup."""
    address = dict.fromkeys(("street", "street2", "city", "postal_code", "state"), EVIL)
    found = await bought(
        env,
        api,
        name=EVIL,
        billing_address={**address, "country": "DE"},
        settings={"company": {"legal_name": EVIL, "tax_id": EVIL, "address": EVIL}},
    )
    customer, invoice = f"/api/v1/customers/{found.customer['id']}", f"/api/v1/invoices/{found.invoice['id']}"
    contact = {"name": EVIL, "email": "mallory@mallory.example", "is_primary": True}
    item = {"type": "add_item", "description": EVIL, "unit_amount": 100}
    for path, body in (
        (f"{customer}/contacts", contact),
        (f"/api/v1/plans/{found.plan['id']}/commands", item),
        (f"{invoice}/credit-notes", {"amount": 100, "memo": EVIL}),
    ):
        (await api.post(path, json=body)).raise_for_status()
    return found


def check_harmless(pages: Sequence[httpx.Response]) -> None:
    """Check that nothing on the pages is markup of whoever wrote `EVIL`, and that none failed."""
    for page in pages:
        assert not [text for text in MARKUP if text in page.text], page.url
        assert "&amp;lt;script" not in page.text, page.url
        assert page.status_code < HTTPStatus.INTERNAL_SERVER_ERROR, page.url


@pytest.mark.full
@pytest.mark.parametrize("in_frame", [False, True], ids=["window", "frame"])
async def test_no_text_that_somebody_writes_becomes_markup(
    env: ApiEnvironment, api: httpx.AsyncClient, hostile: Acme, *, in_frame: bool
) -> None:
    plan, customer = f"/plans/{hostile.plan['id']}", hostile.customer["id"]
    async with entered(env, api, customer, in_frame=in_frame) as browser:
        pages = [
            await browser.get("/", done=EVIL),
            await browser.get("/details", done=EVIL),
            await browser.get("/invoices", after=EVIL),
            await browser.get(f"/invoices/{hostile.invoice['id']}"),
            await browser.get(f"{plan}/licenses", value=EVIL),
            await browser.get(f"{plan}/licenses", value="12"),
            await browser.get(f"{plan}/upgrade", value=EVIL),
            await browser.post(f"{plan}/licenses", value=EVIL, key="f" * 32),
            await browser.post("/details", street=EVIL, country=EVIL, tax_id=EVIL, invoice_email=EVIL, key="f" * 32),
            await browser.post("/contacts", name=EVIL, email=EVIL, key="f" * 32),
            await browser.get(f"/plans/{EVIL}/licenses"),
            await browser.get(f"{plan}/{EVIL}"),
            await browser.get(f"/{EVIL}"),
        ]

    check_harmless(pages)
    assert SHOWN in pages[1].text


@pytest.mark.full
async def test_no_text_becomes_markup_where_links_are_opened_and_asked_for(
    env: ApiEnvironment, api: httpx.AsyncClient, hostile: Acme
) -> None:
    link = await link_of(api, hostile.customer["id"], return_url="https://app.example/'><script>alert(1)</script>")
    async with visiting(env, api) as window, framing(env) as frame:
        pages = [
            await window.get("/open", token=token_in(link)),
            await window.get("/open", token=EVIL),
            await window.post("/open", token=EVIL),
            await window.get(f"/request/{EVIL}"),
            await window.post(f"/request/{EVIL}", email=EVIL),
            await frame.get("/open", token=EVIL),
            await frame.post("/open", token=EVIL),
            await FrameBrowser(frame.http, org_id=EVIL).get("/open"),
        ]

    check_harmless(pages)
    assert SHOWN in pages[0].text


@pytest.mark.full
async def test_a_page_runs_and_loads_nothing_but_our_own_files(
    env: ApiEnvironment, api: httpx.AsyncClient, target: Target
) -> None:
    async with visiting(env, api, target.acme.customer["id"]) as browser:
        for path in ("/", "/details", f"/invoices/{target.acme.invoice['id']}"):
            page = await browser.get(path)
            policy = page.headers["content-security-policy"]
            assert "default-src 'none'; script-src 'self'; style-src 'self';" in policy
            assert "frame-ancestors 'none'" in policy
            assert re.findall(r"<style|<script|<[^<>]* (?:style|on\w+)=", page.text) == []
            loaded = re.findall(r'(?:src|<link[^>]* href)="([^"]*)"', page.text)
            assert all(address.startswith("/portal/") for address in loaded)
            assert page.headers["cache-control"] == "no-store"
        style = await browser.get("/static/portal.css")

    assert style.headers["content-type"].startswith("text/css")
