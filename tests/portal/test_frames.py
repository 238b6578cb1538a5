"""The portal in a frame of our user's own page, in a real browser: shown to origins that are allowed, to no other."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from http import HTTPStatus

import httpx
import pytest
from playwright.async_api import Browser, Frame, Page, expect

from tests.api_environment import ApiEnvironment
from tests.console.browser import chromium, needs_chromium, picture, violations
from tests.console.people import Acme, bought
from tests.portal.framing import HostPages, host_pages
from tests.portal.visitors import link_of
from tests.sizes import further
from tests.waiting import PATIENCE

pytestmark = needs_chromium


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    """Yield a browser for all these tests."""
    async with chromium() as running:
        yield running


@pytest.fixture
async def page(browser: Browser) -> AsyncIterator[Page]:
    """Yield a window that nobody is signed in to."""
    context = await browser.new_context()
    context.set_default_timeout(PATIENCE * 1000)
    try:
        yield await context.new_page()
    finally:
        await context.close()


@pytest.fixture(scope="module")
def product() -> Iterator[HostPages]:
    """Yield the pages of our user's product."""
    with host_pages() as pages:
        yield pages


@pytest.fixture(scope="module")
def stranger() -> Iterator[HostPages]:
    """Yield the pages of somebody else, on a site that is not the product's."""
    with host_pages("stranger.localhost") as pages:
        yield pages


@pytest.fixture(scope="module")
async def framed(env: ApiEnvironment, api: httpx.AsyncClient, product: HostPages) -> AsyncIterator[Acme]:
    """Yield a customer of an organization that lets its product's pages frame the portal."""
    (await api.put("/api/v1/portal", json={"embed_origins": [product.origin]})).raise_for_status()
    yield await bought(env, api, name="Framed Works")
    (await api.put("/api/v1/portal", json={})).raise_for_status()


@dataclass(frozen=True)
class Framing:
    """A customer whose portal the product's pages may frame, and others' pages that may not."""

    acme: Acme
    product: HostPages
    stranger: HostPages


@pytest.fixture(scope="module")
def framing(framed: Acme, product: HostPages, stranger: HostPages) -> Framing:
    """Return them together."""
    return Framing(framed, product, stranger)


async def in_frame(page: Page) -> Frame:
    """Return the frame of the product's page."""
    element = await page.locator("iframe").element_handle()
    frame = await element.content_frame()
    assert frame
    return frame


@pytest.mark.full
async def test_a_customer_works_in_a_frame_of_an_allowed_origin(
    env: ApiEnvironment, api: httpx.AsyncClient, page: Page, product: HostPages, framed: Acme
) -> None:
    link = await link_of(api, framed.customer["id"], origin=product.origin)
    product.frame, requests = link["url"], list[str]()
    page.on("request", lambda one: requests.append(f"{one.url} {one.headers}"))
    await page.goto(product.origin)
    frame = await in_frame(page)
    await frame.get_by_role("heading", name="Overview").wait_for()
    assert await frame.get_by_role("button", name="Sign out").count() == 0
    await frame.get_by_role("link", name="Buy more licenses").click()
    await frame.get_by_label("Licenses").fill("11")
    await frame.get_by_role("button", name="See what it comes to").click()
    await frame.get_by_role("heading", name="What this changes").wait_for()
    found = await violations(frame)
    await frame.get_by_role("button", name="Confirm").click()
    await frame.get_by_role("status").wait_for()
    found += await violations(frame)
    await picture(page, "portal-frame")

    cookies = {one["name"]: one for one in await page.context.cookies()}
    token = link["url"].partition("#")[2]
    shown = (await api.get(f"/api/v1/plans/{framed.plan['id']}")).json()
    assert (shown["licenses"], found) == (11, [])
    assert frame.url == f"{env.api_url}/portal/embedded/{env.org_id}/?done=done"
    assert {name: (one["sameSite"], one["httpOnly"]) for name, one in cookies.items()} == {
        "billflow_portal_frame": ("None", True)
    }
    assert cookies["billflow_portal_frame"]["partitionKey"] == "http://localhost"
    assert not [sent for sent in requests if token in sent]


@pytest.mark.full
async def test_what_leaves_a_frame_is_a_file_or_a_page_of_its_own(
    api: httpx.AsyncClient, env: ApiEnvironment, page: Page, product: HostPages, framed: Acme
) -> None:
    product.frame = (await link_of(api, framed.customer["id"], origin=product.origin))["url"]
    await page.goto(product.origin)
    frame = await in_frame(page)
    async with page.expect_download() as saved:
        await frame.get_by_role("link", name=f"PDF {framed.invoice['number']}").click()
    await frame.get_by_role("link", name="Billing details").click()
    await frame.get_by_role("link", name="Enter another card").click()
    await frame.get_by_role("link", name="Leave it as it is").wait_for()
    found = await violations(frame)
    await picture(page, "portal-frame-card")
    await frame.get_by_role("link", name="Enter another card").click()
    await page.wait_for_url(f"{env.stripe_url}/**")

    assert (await saved.value).suggested_filename.endswith(".pdf")
    assert found == []


