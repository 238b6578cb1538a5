"""A customer's six jobs in its portal, in a real browser; what came of them is asked of the API."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, Page

from tests.api_environment import ApiEnvironment
from tests.console.browser import chromium, needs_chromium, opened
from tests.console.people import Acme, bought
from tests.portal.visitors import link_of, token_in

pytestmark = [needs_chromium, pytest.mark.full]


@dataclass(frozen=True)
class Customer:
    """Somebody of a customer's in front of its portal, and what the API says meanwhile."""

    page: Page
    api: httpx.AsyncClient
    acme: Acme

    async def read(self, path: str) -> dict[str, Any]:
        """Return what the API answers."""
        return dict((await self.api.get(f"/api/v1{path}")).raise_for_status().json())

    async def plan(self) -> dict[str, Any]:
        """Return the plan as it stands."""
        return await self.read(f"/plans/{self.acme.plan['id']}")

    async def follow(self, link: str) -> None:
        """Open a link of the page."""
        await self.page.get_by_role("link", name=link, exact=True).click()

    async def press(self, button: str) -> None:
        """Press a button of the page."""
        await self.page.get_by_role("button", name=button, exact=True).click()

    async def would(self, title: str = "What this changes") -> str:
        """Return what the page says a change comes to."""
        return await self.page.get_by_role("region", name=title).inner_text()

    async def confirm(self) -> str:
        """Confirm, and return what the overview then says was done."""
        await self.press("Confirm")
        return await self.page.get_by_role("status").inner_text()


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    """Yield a browser for all these tests."""
    async with chromium() as running:
        yield running


@pytest.fixture
async def customer(
    env: ApiEnvironment, browser: Browser, api: httpx.AsyncClient, request: pytest.FixtureRequest
) -> AsyncIterator[Customer]:
    """Yield somebody of a new customer's, who has just opened a link; English unless the test says otherwise."""
    language = getattr(request, "param", "en")
    acme = await bought(env, api, name="Bakery Okafor", default_language=language)
    async with opened(browser, env, statuses=[HTTPStatus.CONFLICT]) as page:
        await page.goto(f"/portal/open?token={token_in(await link_of(api, acme.customer['id']))}")
        await page.get_by_role("button").click()
        await page.wait_for_url("**/portal/")
        yield Customer(page, api, acme)


async def test_one_looks_at_the_next_invoice_and_why_it_is_that_much(customer: Customer) -> None:
    shown = customer.page.locator(".columns")
    folded = await shown.inner_text()
    await customer.page.get_by_text("How this comes about").click()
    unfolded = await shown.inner_text()

    [forecast] = (await customer.read(f"/plans/{customer.acme.plan['id']}/forecast"))["invoices"][:1]
    assert forecast["total"] == 8000
    assert "$80.00" in folded
    assert "10 × $8.00" not in folded
    assert "10 × $8.00" in unfolded


async def test_an_invoice_is_downloaded_as_the_file_that_the_api_has(customer: Customer) -> None:
    invoice = customer.acme.invoice
    await customer.follow("Invoices")
    await customer.follow(invoice["number"])
    async with customer.page.expect_download() as saved:
        await customer.page.get_by_role("link", name=f"Invoice {invoice['number']}").click(modifiers=["Alt"])
    file = await saved.value

    kept = await customer.api.get(f"/api/v1/invoices/{invoice['id']}/pdf")
    assert file.suggested_filename == f"{invoice['number']}.pdf"
    assert await asyncio.to_thread(Path(await file.path()).read_bytes) == kept.content
    assert kept.content.startswith(b"%PDF")


@pytest.mark.parametrize("customer", ["fr"], indirect=True)
async def test_licenses_are_bought_once_by_a_double_click_in_french(customer: Customer) -> None:
    await customer.follow("Acheter des licences")
    await customer.page.get_by_label("Licences").fill("13")
    await customer.press("Voir ce que cela donne")
    would = await customer.would("Ce que cela change")
    before = await customer.plan()
    await customer.page.get_by_role("button", name="Confirmer", exact=True).dblclick()
    said = await customer.page.get_by_role("status").inner_text()
    await customer.page.go_back()
    refused = await customer.page.get_by_role("alert").inner_text()

    assert "Facturé tout de suite" in would
    assert (said, refused) == ("C’est fait : votre abonnement est modifié.", "C’est déjà le cas.")
    assert (before["licenses"], (await customer.plan())["licenses"]) == (10, 13)
    timeline = (await customer.read(f"/plans/{customer.acme.plan['id']}/timeline"))["timeline"]
    assert len([entry for entry in timeline if entry["name"] == "set_licenses"]) == 1


async def test_one_upgrades_after_a_look_at_what_is_credited(customer: Customer) -> None:
    await customer.follow("Upgrade")
    await customer.page.get_by_label("Tier").select_option("cloud_plus")
    await customer.press("See what it comes to")
    would = await customer.would()
    said = await customer.confirm()

    assert "Cloud Plus takes the place of your plan, monthly." in would
    assert "of what you have paid is credited to you." in would
    assert said == "Done: your plan is changed."
    plans = (await customer.read(f"/plans?customer_id={customer.acme.customer['id']}"))["plans"]
    assert {(one["tier"], one["status"]) for one in plans} == {("cloud_standard", "ended"), ("cloud_plus", "active")}


async def test_a_plan_is_cancelled_and_that_undone(customer: Customer) -> None:
    await customer.follow("Cancel the plan")
    ends = await customer.would()
    await customer.confirm()
    cancelled = (await customer.plan())["status"]
    await customer.follow("Take the change back")
    goes_on = await customer.would()
    await customer.confirm()

    assert "Nothing more will be billed." in ends
    assert "$80.00" in goes_on
    assert (cancelled, (await customer.plan())["status"]) == ("downgrade_at_end_of_cycle", "active")


async def test_address_tax_id_and_a_contact_are_changed(customer: Customer) -> None:
    address = {"street": "Lindenstr. 1", "postal_code": "10969", "city": "Berlin", "country": "DE"}
    await customer.follow("Billing details")
    for name, text in {**address, "tax_id": "DE136695976", "invoice_email": "books@bakery.example"}.items():
        await customer.page.locator(f"#{name}").fill(text)
    await customer.press("Save")
    saved = await customer.page.get_by_role("status").inner_text()
    await customer.page.get_by_text("Add a contact").first.click()
    await customer.page.locator("#new-name").fill("Sam Hill")
    await customer.page.locator("#new-email").fill("sam@bakery.example")
    await customer.press("Add a contact")
    await customer.page.get_by_text("Sam Hill").wait_for()

    shown = await customer.read(f"/customers/{customer.acme.customer['id']}")
    contacts = (await customer.read(f"/customers/{customer.acme.customer['id']}/contacts"))["contacts"]
    assert saved == "Saved."
    assert {name: shown["billing_address"][name] for name in address} == address
    assert shown["settings"]["company"]["tax_id"] == "DE136695976"
    assert shown["billing_account"]["invoice_email"] == "books@bakery.example"
    assert [(one["name"], one["email"]) for one in contacts] == [("Sam Hill", "sam@bakery.example")]
