"""The portal in a real browser: by keyboard, at every width, light and dark, without a violation that axe knows."""

from collections.abc import AsyncIterator
from http import HTTPStatus

import httpx
import pytest
from playwright.async_api import Browser, Page

from tests.api_environment import ApiEnvironment
from tests.console.browser import Scheme, chromium, cut_off, needs_chromium, opened, overflow, picture, violations
from tests.console.people import Acme, bought
from tests.portal.visitors import link_of, token_in
from tests.sizes import further, sized

pytestmark = needs_chromium


FEW = ("overview", "details", "licenses", "fewer", "request")
"""The pages that are looked at in the small size; the last one has a form for an address."""


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    """Yield a browser for all these tests."""
    async with chromium() as running:
        yield running


async def seen(env: ApiEnvironment, api: httpx.AsyncClient, language: str) -> Acme:
    """Return a customer with much to see: an address, a contact, a refund and an offer."""
    company = {
        "name": "Northwind Traders",
        "default_language": language,
        "billing_address": {"street": "7 Harbour Road", "city": "Bristol", "postal_code": "BS1 4XE", "country": "GB"},
    }
    found = await bought(env, api, **company)
    customer = f"/api/v1/customers/{found.customer['id']}"
    contact = {"name": "Priya Shah", "email": "priya@northwind.example", "is_primary": True}
    (await api.post(f"{customer}/contacts", json=contact)).raise_for_status()
    (await api.post(f"/api/v1/invoices/{found.invoice['id']}/refund", json={"amount": 500})).raise_for_status()
    (await api.post(f"{customer}/credits", json={"amount": 2500, "reason": "outage"})).raise_for_status()
    return found


async def enter(page: Page, api: httpx.AsyncClient, acme: Acme) -> list[str]:
    """Open a link and press its button; return what axe finds wrong with that page."""
    link = await link_of(api, acme.customer["id"], return_url="https://app.example/billing")
    await page.goto(f"/portal/open?token={token_in(link)}")
    found = await violations(page)
    await page.get_by_role("button").press("Enter")
    await page.wait_for_url("**/portal/")
    return found


@pytest.mark.parametrize(
    ("scheme", "width", "language"),
    [
        ("dark", 360, "fr"),
        *further(("dark", 360, "it"), ("light", 360, "de"), ("light", 360, "en"), ("light", 1280, "en")),
        *further(("dark", 768, "de"), ("dark", 1280, "it"), ("light", 2560, "fr")),
    ],
)
async def test_no_page_has_a_violation_or_is_wider_than_its_window(
    env: ApiEnvironment, browser: Browser, api: httpx.AsyncClient, *, scheme: Scheme, width: int, language: str
) -> None:
    acme = await seen(env, api, language)
    plan = f"/portal/plans/{acme.plan['id']}"
    pages = {
        "overview": "/portal/",
        "invoices": "/portal/invoices",
        "invoice": f"/portal/invoices/{acme.invoice['id']}",
        "details": "/portal/details?done=saved",
        "at-renewal": f"{plan}/licenses-at-renewal",
        "annual": f"{plan}/annual",
        "licenses": f"{plan}/licenses?value=12",
        "fewer": f"{plan}/licenses?value=3",
        "upgrade": f"{plan}/upgrade?value=cloud_plus",
        "cancel": f"{plan}/cancel",
        "unknown": "/portal/nothing",
        "left": "/portal/left",
        "request": f"/portal/request/{env.org_id}",
    }
    expected = {"fewer": HTTPStatus.CONFLICT, "unknown": HTTPStatus.NOT_FOUND}
    async with opened(browser, env, width, scheme, statuses=expected.values()) as page:
        found = await enter(page, api, acme)
        for name in sized(FEW, tuple(pages), tuple(pages)):
            answer = await page.goto(pages[name])
            assert answer
            assert answer.status == expected.get(name, HTTPStatus.OK), name
            await picture(page, f"portal-{name}-{language}-{scheme}-{width}")
            found += await violations(page)
            assert await overflow(page) <= 0, (name, width)
            assert await cut_off(page) == [], (name, width)
        await page.get_by_role("textbox").fill("books@northwind.example")
        await page.get_by_role("button").click()
        await page.get_by_role("status").wait_for()
        found += await violations(page)

    assert found == []


@pytest.mark.full
async def test_a_double_click_opens_a_link_as_one_does(
    env: ApiEnvironment, browser: Browser, api: httpx.AsyncClient
) -> None:
    link = await link_of(api, (await bought(env, api)).customer["id"])
    async with opened(browser, env) as page:
        await page.goto(f"/portal/open?token={token_in(link)}")
        await page.get_by_role("button").dblclick()
        await page.locator(".tabs").wait_for()  # on whichever page: the second click may have met a link of the first


async def test_a_customer_buys_licenses_and_names_a_contact_by_keyboard_alone(
    env: ApiEnvironment, browser: Browser, api: httpx.AsyncClient
) -> None:
    acme = await seen(env, api, "en")
    async with opened(browser, env) as page:
        await enter(page, api, acme)
        press, type_ = page.keyboard.press, page.keyboard.type
        await page.get_by_role("link", name="Buy more licenses").focus()
        await press("Enter")
        await page.get_by_label("Licenses").focus()
        await press("Control+a")
        await type_("13")
        await press("Enter")
        await page.get_by_role("heading", name="What this changes").wait_for()
        await page.get_by_role("button", name="Confirm").focus()
        await press("Enter")
        await page.get_by_role("status").wait_for()
        await page.get_by_role("link", name="Billing details").focus()
        await press("Enter")
        await page.get_by_text("Add a contact").first.focus()
        await press("Enter")
        await page.locator("#new-name").focus()
        await type_("Sam Hill")
        await press("Tab")
        await type_("sam@northwind.example")
        await press("Enter")
        await page.get_by_text("Sam Hill").wait_for()

    plan = (await api.get(f"/api/v1/plans/{acme.plan['id']}")).json()
    contacts = (await api.get(f"/api/v1/customers/{acme.customer['id']}/contacts")).json()
    assert (plan["licenses"], contacts["total"]) == (13, 2)
