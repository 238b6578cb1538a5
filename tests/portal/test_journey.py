"""What a customer does by itself: looks, changes its plan after seeing what that comes to, and keeps its details."""

import re
from http import HTTPStatus

import httpx
import pytest

from billflow.models.contracts.audit import AuditFilter
from billflow.models.contracts.records import Paging
from tests.api_environment import ApiEnvironment, until
from tests.console.people import Acme, bought
from tests.portal.visitors import PortalBrowser, key_in, visiting


@pytest.fixture(scope="module")
async def buyer(env: ApiEnvironment, api: httpx.AsyncClient) -> Acme:
    """Return a customer that changes things."""
    return await bought(env, api, name="Buyer Ltd.")


async def plan_of(api: httpx.AsyncClient, acme: Acme) -> dict[str, object]:
    """Return the plan as the API shows it."""
    return dict((await api.get(f"/api/v1/plans/{acme.plan['id']}")).json())


async def confirm(browser: PortalBrowser, acme: Acme, action: str, value: str = "") -> httpx.Response:
    """Look at what an action comes to, and confirm it twice; return the page with what it comes to."""
    path = f"/plans/{acme.plan['id']}/{action}"
    query = {"value": value} if value else {}
    preview = await browser.get(path, **query)
    sent = {"key": key_in(preview), **query}
    first, again = await browser.post(path, **sent), await browser.post(path, **sent)
    assert [first.status_code, again.status_code] == [HTTPStatus.SEE_OTHER] * 2, first.text
    assert first.headers["location"] == again.headers["location"] == "/portal/?done=done"
    return preview


async def test_the_overview_says_what_one_has_and_what_comes(
    env: ApiEnvironment, api: httpx.AsyncClient, acme: Acme
) -> None:
    async with visiting(env, api, acme.customer["id"], return_url="https://app.example/billing") as browser:
        page = await browser.get("/")

    for said in (
        "10 licenses of Cloud Standard, monthly.",
        "of 10; free: ",
        "Next invoice",
        "How this comes about",
        acme.invoice["number"],
        "Paid on",
        'href="https://app.example/billing"',
        "Back to app.example",
        "Buy more licenses",
        "Cancel the plan",
    ):
        assert said in page.text
    assert "ERP-4711" not in page.text


@pytest.mark.full
async def test_an_invoice_says_how_it_comes_about_and_is_a_file(
    env: ApiEnvironment, api: httpx.AsyncClient, buyer: Acme
) -> None:
    refund = {"amount": 100, "reason": "requested_by_customer"}
    (await api.post(f"/api/v1/invoices/{buyer.invoice['id']}/refund", json=refund)).raise_for_status()

    async def refunded() -> bool:
        shown = (await api.get(f"/api/v1/invoices/{buyer.invoice['id']}")).json()
        return any(one["number"] for one in shown["adjustments"])

    await until(refunded)
    async with visiting(env, api, buyer.customer["id"]) as browser:
        listed = await browser.get("/invoices")
        page = await browser.get(f"/invoices/{buyer.invoice['id']}")
        files = re.findall(r'href="/portal(/invoices/[^"]*/pdf)"', page.text)
        documents = [await browser.get(file) for file in files]

    assert buyer.invoice["number"] in listed.text
    assert "10 ×" in page.text
    assert len(files) == 2
    assert all(one.content.startswith(b"%PDF") for one in documents)
    assert "Refund RF-" in page.text


async def test_licenses_are_bought_after_a_look_and_once(
    env: ApiEnvironment, api: httpx.AsyncClient, buyer: Acme
) -> None:
    async with visiting(env, api, buyer.customer["id"]) as browser:
        empty = await browser.get(f"/plans/{buyer.plan['id']}/licenses")
        preview = await confirm(browser, buyer, "licenses", "12")
        overview = await browser.get("/", done="done")

    assert 'value="10"' in empty.text
    assert "What this changes" not in empty.text
    for said in ("What this changes", "<td><strong>12</strong></td>", "Billed at once", "Without this change"):
        assert said in preview.text
    assert "Done: your plan is changed." in overview.text
    assert "12 licenses of Cloud Standard" in overview.text
    timeline = (await api.get(f"/api/v1/plans/{buyer.plan['id']}/timeline")).json()["timeline"]
    actors = [entry["actor"] for entry in timeline if entry["name"] == "set_licenses"]
    assert len(actors) == 1
    assert actors[0].startswith("portal:")
    names = {entry["actor_name"] for entry in timeline if entry["name"] == "set_licenses"}
    assert names == {"the customer, in the portal"}


