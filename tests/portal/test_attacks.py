"""What somebody hostile tries: text that is markup, forms of other sites, others' ids, what is switched off."""

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from http import HTTPStatus
from uuid import uuid4

import httpx
import pytest
from fastapi.routing import APIRoute

from billflow.models.contracts.portal import PortalSettings
from billflow.portal.actions import ACTIONS
from billflow.portal.app import ROUTERS
from billflow.portal.security import PortalRoute
from tests.api_environment import ApiEnvironment, until
from tests.console.people import Acme, bought
from tests.console.test_attacks import EVIL, MARKUP
from tests.portal.visitors import PortalBrowser, link_of, token_in, visiting
from tests.store.conftest import rows_of

CHANGED_BY_FORMS = frozenset(
    {"customer", "customer_contact", "customer_plan", "customer_plan_offer", "license_ledger", "step"}
)
"""The tables that every form of the portal writes into; what Stripe tells later is in others."""

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


def addresses(target: Target) -> Iterator[PortalAddress]:
    """Yield every route of the portal, about a customer's things, with each action."""
    ids = {
        "plan_id": target.acme.plan["id"],
        "invoice_id": target.acme.invoice["id"],
        "contact_id": target.contact_id,
        "offer_id": target.offer_id,
        "adjustment_id": target.refund_id,
        "folder": "refunds",
    }
    for route in (route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)):
        names = set(re.findall(r"{(\w+)}", route.path))
        for action in ACTIONS if "action" in names else [""]:
            path = route.path.format(**ids, action=action)
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
    async with visiting(env, api) as browser:
        for one in addresses(target):
            if one.needs_session:
                answer = await ask(browser, one)
                assert answer.status_code == HTTPStatus.UNAUTHORIZED, one
                assert "Target Practice" not in answer.text, one

    assert await all_rows(env, env_database_url) == before


async def test_a_form_of_another_site_is_refused_everywhere(
    env: ApiEnvironment, api: httpx.AsyncClient, target: Target, env_database_url: str
) -> None:
    before = await all_rows(env, env_database_url)
    async with visiting(env, api, target.acme.customer["id"]) as browser:
        token = browser.csrf_token
        for one in addresses(target):
            if one.method != "POST" or not one.needs_session:
                continue
            for forged in ("", "x", "é", token[:-1]):
                answer = await ask(browser, one, csrf_token=forged)
                assert (answer.status_code, "foreign_form" in answer.text) == (HTTPStatus.FORBIDDEN, True), one
            browser.headers = {"Sec-Fetch-Site": "cross-site"}
            assert (await ask(browser, one)).status_code == HTTPStatus.FORBIDDEN, one
            browser.headers = {}

    assert await all_rows(env, env_database_url) == before


async def check_nothing_is_found(env: ApiEnvironment, stranger: httpx.AsyncClient, target: Target, url: str) -> None:
    """Ask every route for the target's things from the session of a new customer of the stranger's organization."""
    new = {"name": "Stranger", "email": f"{uuid4().hex}@stranger.example"}
    customer = (await stranger.post("/api/v1/customers", json=new)).raise_for_status().json()["id"]
    before = await all_rows(env, url)
    async with visiting(env, stranger, customer) as browser:
        for one in addresses(target):
            if one.names_an_id:
                answer = await ask(browser, one)
                assert answer.status_code == HTTPStatus.NOT_FOUND, one
                assert "Target Practice" not in answer.text, one

    assert await all_rows(env, url) == before


async def test_what_is_another_customers_is_not_found_on_any_route(
    env: ApiEnvironment, api: httpx.AsyncClient, target: Target, env_database_url: str
) -> None:
    await check_nothing_is_found(env, api, target, env_database_url)


@pytest.mark.full
async def test_what_is_another_organizations_is_not_found_on_any_route(
    env: ApiEnvironment, target: Target, env_database_url: str
) -> None:
    org_id = await env.engine.repositories.organizations.ensure("portal-stranger")
    async with env.client(await env.key(org_id=org_id)) as stranger:
        await check_nothing_is_found(env, stranger, target, env_database_url)


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


@pytest.mark.full
async def test_no_text_that_somebody_writes_becomes_markup(
    env: ApiEnvironment, api: httpx.AsyncClient, hostile: Acme
) -> None:
    plan, invoice = f"/plans/{hostile.plan['id']}", f"/invoices/{hostile.invoice['id']}"
    link = await link_of(api, hostile.customer["id"], return_url="https://app.example/'><script>alert(1)</script>")
    async with visiting(env, api) as browser:
        pages = [await browser.get("/open", token=token_in(link))]
        await browser.post("/open", token=token_in(link))
        pages += [
            await browser.get("/", done=EVIL),
            await browser.get("/details", done=EVIL),
            await browser.get("/invoices", after=EVIL),
            await browser.get(invoice),
            await browser.get(f"{plan}/licenses", value=EVIL),
            await browser.get(f"{plan}/licenses", value="12"),
            await browser.get(f"{plan}/upgrade", value=EVIL),
            await browser.post(f"{plan}/licenses", value=EVIL, key="f" * 32),
            await browser.post("/details", street=EVIL, country=EVIL, tax_id=EVIL, invoice_email=EVIL),
            await browser.post("/contacts", name=EVIL, email=EVIL),
            await browser.get(f"/plans/{EVIL}/licenses"),
            await browser.get(f"{plan}/{EVIL}"),
            await browser.get(f"/{EVIL}"),
            await browser.get("/open", token=EVIL),
        ]

    for page in pages:
        assert not [text for text in MARKUP if text in page.text], page.url
        assert "&amp;lt;script" not in page.text, page.url
        assert page.status_code < HTTPStatus.INTERNAL_SERVER_ERROR, page.url
    assert escape(EVIL).replace("&#x27;", "&#39;").replace("&quot;", "&#34;") in pages[2].text


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