@pytest.mark.parametrize("around", ["itself", *further("an allowed page")])
async def test_a_page_of_an_origin_that_is_not_allowed_frames_nothing(
    api: httpx.AsyncClient, page: Page, framing: Framing, around: str
) -> None:
    product, stranger, framed = framing.product, framing.stranger, framing.acme
    link = await link_of(api, framed.customer["id"], origin=product.origin)
    product.frame = link["url"]
    stranger.frame = link["url"] if around == "itself" else product.origin
    refused = list[str]()
    page.on("console", lambda message: refused.append(message.text) if message.type == "error" else None)
    await page.goto(stranger.origin)
    await page.wait_for_load_state("networkidle")

    assert [text for text in refused if "frame-ancestors" in text and product.origin in text]
    assert [one.url for one in page.frames if "/portal/" in one.url] == []
    unopened = (await api.get(f"/api/v1/customers/{framed.customer['id']}/portal-links")).json()["portal_links"][0]
    assert (unopened["id"], unopened["opened_at"]) == (link["id"], None)


@pytest.mark.full
async def test_a_session_that_began_in_a_frame_is_in_no_other_sites_frame_and_in_no_window(
    env: ApiEnvironment, api: httpx.AsyncClient, page: Page, framing: Framing
) -> None:
    product, stranger, framed = framing.product, framing.stranger, framing.acme
    product.frame = (await link_of(api, framed.customer["id"], origin=product.origin))["url"]
    await page.goto(product.origin)
    await (await in_frame(page)).get_by_role("heading", name="Overview").wait_for()
    pages = f"{env.api_url}/portal/embedded/{env.org_id}/"
    stranger.frame = pages
    await page.goto(stranger.origin)
    await page.wait_for_load_state("networkidle")
    elsewhere = [one.url for one in page.frames[1:]]
    answer = await page.goto(pages)

    assert elsewhere == ["chrome-error://chromewebdata/"]
    assert answer
    assert answer.status == HTTPStatus.UNAUTHORIZED
    assert "Framed Works" not in await page.content()


@pytest.mark.full
async def test_a_form_of_the_page_around_does_nothing_in_the_session_of_its_frame(
    env: ApiEnvironment, api: httpx.AsyncClient, page: Page, product: HostPages, framed: Acme
) -> None:
    product.frame = (await link_of(api, framed.customer["id"], origin=product.origin))["url"]
    await page.goto(product.origin)
    frame = await in_frame(page)
    await frame.get_by_role("heading", name="Overview").wait_for()
    target = f"{env.api_url}/portal/embedded/{env.org_id}/plans/{framed.plan['id']}/cancel"
    form = f'<form method=post action="{target}" target=billing><input name=key value="{"e" * 32}"></form>'
    before = (await api.get(f"/api/v1/plans/{framed.plan['id']}")).json()
    async with page.context.expect_event("response", lambda one: one.url == target) as answered:
        await page.evaluate(
            """form => {
                document.body.insertAdjacentHTML("beforeend", form);
                document.forms[0].submit();
            }""",
            form,
        )

    answer = await answered.value
    assert (answer.status, answer.frame) == (HTTPStatus.FORBIDDEN, frame)
    assert "billflow_portal_frame=" in (await answer.request.all_headers())["cookie"]
    assert "foreign_form" in await answer.text()
    assert (await api.get(f"/api/v1/plans/{framed.plan['id']}")).json() == before


@pytest.mark.full
async def test_a_frame_reads_and_fits_at_360_pixels_in_french(
    api: httpx.AsyncClient, browser: Browser, product: HostPages, framed: Acme
) -> None:
    (await api.patch(f"/api/v1/customers/{framed.customer['id']}", json={"default_language": "fr"})).raise_for_status()
    product.frame = (await link_of(api, framed.customer["id"], origin=product.origin))["url"]
    context = await browser.new_context(viewport={"width": 1000, "height": 900}, locale="fr-FR", color_scheme="dark")
    page = await context.new_page()
    await page.goto(product.origin)
    await page.locator("iframe").evaluate("frame => { frame.width = 360; }")
    frame = await in_frame(page)
    await expect(frame.get_by_role("heading", level=1)).to_be_visible(timeout=PATIENCE * 1000)
    width = await frame.evaluate("document.documentElement.scrollWidth")
    await picture(page, "portal-frame-fr-360")
    await context.close()

    assert width <= 360
