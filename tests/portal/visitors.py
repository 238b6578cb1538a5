"""Customers who have opened a link into the portal."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from urllib.parse import parse_qs, urlsplit

import httpx

from billflow.portal.security import SESSION
from tests.api_environment import ApiEnvironment

_CSRF = re.compile(r'name="csrf_token" value="([^"]+)"')
_KEY = re.compile(r'name="key" value="([0-9a-f]{32})"')


@dataclass
class PortalBrowser:
    """A customer's browser: it keeps the portal's cookie, as one does on a trustworthy address."""

    http: httpx.AsyncClient
    cookie: str = ""
    csrf_token: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    async def get(self, path: str, **query: str) -> httpx.Response:
        """Open a page."""
        return self._seen(await self.http.get(f"/portal{path}", params=query or None, headers=self._headers()))

    async def post(self, path: str, **form: str) -> httpx.Response:
        """Send a form of ours."""
        data = {"csrf_token": self.csrf_token, **form}
        return self._seen(await self.http.post(f"/portal{path}", data=data, headers=self._headers()))

    def _headers(self) -> dict[str, str]:
        return {**({"Cookie": f"{SESSION.name}={self.cookie}"} if self.cookie else {}), **self.headers}

    def _seen(self, answer: httpx.Response) -> httpx.Response:
        for line in answer.headers.get_list("set-cookie"):
            self.cookie = SimpleCookie(line)[SESSION.name].value
        if found := _CSRF.search(answer.text):
            self.csrf_token = found[1]
        return answer


async def link_of(api: httpx.AsyncClient, customer_id: str, **terms: str) -> dict[str, str]:
    """Return a new link into a customer's portal, as the API answers it."""
    made = await api.post(f"/api/v1/customers/{customer_id}/portal-links", json=terms)
    return dict(made.raise_for_status().json())


def token_in(link: dict[str, str]) -> str:
    """Return the secret in a link's address."""
    return parse_qs(urlsplit(link["url"]).query)["token"][0]


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
