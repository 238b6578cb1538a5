"""The pages in a real browser: by keyboard, at every width, light and dark, without a violation that axe knows."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

import httpx
import pytest
from playwright.async_api import Browser, FilePayload, Route

from billflow.models.contracts.console import ConsoleRole
from billflow.models.contracts.customers import ChangeContext
from billflow.models.contracts.seller import SELLER_FILE
from tests.api_environment import ApiEnvironment
from tests.console.browser import (
    Scheme,
    chromium,
    cut_off,
    needs_chromium,
    opened,
    overflow,
    picture,
    sign_in,
    violations,
)
from tests.console.openid_provider import OpenIdProvider
from tests.console.openid_visits import KIM
from tests.console.people import Acme, bought, drifted, previewed
from tests.console.test_editing import ADDRESS, LOGO
from tests.console.test_parallel_run import planted

pytestmark = needs_chromium

OF_THE_BUSINESS = {
    "business": "/console/business",
    "operate": "/console/operate",
    "terms": "/console/operate/terms",
    "catalog": "/console/operate/catalog/1",
    "keys": "/console/operate/keys",
    "endpoints": "/console/operate/endpoints",
    "key": "/console/operate/keys/make?name=backend&read=yes&preview=yes",
    "audit": "/console/operate/audit",
    "verdict": "/console/operate/audit/verify",
    "clocks": "/console/operate/clocks",
    "batches": "/console/operate/batches",
    "batch-commands": "/console/operate/batches/make?tier=cloud_standard",
    "batch-form": "/console/operate/batches/make/extend_trial?tier=cloud_standard&status=free_trial",
    "dry-runs": "/console/operate/dry-runs",
    "dry-run-form": "/console/operate/dry-runs/make",
    "parallel-run": "/console/operate/parallel-run",
    "compare": "/console/operate/reconciliation/start?days=30&preview=yes",
    "seller": "/console/operate/seller/edit",
    "seller-preview": "/console/operate/seller/edit?legal_name=Rockets&street=Ring+1&city=Ulm&country=DE&preview=yes",
    "logo": "/console/operate/seller/logo",
    "dunning": "/console/operate/dunning/edit",
    "dunning-preview": "/console/operate/dunning/edit?retry_after_days=1,4,9&suspend_customer=yes&preview=yes",
    "catalog-text": "/console/operate/documents/catalog",
    "tax-text": "/console/operate/documents/tax",
    "endpoint-form": "/console/operate/endpoints/make",
    "renewals": "/console/business/renewals",
    "movements": "/console/business/movements?since=2026-01-01T00:00&until=2027-01-01T00:00",
    "invoices": "/console/lists/invoices?unpaid=yes&due_until=2027-01-01T00:00",
}
"""Pages about no customer, by the names of their pictures."""


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    """Yield a browser for all these tests."""
    async with chromium() as running:
        yield running


@pytest.fixture(scope="module")
async def seen(env: ApiEnvironment, api: httpx.AsyncClient, acme: Acme) -> Acme:
    """Return a customer with much to see: a year of seats, contacts, a refund and a debt."""
    company = {
        "name": "Northwind Traders",
        "erp_customer_number": "ERP-90210",
        "billing_address": {"street": "7 Harbour Road", "city": "Bristol", "postal_code": "BS1 4XE", "country": "GB"},
        "metadata": {"crm": "https://crm.example/7"},
    }
    found = await bought(env, api, **company)
    customer, now = found.customer["id"], datetime.now(UTC)
    days = [(now - timedelta(days=7 * week), 9 - week // 8) for week in range(1, 50)]
    seats = [{"observed_at": at.isoformat(), "members": members, "guests": 1} for at, members in days]
    (await api.post(f"/api/v1/deployments/{found.customer['deployment_id']}/seats", json=seats)).raise_for_status()
    contact = {"name": "Priya Shah", "email": "priya@northwind.example", "is_primary": True}
    (await api.post(f"/api/v1/customers/{customer}/contacts", json=contact)).raise_for_status()
    (await api.post(f"/api/v1/invoices/{found.invoice['id']}/refund", json={"amount": 500})).raise_for_status()
    change = ChangeContext(actor="console:Kim", at=now, reason="half a year of renewals")
    half_a_year_on = datetime(2026, 7, 31, tzinfo=UTC)
    await env.engine.repositories.test_clocks.begin_advance(env.org_id, acme.clock["id"], half_a_year_on, change)
    run_id, finding_id = await drifted(env, found)
    found = replace(found, batch=await previewed(api, found), run_id=run_id, finding_id=finding_id)
    _, parallel_plan = await planted(api)
    found = replace(found, parallel_plan=parallel_plan)
    return replace(found, endpoint=acme.endpoint, clock=acme.clock, key_id=acme.key_id)


def pages_of(seen: Acme) -> dict[str, str]:
    """Return the console's pages about a customer, by name."""
    return {
        "find": "/console/?q=north",
        "start": "/console/",
        "customer": f"/console/customers/{seen.customer['id']}?part=timeline",
        "invoice": f"/console/invoices/{seen.invoice['id']}",
        "list": "/console/lists/plans?status=active",
        "form": f"/console/plans/{seen.plan['id']}/commands/upgrade_tier_now",
        "preview": f"/console/plans/{seen.plan['id']}/commands/set_licenses?licenses=14&preview=yes",
        "refund": f"/console/invoices/{seen.invoice['id']}/refund?amount=5&preview=yes",
        "reissue": f"/console/invoices/{seen.invoice['id']}/reissue?licenses_1=9&preview=yes",
        "offer": f"/console/customers/{seen.customer['id']}/do/offer",
        "suspension": f"/console/customers/{seen.customer['id']}/do/suspend",
        "batch": f"/console/operate/batches/{seen.batch['id']}",
        "repair": f"/console/operate/reconciliation/{seen.run_id}/findings/{seen.finding_id}",
        "prices": f"/console/customers/{seen.customer['id']}/do/prices",
        "portal-link": f"/console/customers/{seen.customer['id']}/do/portal-link?expires_in_days=7&preview=yes",
        "customer-as-of": f"/console/customers/{seen.customer['id']}/as-of",
        "plan-as-of": f"/console/plans/{seen.plan['id']}/as-of",
        "invoice-as-of": f"/console/invoices/{seen.invoice['id']}/as-of",
        "sorted": "/console/lists/customers?sort=-name",
        "credit": f"/console/customers/{seen.customer['id']}/do/credit?amount=5&preview=yes",
        "endpoint": f"/console/operate/endpoints/{seen.endpoint['id']}",
        "endpoint-change": f"/console/operate/endpoints/{seen.endpoint['id']}/change",
        "clock": f"/console/operate/clocks/{seen.clock['id']}",
        "rotate": f"/console/operate/keys/{seen.key_id}/rotate",
        "parallel-plan": f"/console/operate/parallel-run/plans/{seen.parallel_plan}",
        "result": f"/console/plans/{seen.plan['id']}/results/unknown",
    }


