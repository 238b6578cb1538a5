"""A support agent's ten jobs for a customer on the phone, in a real browser; what came of them is asked of the API."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, Page

from billflow.models.contracts.console import ConsoleRole
from tests.api_environment import ApiEnvironment, until
from tests.console.browser import chromium, needs_chromium, opened, sign_in
from tests.console.people import Acme, bought
from tests.console.test_actions import asked_for
from tests.console.test_customer_actions import mail_to
from tests.mail.server import MailServer

pytestmark = [needs_chromium, pytest.mark.full]

WHY = "the customer asked on the phone"


@dataclass(frozen=True)
class Agent:
    """Somebody of support in front of a page, and what the API says meanwhile."""

    page: Page
    api: httpx.AsyncClient

    async def read(self, path: str) -> dict[str, Any]:
        """Return what the API answers."""
        return dict((await self.api.get(f"/api/v1{path}")).raise_for_status().json())

    async def find(self, text: str) -> str:
        """Type into the search field, open the best result by keyboard, and return the heading of its page."""
        if not self.page.url.endswith("/console/"):
            await self.page.get_by_role("link", name="billflow").click()
            await self.page.wait_for_url("**/console/")
        await self.page.keyboard.press("/")
        await self.page.keyboard.type(text)
        await self.page.wait_for_url(lambda url: httpx.URL(url).params.get("q") == text)
        await self.page.keyboard.press("ArrowDown")
        await self.page.keyboard.press("Enter")
        await self.page.wait_for_url(lambda url: "/customers/" in url or "/invoices/" in url)
        return await self.page.get_by_role("heading", level=1).inner_text()

    async def choose(self, what: str, menu: str = "Do something for this customer") -> None:
        """Open the form of an action in a menu of the page."""
        await self.page.get_by_text(menu).click()
        await self.page.get_by_role("link", name=what, exact=True).click()

    async def preview(self, **filled: str) -> str:
        """Fill a form in, by its fields' names, and return what would happen."""
        for name, text in filled.items():
            field = self.page.locator(f"main [name={name}]:visible")
            is_choice = await field.evaluate("one => one.tagName === 'SELECT'")
            await (field.select_option(text) if is_choice else field.fill(text))
        if await (button := self.page.get_by_role("button", name="Preview", exact=True)).count():
            await button.click()
        return await self.page.get_by_role("region", name="What would happen").inner_text()

    async def confirm(self, button: str, clicks: int = 1) -> None:
        """Say why, and press the button."""
        await self.page.get_by_label("Why is it done?").fill(WHY)
        await self.page.get_by_role("button", name=button, exact=True).click(click_count=clicks)

    async def done(self) -> str:
        """Return what the page says was done."""
        return await self.page.get_by_role("status").inner_text()


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    """Yield a browser for all these tests."""
    async with chromium() as running:
        yield running


@pytest.fixture
async def agent(env: ApiEnvironment, browser: Browser, api: httpx.AsyncClient) -> AsyncIterator[Agent]:
    """Yield somebody who has just signed in."""
    async with opened(browser, env) as page:
        await sign_in(page, env, ConsoleRole.SUPPORT)
        yield Agent(page, api)


@pytest.fixture(scope="module")
async def buyer(env: ApiEnvironment, api: httpx.AsyncClient) -> Acme:
    """Return the customer that calls."""
    return await bought(env, api, name="Caller & Sons", email="ruth.okafor@caller.example")


async def open_invoice(env: ApiEnvironment, api: httpx.AsyncClient) -> dict[str, Any]:
    """Return the invoice of a customer that is to pay it by itself."""
    customer = (await env.customer(card=None)).customer_id
    terms = {"tier": "cloud_standard", "schedule": "monthly", "license_management": "manual", "licenses": 30}
    asked = {**terms, "customer_id": customer, "collection_method": "send_invoice"}
    (await api.post("/api/v1/plans", json=asked)).raise_for_status()
    invoices = {"customer_id": customer, "status": "open"}

    async def issued() -> bool:
        return any(one["number"] for one in (await api.get("/api/v1/invoices", params=invoices)).json()["invoices"])

    await until(issued)
    return dict((await api.get("/api/v1/invoices", params=invoices)).json()["invoices"][0])


