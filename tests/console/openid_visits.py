"""Browsers that sign in at the provider, as far as they get."""

from collections.abc import Iterator
from http import HTTPStatus
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.console.openid_provider import (
    OpenIdProvider,
)
from tests.console.people import ConsolePerson
from tests.waiting import PATIENCE

KIM = {"sub": "u-1", "email": "kim@seller.example", "email_verified": True, "groups": ["staff", "billing-support"]}


@pytest.fixture
def provider(openid: OpenIdProvider) -> Iterator[OpenIdProvider]:
    """Return the provider, which lets Kim in and lies about nothing."""
    openid.person, openid.described, openid.lies, openid.sign, openid.refuses = dict(KIM), {}, {}, None, ""
    yield openid
    openid.described = {}


async def sent_to_provider(person: ConsolePerson, **query: str) -> str:
    """Begin to sign in, and return the address to which the provider sends the browser back."""
    begun = await person.get("/sign-in/openid", **query)
    assert begun.status_code == HTTPStatus.SEE_OTHER, begun.text
    async with httpx.AsyncClient(timeout=PATIENCE) as browser:
        return str((await browser.get(begun.headers["location"])).headers["location"])


async def back(person: ConsolePerson, address: str) -> httpx.Response:
    """Come back from the provider."""
    parts = urlsplit(address)
    assert parts.path == "/console/sign-in/openid/callback"
    return await person.get("/sign-in/openid/callback", **{name: one[0] for name, one in parse_qs(parts.query).items()})


async def signed_in(person: ConsolePerson, **query: str) -> httpx.Response:
    """Sign in, as far as it goes."""
    return await back(person, await sent_to_provider(person, **query))


def assert_refused(person: ConsolePerson, answer: httpx.Response, status: HTTPStatus, said: str) -> None:
    """Assert that somebody is told why, and is not in."""
    assert (answer.status_code, said in answer.text) == (status, True), answer.text
    assert 'role="alert"' in answer.text
    assert person.cookie == ""