@pytest.mark.full
@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 360), ("dark", 768), ("light", 2560)])
async def test_no_page_has_a_violation_or_is_wider_than_its_window(
    env: ApiEnvironment, browser: Browser, seen: Acme, scheme: Scheme, width: int
) -> None:
    expected = {"result": HTTPStatus.NOT_FOUND}
    async with opened(browser, env, width, scheme, statuses={HTTPStatus.NOT_FOUND}) as page:
        await page.goto("/console/sign-in")
        found = await violations(page)
        await sign_in(page, env, ConsoleRole.ADMIN)
        for name, path in {**OF_THE_BUSINESS, **pages_of(seen)}.items():
            answer = await page.goto(path)
            assert answer
            assert answer.status == expected.get(name, HTTPStatus.OK), name
            await picture(page, f"{name}-{scheme}-{width}")
            found += await violations(page)
            assert await overflow(page) <= 0, (name, width)
            assert await cut_off(page) == [], (name, width)

    assert found == []


@pytest.mark.full
async def test_what_is_printed_is_black_on_white_without_what_one_clicks(
    env: ApiEnvironment, browser: Browser, seen: Acme
) -> None:
    clicked = "header, form, iframe, button, .button, .choices, .actions"
    async with opened(browser, env, 1280, "dark") as page:
        await sign_in(page, env, ConsoleRole.ADMIN)
        for name in ("customer", "invoice", "list"):
            await page.goto(pages_of(seen)[name])
            assert await page.locator(clicked).locator("visible=true").count()
            await page.emulate_media(media="print")
            colors = await page.evaluate(
                "(({color, backgroundColor}) => [color, backgroundColor])(getComputedStyle(document.body))"
            )
            assert colors == ["rgb(0, 0, 0)", "rgb(255, 255, 255)"]
            muted = await page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--muted')")
            assert muted == "#58626b", "the palette is that of the light scheme"
            assert await page.locator(clicked).locator("visible=true").count() == 0, name
            await page.emulate_media(media="screen")


