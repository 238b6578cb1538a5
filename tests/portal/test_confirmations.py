"""Payments that the customer's bank wants confirmed: the portal leads to Stripe's page, and shows what came of it."""

from collections.abc import AsyncIterator
from http import HTTPStatus

import httpx
import pytest
from playwright.async_api import Browser, Page, expect

from tests.api_environment import ApiEnvironment, until
from tests.console.browser import chromium, needs_chromium, opened, picture, violations
from tests.console.people import bought
from tests.portal.visitors import link_of, token_in

EACH_TIME = "pm_card_threeDSecure2Required"
"""A card whose bank asks the customer at each payment."""

pytestmark = needs_chromium


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    """Yield a browser for all these tests."""
    async with chromium() as running:
        yield running


async def enter(page: Page, api: httpx.AsyncClient, customer_id: str) -> None:
    """Open a link and press its button."""
    await page.goto(f"/portal/open?token={token_in(await link_of(api, customer_id))}")
    await page.get_by_role("button", name="Open").click()
    await page.wait_for_url("**/portal/")


async def confirm_at_stripe(page: Page, env: ApiEnvironment) -> None:
    """Pay on Stripe's page, and say to the bank that it is us."""
    await page.get_by_role("link", name="Confirm the payment").click()
    await page.wait_for_url(f"{env.stripe_url}/**")
    await page.get_by_role("button").first.click()
    if await page.get_by_role("button", name="Authenticate").count():
        await page.get_by_role("button", name="Authenticate").click()


@pytest.mark.full
async def test_an_upgrade_whose_payment_is_to_be_confirmed_is_paid_on_stripes_page(
    env: ApiEnvironment, api: httpx.AsyncClient, browser: Browser
) -> None:
    acme = await bought(env, api, name="Careful Bank")
    await env.give_card(acme.customer["id"], EACH_TIME)

    async def is_paid() -> bool:
        found = await api.get("/api/v1/invoices", params={"customer_id": acme.customer["id"], "status": "paid"})
        return bool(found.json()["total"] == 2)

    async with opened(browser, env, statuses=[HTTPStatus.NOT_FOUND]) as page:
        await enter(page, api, acme.customer["id"])
        await page.get_by_role("link", name="Upgrade").click()
        await page.get_by_label("Tier").select_option("cloud_plus")
        await page.get_by_role("button", name="See what it comes to").click()
        await page.get_by_role("button", name="Confirm").click()
        await page.get_by_role("status").wait_for()

        async def asked() -> bool:
            await page.reload()
            return bool(await page.get_by_text("Waits for your confirmation").count())

        await until(asked)
        asks = "Your bank asks you to confirm the payment of $40.00"
        await expect(page.get_by_text(asks)).to_be_visible()
        await picture(page, "portal-confirm")
        assert await violations(page) == []
        await confirm_at_stripe(page, env)
        await until(is_paid)
        await page.goto("/portal/")
        await expect(page.get_by_text("10 licenses of Cloud Plus")).to_be_visible()
        assert await page.get_by_role("link", name="Confirm the payment").count() == 0


@pytest.mark.full
async def test_an_offer_whose_payment_is_to_be_confirmed_begins_after_stripes_page(
    env: ApiEnvironment, api: httpx.AsyncClient, browser: Browser
) -> None:
    customer = await env.customer(card=EACH_TIME)
    terms = {"tier": "cloud_enterprise", "fixed_price": 1200000}
    offers = f"/api/v1/customers/{customer.customer_id}/offers"
    (await api.post(offers, json=terms)).raise_for_status()

    async def has_begun() -> bool:
        plans = (await api.get("/api/v1/plans", params={"customer_id": customer.customer_id})).json()["plans"]
        return [one["status"] for one in plans] == ["active"]

    async with opened(browser, env, statuses=[HTTPStatus.NOT_FOUND]) as page:
        await enter(page, api, customer.customer_id)
        await page.get_by_role("link", name="Look at the offer").click()
        await page.get_by_role("button", name="Accept").click()
        await page.get_by_text("Your bank asks you to confirm the payment.").wait_for()
        await confirm_at_stripe(page, env)
        await until(has_begun)
        await page.goto("/portal/")
        await expect(page.get_by_text("Cloud Enterprise at a fixed price, annually.")).to_be_visible()