async def test_a_customer_is_found_by_a_part_of_its_e_mail_and_by_the_number_of_its_invoice(
    agent: Agent, buyer: Acme
) -> None:
    by_email = await agent.find("okafor@call")
    address = agent.page.url
    by_number = await agent.find(buyer.invoice["number"])
    await agent.page.get_by_role("link", name="Caller & Sons").click()
    await agent.page.wait_for_url(address)

    assert by_email.startswith("Caller & Sons")
    assert by_number.startswith(buyer.invoice["number"])
    assert address.endswith(f"/customers/{buyer.customer['id']}")


async def test_why_an_amount_is_what_it_is_is_one_click_away(agent: Agent, buyer: Acme) -> None:
    await agent.find(buyer.invoice["number"])
    await agent.page.get_by_text("Why this amount?").click()
    shown = await agent.page.locator("main tbody details").inner_text()

    explained = await agent.read(f"/invoices/{buyer.invoice['id']}/explain")
    [line] = explained["lines"]
    assert (buyer.invoice["total"], line["quantity"], line["amount"]) == (8000, 10, 8000)
    assert line["sentence"] in shown
    assert line["sentence"].endswith(" UTC: 10 x USD 8 = USD 80.")


async def test_licenses_are_changed_after_a_look_at_what_is_billed(agent: Agent, buyer: Acme) -> None:
    await agent.find("okafor@call")
    await agent.choose("Set licenses", "Do something with this plan")
    would = await agent.preview(licenses="12")
    before = await agent.read(f"/plans/{buyer.plan['id']}")
    await agent.confirm("Set licenses now")
    said = await agent.done()

    assert "Billed at once" in would
    assert (before["licenses"], said) == (10, "Cloud Standard, monthly, active; 12 licenses.")
    assert (await agent.read(f"/plans/{buyer.plan['id']}"))["licenses"] == 12


async def test_a_coupon_is_given_and_an_offer_made(env: ApiEnvironment, agent: Agent, buyer: Acme) -> None:
    coupon = {"code": "PHONE10", "percent_off": "10", "duration": "forever"}
    (await agent.api.post("/api/v1/coupons", json=coupon)).raise_for_status()
    prospect = await env.customer(card=None)
    await agent.find("okafor@call")
    await agent.choose("Give a coupon")
    discounted = await agent.preview(coupon="PHONE10")
    await agent.confirm("Give a coupon now")
    await agent.page.wait_for_url("**?done=attach-coupon")
    await agent.find(prospect.email)
    await agent.choose("Make an offer")
    offered = await agent.preview(tier="cloud_enterprise", fixed_price="9000")
    await agent.confirm("Make an offer now")
    await agent.page.wait_for_url("**?done=offer")

    assert "gets the coupon PHONE10, from its next cycle on." in discounted
    assert "is offered cloud enterprise at USD 9,000 a year, whatever the seats." in offered
    [given] = (await agent.read(f"/customers/{buyer.customer['id']}/redemptions"))["redemptions"]
    [offer] = (await agent.read(f"/customers/{prospect.customer_id}/offers"))["offers"]
    assert (given["code"], given["reason"], given["ended_at"]) == ("PHONE10", WHY, None)
    assert (offer["tier"], offer["fixed_price"], offer["status"]) == ("cloud_enterprise", 900_000, "open")


async def test_a_customer_is_credited_within_what_the_role_may(agent: Agent, buyer: Acme) -> None:
    await agent.find("okafor@call")
    await agent.choose("Grant a credit")
    would = await agent.preview(amount="12.50")
    await agent.confirm("Grant a credit now")
    await agent.page.wait_for_url("**?done=credit")

    assert "Caller & Sons is granted USD 12.50, which its next invoices use up." in would
    granted = (await agent.read(f"/customers/{buyer.customer['id']}/credits"))["credits"]
    assert [(one["amount"], one["reason"]) for one in granted] == [(1250, WHY)]


async def test_a_part_is_refunded_once_by_a_double_click_and_from_the_browsers_history(
    env: ApiEnvironment, agent: Agent, buyer: Acme
) -> None:
    await agent.find(buyer.invoice["number"])
    await agent.page.get_by_role("link", name="Refund", exact=True).click()
    would = await agent.preview(amount="5.50")
    await agent.confirm("Refund now", clicks=2)
    first = await agent.done()
    await agent.page.go_back()
    await agent.confirm("Refund now")
    again = await agent.done()

    assert "USD 5.50 goes back to the card." in would
    assert (first, again) == ("Done: Refund.", "Done: Refund.")
    shown = await agent.read(f"/invoices/{buyer.invoice['id']}")
    assert (shown["refunded"], len(shown["adjustments"])) == (550, 1)
    assert await asked_for(env, "invoice", buyer.invoice["id"]) == [("console.refund", WHY, "console:Kim")]