@pytest.mark.full
async def test_support_helps_a_customer_by_keyboard_alone(
    env: ApiEnvironment, browser: Browser, api: httpx.AsyncClient, seen: Acme
) -> None:
    async with opened(browser, env, statuses={HTTPStatus.CONFLICT}) as page:
        await sign_in(page, env, ConsoleRole.SUPPORT)
        press, type_ = page.keyboard.press, page.keyboard.type
        await press("/")
        await type_("northwi")
        await page.wait_for_url("**/console/?q=northwi")  # the last results are there, and none come any more
        await press("ArrowDown")
        await press("Enter")
        await page.get_by_role("heading", name="Northwind Traders").wait_for()
        await page.get_by_text("Do something with this plan").focus()
        await press("Enter")
        await page.get_by_role("link", name="Set licenses", exact=True).focus()
        await press("Enter")
        await page.get_by_label("Licenses").focus()
        await press("Control+a")
        await type_("13")
        await press("Enter")
        await page.get_by_role("heading", name="What would happen").wait_for()
        await page.get_by_label("Why is it done?").focus()
        await type_("three people join")
        await page.get_by_role("button", name="Set licenses now").dblclick()
        await page.get_by_role("heading", name="Done").wait_for()
        await page.go_back()
        await page.get_by_role("alert").wait_for()

    timeline = (await api.get(f"/api/v1/plans/{seen.plan['id']}/timeline")).json()["timeline"]
    assert [entry["actor"] for entry in timeline if entry["name"] == "set_licenses"] == ["console:Kim"]


@pytest.mark.full
async def test_what_one_types_finds_nothing_that_another_wrote_into_the_page(
    env: ApiEnvironment, browser: Browser, api: httpx.AsyncClient
) -> None:
    evil = "<img src=x onerror=document.title='owned'><script>document.title='owned'</script>"
    made = await api.post("/api/v1/customers", json={"name": f"Zebra {evil}", "email": "zebra@zebra.example"})
    made.raise_for_status()
    async with opened(browser, env) as page:
        await sign_in(page, env, ConsoleRole.VIEWER)
        await page.get_by_role("searchbox").press_sequentially("zebra")
        await page.wait_for_url("**/console/?q=zebra")
        link = page.get_by_role("link", name="Zebra").first
        assert evil in await link.inner_text()
        await link.click()
        await page.get_by_role("heading", name="Zebra").wait_for()

        assert "owned" not in await page.title() or evil in await page.title()
        assert await page.locator("main img, main script").count() == 0


async def test_a_search_for_which_there_was_no_connection_is_asked_again(
    env: ApiEnvironment, browser: Browser, acme: Acme
) -> None:
    asked = list[str]()

    async def busy_at_first(route: Route) -> None:
        asked.append(route.request.url)
        if len(asked) == 1:
            await route.fulfill(status=HTTPStatus.SERVICE_UNAVAILABLE, headers={"Retry-After": "1"})
        else:
            await route.continue_()

    async with opened(browser, env, statuses={HTTPStatus.SERVICE_UNAVAILABLE}) as page:
        await sign_in(page, env, ConsoleRole.VIEWER)
        await page.route("**/console/find?*", busy_at_first)
        await page.get_by_role("searchbox").fill("rocket")
        await page.wait_for_url("**/console/?q=rocket")

        assert await page.get_by_role("link", name=acme.customer["name"]).count() == 1
    assert len(asked) == 2


