"""Real Chromium, Debian's, for tests that look at pages as people do."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Frame, Page, async_playwright

from billflow.models.contracts.console import ConsoleRole
from tests.api_environment import ApiEnvironment
from tests.console.people import link_token
from tests.waiting import PATIENCE

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
PICTURES = "BILLFLOW_PICTURES"
"""The variable that names a folder in which pictures are kept."""

needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="pages are looked at with Chromium, and none is here: apt-get install chromium"
)

Scheme = Literal["light", "dark"]


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Run Chromium; as root it runs without its sandbox, which needs another user."""
    async with async_playwright() as playwright:
        options = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=options, timeout=PATIENCE * 1000)
        try:
            yield browser
        finally:
            async with asyncio.timeout(PATIENCE):
                await browser.close()


@asynccontextmanager
async def opened(
    browser: Browser,
    env: ApiEnvironment,
    width: int = 1280,
    scheme: Scheme = "light",
    statuses: Collection[int] = (),
) -> AsyncIterator[Page]:
    """Yield a page of a window that nobody is signed in to.

    Whatever the browser complains of fails the test, but for *statuses* of those statuses.
    """
    # Playwright bounds what waits for a page, not keys, scripts, and the window's own beginning and end.
    async with asyncio.timeout(2 * PATIENCE):
        context = await browser.new_context(
            base_url=env.api_url, viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce"
        )
        context.set_default_timeout(PATIENCE * 1000)
        page, complaints = await context.new_page(), list[str]()
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        try:
            yield page
            known = [f"status of {status} " for status in statuses]
            assert [text for text in complaints if not any(one in text for one in known)] == []
        finally:
            await context.close()


async def sign_in(page: Page, env: ApiEnvironment, role: ConsoleRole) -> None:
    """Open a link and press its button, which a page focuses only once it is drawn: after it is loaded."""
    await page.goto(f"/console/sign-in?token={await link_token(env, role)}")
    await page.get_by_role("button", name="Sign in").press("Enter")
    await page.wait_for_url("**/console/")


async def violations(page: Page | Frame) -> list[str]:
    """Return what axe finds wrong with a page, or with one in a frame."""
    found: Any = await Axe().run(page)
    return [
        f"{page.url}: {one['id']}: {node['target']} {node['failureSummary']}"
        for one in found.response["violations"]
        for node in one["nodes"]
    ]


async def overflow(page: Page) -> int:
    """Return by how many pixels the page is wider than its window."""
    wider: int = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return wider


async def cut_off(page: Page) -> list[str]:
    """Return the texts of amounts and headings that the window does not show in full, nor lets anybody scroll to."""
    found: list[str] = await page.evaluate(_CUT_OFF)
    return found


_CUT_OFF = """() => [...document.querySelectorAll("h1, h2, dd, .number, .pill, button, .button")].filter(one => {
  const box = one.getBoundingClientRect();
  const scrolls = one.closest(".scroll, textarea, [tabindex='0']");
  const isBox = getComputedStyle(one).display !== "inline";
  return box.width > 1 && !scrolls && (isBox && one.scrollWidth > one.clientWidth + 1
    || box.right > document.documentElement.clientWidth + 1 || box.left < -1);
}).map(one => one.textContent.trim())"""


async def picture(page: Page, name: str) -> None:
    """Keep a picture of the whole page, where `PICTURES` says so."""
    if folder := PICTURE_FOLDER:
        await page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


PICTURE_FOLDER = os.environ.get(PICTURES)