@pytest.mark.full
async def test_a_schedule_is_switched_and_that_is_taken_back(
    env: ApiEnvironment, api: httpx.AsyncClient, buyer: Acme
) -> None:
    async with visiting(env, api, buyer.customer["id"]) as browser:
        await confirm(browser, buyer, "annual")
        switched = await plan_of(api, buyer)
        page = await browser.get("/")
        await confirm(browser, buyer, "undo")
        back = await plan_of(api, buyer)

    assert switched["status"] == "switch_to_annual_at_end_of_cycle"
    assert "becomes annual on" in page.text
    assert "Take the change back" in page.text
    assert back["status"] == "active"


@pytest.mark.full
async def test_a_plan_is_cancelled_at_the_end_of_what_is_paid(
    env: ApiEnvironment, api: httpx.AsyncClient, buyer: Acme
) -> None:
    async with visiting(env, api, buyer.customer["id"]) as browser:
        preview = await confirm(browser, buyer, "cancel")
        page = await browser.get("/")
        cancelled = await plan_of(api, buyer)
        await confirm(browser, buyer, "undo")

    assert "ends on" in preview.text
    assert "ends on" in page.text
    assert cancelled["status"] == "downgrade_at_end_of_cycle"


@pytest.mark.full
async def test_an_upgrade_offers_the_tiers_above_and_says_what_is_credited(
    env: ApiEnvironment, api: httpx.AsyncClient
) -> None:
    climber = await bought(env, api, name="Climber")
    async with visiting(env, api, climber.customer["id"]) as browser:
        empty = await browser.get(f"/plans/{climber.plan['id']}/upgrade")
        preview = await confirm(browser, climber, "upgrade", "cloud_plus")
        page = await browser.get("/")

    assert '<option value="cloud_plus">Cloud Plus</option>' in empty.text
    assert "cloud_enterprise" not in empty.text
    assert "Cloud Plus takes the place of your plan, monthly." in preview.text
    assert "of what you have paid is credited to you." in preview.text
    assert "licenses of Cloud Plus" in page.text


@pytest.mark.full
async def test_a_trial_is_ended_before_it_costs_anything(env: ApiEnvironment, api: httpx.AsyncClient) -> None:
    customer = await env.customer()
    asked = {"customer_id": customer.customer_id, "tier": "cloud_standard", "schedule": "monthly", "trial_days": 30}
    plan = (await api.post("/api/v1/plans", json=asked)).raise_for_status().json()["plan"]
    trying = Acme({"id": customer.customer_id}, plan, {})
    async with visiting(env, api, customer.customer_id) as browser:
        before = await browser.get("/")
        preview = await confirm(browser, trying, "cancel")
        after = await browser.get("/")

    assert "free trial until" in before.text
    assert "Nothing more will be billed." in preview.text
    assert "ends with the trial on" in after.text


async def test_a_refusal_says_in_the_readers_words_what_to_do_and_does_nothing(
    env: ApiEnvironment, api: httpx.AsyncClient, acme: Acme
) -> None:
    path, before = f"/plans/{acme.plan['id']}/licenses", await plan_of(api, acme)
    async with visiting(env, api, acme.customer["id"]) as browser:
        fewer, no_number = await browser.get(path, value="3"), await browser.get(path, value="many")
        confirmed = await browser.post(path, value="3", key="a" * 32)
        unkeyed = await browser.post(path, value="12", key="")
        again = await browser.get(f"/plans/{acme.plan['id']}/monthly")
        unknown = await browser.get(f"/plans/{acme.plan['id']}/everything")

    codes = [answer.status_code for answer in (fewer, no_number, confirmed, unkeyed, again, unknown)]
    assert codes == [409, 422, 409, 422, 409, 404]
    assert "before the next renewal" in fewer.text
    assert "Something is not filled in as it should be: Licenses." in no_number.text
    assert "That is how it is already." in again.text
    assert await plan_of(api, acme) == before


async def test_address_tax_id_and_invoice_address_are_kept_together(
    env: ApiEnvironment, api: httpx.AsyncClient, buyer: Acme
) -> None:
    german = {
        "street": "Lindenstr. 1",
        "postal_code": "10969",
        "city": "Berlin",
        "country": "DE",
        "tax_id": "DE136695976",
        "invoice_email": "books@buyer.example",
    }
    french = {**german, "country": "FR", "tax_id": "FR40303265045", "city": "Paris"}
    customer = f"/api/v1/customers/{buyer.customer['id']}"
    async with visiting(env, api, buyer.customer["id"]) as browser:
        sent = [await browser.post("/details", **values) for values in (german, french)]
        page = await browser.get("/details")
        wrong = await browser.post("/details", **{**french, "country": "DE"})
        nowhere = await browser.post("/details", **{**french, "country": "XX"})
        no_email = await browser.post("/details", **{**french, "invoice_email": "a@b.example, c@d.example"})
    shown = (await api.get(customer)).json()

    assert [one.headers["location"] for one in sent] == ["/portal/details?done=saved"] * 2
    assert 'value="FR40303265045"' in page.text
    assert [one.status_code for one in (wrong, nowhere, no_email)] == [422] * 3
    assert "The VAT number is of another country than your address." in wrong.text
    assert "There is no such country." in nowhere.text
    assert shown["billing_address"]["city"] == "Paris"
    assert shown["settings"]["company"]["tax_id"] == "FR40303265045"
    assert shown["billing_account"]["invoice_email"] == "books@buyer.example"
    found = await env.engine.queries.audit.list(
        env.org_id, AuditFilter(subject_id=buyer.customer["id"], action="customer.updated"), Paging()
    )
    assert {row.actor.partition(":")[0] for row in found.rows} == {"portal"}


