"""Customers who have opened a link into the portal."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit

import httpx

from billflow.pages.confirmations import new_key
from billflow.portal.security import IN_FRAMES, SESSION
from tests.api_environment import ApiEnvironment
from tests.console.people import is_same_page

_CSRF = re.compile(r'name="csrf_token" value="([^"]+)"')
_KEY = re.compile(r'name="key" value="([0-9a-f]{32})"')


@dataclass
class PortalBrowser:
    """A customer's browser: it keeps the portal's cookie, as one does on a trustworthy address."""

    http: httpx.AsyncClient
    cookie: str = ""
    csrf_token: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    others: dict[str, str] = field(default_factory=dict)

    name: ClassVar[str] = SESSION.name

    @property
    def base(self) -> str:
        """Return what addresses begin with."""
        return "/portal"

    async def get(self, path: str, **query: str) -> httpx.Response:
        """Open a page; where it is led to once more with a key, it is opened there, as browsers do."""
        answer = self._seen(await self.http.get(f"{self.base}{path}", params=query or None, headers=self._headers()))
        if is_same_page(answer):
            answer = self._seen(await self.http.get(answer.headers["location"], headers=self._headers()))
        return answer

    async def post(self, path: str, **form: str) -> httpx.Response:
        """Send a form of ours, with the key of a page that is opened for it unless there is one."""
        data = {"csrf_token": self.csrf_token, "key": new_key(), **form}
        return self._seen(await self.http.post(f"{self.base}{path}", data=data, headers=self._headers()))

    def _headers(self) -> dict[str, str]:
        kept = {self.name: self.cookie, **self.others}
        cookies = "; ".join(f"{name}={value}" for name, value in kept.items() if value)
        return {**({"Cookie": cookies} if cookies else {}), **self.headers}

    def _seen(self, answer: httpx.Response) -> httpx.Response:
        for line in answer.headers.get_list("set-cookie"):
            for name, kept in SimpleCookie(line.partition(";")[0]).items():
                self.others[name] = kept.value
        self.cookie = self.others.pop(self.name, self.cookie)
        if found := _CSRF.search(answer.text):
            self.csrf_token = found[1]
        return answer


@dataclass
class FrameBrowser(PortalBrowser):
    """The same in a frame of a page of the organization's."""

    org_id: str = ""

    name: ClassVar[str] = IN_FRAMES

    @property
    def base(self) -> str:
        """Return what addresses begin with."""
        return f"/portal/embedded/{self.org_id}"


async def link_of(api: httpx.AsyncClient, customer_id: str, **terms: str) -> dict[str, str]:
    """Return a new link into a customer's portal, as the API answers it."""
    made = await api.post(f"/api/v1/customers/{customer_id}/portal-links", json=terms)
    return dict(made.raise_for_status().json())


def token_in(link: dict[str, str]) -> str:
    """Return the secret in a link's address."""
    return parse_qs(urlsplit(link["url"]).query)["token"][0]


def frame_token_in(link: dict[str, str]) -> str:
    """Return the secret in the address of a link for a frame."""
    return urlsplit(link["url"]).fragment


def key_in(page: httpx.Response) -> str:
    """Return the key of the confirmation that a page shows."""
    found = _KEY.search(page.text)
    assert found, page.text
    return found[1]


@asynccontextmanager
async def visiting(
    env: ApiEnvironment, api: httpx.AsyncClient, customer_id: str | None = None, **terms: str
) -> AsyncIterator[PortalBrowser]:
    """Yield a browser, in which a link of the customer's was opened where there is one."""
    async with env.client() as http:
        browser = PortalBrowser(http)
        if customer_id:
            link = await link_of(api, customer_id, **terms)
            opened = await browser.post("/open", token=token_in(link))
            assert opened.status_code == 303, opened.text
            await browser.get("/")
        yield browser


@asynccontextmanager
async def framing(env: ApiEnvironment, org_id: str | None = None) -> AsyncIterator[FrameBrowser]:
    """Yield a browser with a frame, in which nothing is opened yet."""
    async with env.client() as http:
        yield FrameBrowser(http, org_id=org_id or env.org_id)