@pytest.mark.full
async def test_an_operator_checks_a_file_sees_what_it_changes_and_applies_it(
    env: ApiEnvironment, browser: Browser, api: httpx.AsyncClient
) -> None:
    version = (await api.get("/api/v1/catalog")).json()["version"]
    async with opened(browser, env, statuses={HTTPStatus.UNPROCESSABLE_ENTITY}) as page:
        await sign_in(page, env, ConsoleRole.ADMIN)
        await page.goto("/console/operate/documents/catalog")
        text = await page.get_by_label("The text, in TOML").input_value()
        await page.get_by_label("The text, in TOML").fill(f"{text}\n[tier.squad]\nname = 7\n")
        await page.get_by_role("button", name="Check").click()
        told = await page.get_by_role("alert").inner_text()
        kept = await page.get_by_label("The text, in TOML").input_value()
        changed = f'{text}\n[tier.squad]\nname = "Squad"\n'.encode()
        file = FilePayload(name="ours.toml", mimeType="text/plain", buffer=changed)
        await page.get_by_label("Or a file in its place").set_input_files(file)
        await page.get_by_role("button", name="Check").click()
        await page.get_by_role("cell", name="Squad", exact=True).wait_for()
        await picture(page, "console-catalog")
        found = await violations(page)
        await page.get_by_label("Why is it done?").fill("a tier for squads")
        await page.get_by_role("button", name="Change the catalogue now").click()
        await page.get_by_role("heading", name="Catalogue and terms").wait_for()

    assert told.startswith(f"Line {len(text.splitlines()) + 3}: tier.squad.name")
    assert kept.endswith("name = 7\n")
    assert found == []
    sold = (await api.get("/api/v1/catalog")).json()
    assert (sold["version"], sold["reason"], sold["tier"]["squad"]["name"]) == (
        version + 1,
        "a tier for squads",
        "Squad",
    )


@pytest.mark.full
async def test_a_logo_is_seen_on_the_newest_invoice_before_it_is_applied(
    env: ApiEnvironment, browser: Browser, seen: Acme
) -> None:
    document = SELLER_FILE.parse({"legal_name": "Rockets GmbH", "address": ADDRESS})
    change = ChangeContext(actor="tests", at=datetime.now(UTC))
    await env.engine.repositories.sellers.apply(env.org_id, document, change)
    assert seen.invoice["number"]
    async with opened(browser, env) as page:
        await sign_in(page, env, ConsoleRole.ADMIN)
        await page.goto("/console/operate/seller/logo")
        picked = FilePayload(name="logo.svg", mimeType="image/svg+xml", buffer=LOGO.replace(b"</svg>", b"<g/></svg>"))
        await page.get_by_label("Another picture").set_input_files(picked)
        await page.get_by_role("button", name="Look at it").click()
        shown = page.get_by_role("img", name="The logo as it would be printed")
        await shown.wait_for()
        assert await shown.evaluate("one => one.complete && one.naturalWidth > 0")
        async with page.expect_response("**/operate/seller/logo/sample") as sample:
            await page.get_by_role("button", name="Show it on the newest invoice").click()
        printed = await sample.value
        found = await violations(page)
        await picture(page, "console-logo")
        await page.get_by_label("Why is it done?").fill("our new logo")
        await page.get_by_role("button", name="Change the logo now").click()
        await page.get_by_role("heading", name="Catalogue and terms").wait_for()
        await page.goto("/console/operate/seller/logo")
        now = page.get_by_role("img", name="The logo that is printed now")
        assert await now.evaluate("one => one.complete && one.naturalWidth > 0")

    assert (printed.status, printed.headers["content-type"]) == (HTTPStatus.OK, "application/pdf")
    assert found == []


@pytest.mark.full
async def test_signing_out_leads_to_the_provider_and_back(
    env: ApiEnvironment, browser: Browser, openid: OpenIdProvider
) -> None:
    openid.person, openid.described, openid.lies, openid.refuses = dict(KIM), {}, {}, ""
    openid.ended.clear()
    async with opened(browser, env) as page:
        await page.goto("/console/sign-in/openid")
        await page.get_by_role("searchbox").wait_for()
        await page.get_by_role("button", name="Sign out").click()
        await page.wait_for_url("**/console/sign-in")
        await page.goto("/console/")

        assert "/console/sign-in" in page.url
    assert openid.ended == ["u-1"]