@pytest.mark.full
async def test_contacts_are_added_changed_and_removed(env: ApiEnvironment, api: httpx.AsyncClient, buyer: Acme) -> None:
    contacts = f"/api/v1/customers/{buyer.customer['id']}/contacts"
    async with visiting(env, api, buyer.customer["id"]) as browser:
        added = [await browser.post("/contacts", name="Max", email="max@buyer.example") for _ in range(2)]
        (one,) = (await api.get(contacts)).json()["contacts"]
        await browser.post(f"/contacts/{one['id']}", name="Maxi", email="maxi@buyer.example")
        await browser.post(f"/contacts/{one['id']}", do="make_primary")
        page = await browser.get("/details")
        (changed,) = (await api.get(contacts)).json()["contacts"]
        await browser.post(f"/contacts/{one['id']}", do="remove")
        gone = await browser.post(f"/contacts/{one['id']}", do="remove")

    assert "There is a contact with that e-mail address already." in added[1].text
    assert (changed["name"], changed["email"], changed["is_primary"]) == ("Maxi", "maxi@buyer.example", True)
    assert "maxi@buyer.example" in page.text
    assert gone.status_code == HTTPStatus.NOT_FOUND
    assert (await api.get(contacts)).json()["contacts"] == []


@pytest.mark.full
async def test_the_card_is_entered_on_a_page_of_stripes(
    env: ApiEnvironment, api: httpx.AsyncClient, buyer: Acme
) -> None:
    async with visiting(env, api, buyer.customer["id"]) as browser:
        answer = await browser.get("/card")

    assert answer.status_code == HTTPStatus.SEE_OTHER
    assert answer.headers["location"].startswith(env.stripe_url)


@pytest.mark.full
async def test_an_offer_is_taken_once(env: ApiEnvironment, api: httpx.AsyncClient) -> None:
    customer = await env.customer()
    offers = f"/api/v1/customers/{customer.customer_id}/offers"
    terms = {"tier": "cloud_enterprise", "fixed_price": 1200000}
    offer = (await api.post(offers, json=terms)).raise_for_status().json()["offer"]
    async with visiting(env, api, customer.customer_id) as browser:
        overview = await browser.get("/")
        page = await browser.get(f"/offers/{offer['id']}")
        sent = {"key": key_in(page), "schedule": "annual"}
        answers = [await browser.post(f"/offers/{offer['id']}", **sent) for _ in range(2)]
        wrong = await browser.post(f"/offers/{offer['id']}", key="b" * 32, schedule="quarterly")
        after = await browser.get("/", done="accepted")

    assert "Cloud Enterprise for $12,000.00 a year" in overview.text
    assert [one.headers["location"] for one in answers] == ["/portal/?done=accepted"] * 2
    assert wrong.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert "Cloud Enterprise at a fixed price, annually." in after.text
    plans = (await api.get("/api/v1/plans", params={"customer_id": customer.customer_id})).json()
    assert plans["total"] == 1


@pytest.mark.full
async def test_an_offer_without_a_card_begins_nothing_and_says_so(env: ApiEnvironment, api: httpx.AsyncClient) -> None:
    customer = await env.customer(card=None)
    offers = f"/api/v1/customers/{customer.customer_id}/offers"
    terms = {"tier": "cloud_enterprise", "fixed_price": 1200000}
    offer = (await api.post(offers, json=terms)).raise_for_status().json()["offer"]
    async with visiting(env, api, customer.customer_id) as browser:
        page = await browser.get(f"/offers/{offer['id']}")
        answer = await browser.post(f"/offers/{offer['id']}", key=key_in(page), schedule="annual")
        await env.give_card(customer.customer_id)
        retried = await browser.post(f"/offers/{offer['id']}", key=key_in(answer), schedule="annual")

    assert "The payment was not made" in answer.text
    assert retried.headers["location"] == "/portal/?done=accepted"