async def test_an_invoice_is_voided_and_one_that_is_paid_issued_again(env: ApiEnvironment, agent: Agent) -> None:
    unpaid, wrong = await open_invoice(env, agent.api), await bought(env, agent.api, name="Nine of Us")
    await agent.find(unpaid["number"])
    await agent.page.get_by_role("link", name="Void", exact=True).click()
    voided = await agent.preview()
    await agent.confirm("Void now")
    await agent.page.wait_for_url("**?done=void")
    await agent.find(wrong.invoice["number"])
    await agent.page.get_by_role("link", name="Issue again", exact=True).click()
    issued = await agent.preview(licenses_1="9")
    await agent.confirm("Issue again now")
    await agent.page.wait_for_url("**?done=reissue")

    assert "USD 240 is not owed any more." in voided
    assert "An invoice over USD 72 is issued in its place." in issued
    assert (await agent.read(f"/invoices/{unpaid['id']}"))["status"] == "void"
    old = await agent.read(f"/invoices/{wrong.invoice['id']}")
    new = await agent.read(f"/invoices/{old['replaced_by_invoice_id']}")
    assert (old["total"], new["total"]) == (8000, 7200)


async def test_a_trial_is_extended(env: ApiEnvironment, agent: Agent) -> None:
    customer = await env.customer()
    asked = {"customer_id": customer.customer_id, "tier": "cloud_standard", "schedule": "monthly", "trial_days": 14}
    plan = (await agent.api.post("/api/v1/plans", json=asked)).raise_for_status().json()["plan"]
    await agent.find(customer.email)
    await agent.choose("Extend trial", "Do something with this plan")
    await agent.preview(days="7")
    await agent.confirm("Extend trial now")
    await agent.done()

    longer = await agent.read(f"/plans/{plan['id']}")
    assert longer["status"] == "free_trial"
    before, after = (datetime.fromisoformat(one["end_date"] or one["due_at"]) for one in (plan, longer))
    assert (after - before).days == 7


async def test_a_customer_is_suspended_and_let_back_in(env: ApiEnvironment, agent: Agent) -> None:
    other = await bought(env, agent.api, name="Pausing Partners")
    customer = f"/customers/{other.customer['id']}"
    await agent.find(other.customer["email"])
    await agent.choose("Suspend")
    stands_still = await agent.preview()
    await agent.confirm("Suspend now")
    await agent.page.wait_for_url("**?done=suspend")
    suspended = (await agent.read(customer))["status"]
    await agent.choose("Activate")
    goes_on = await agent.preview()
    await agent.confirm("Activate now")
    await agent.page.wait_for_url("**?done=activate")

    assert "Cloud Standard of 10 licenses stands still." in stands_still
    assert "Cloud Standard of 10 licenses is billed again." in goes_on
    assert (suspended, (await agent.read(customer))["status"]) == ("suspended", "active")


async def test_a_card_link_is_handed_on_and_a_mail_sent_again(
    env: ApiEnvironment, agent: Agent, buyer: Acme, mails: MailServer
) -> None:
    mail_id = await mail_to(env, buyer, buyer.customer["id"])
    await agent.find("okafor@call")
    await agent.choose("Make a card link")
    await agent.preview()
    await agent.confirm("Make a card link now")
    link = await agent.page.get_by_role("link", name=env.stripe_url).get_attribute("href")
    await agent.page.get_by_role("link", name="Back to Caller & Sons").click()
    await agent.page.locator(f"a[href$='mail_id={mail_id}']").click()
    would = await agent.preview()
    await agent.confirm("Send a mail again now")
    await agent.page.wait_for_url("**?done=resend-mail")

    assert link
    assert link.startswith(f"{env.stripe_url}/")
    assert "“A reminder” (reminder due) goes to ruth.okafor@caller.example." in would
    sent = [text for text in mails.accepted if "To: ruth.okafor@caller.example" in text and "A reminder" in text]
    assert len(sent) == 1
