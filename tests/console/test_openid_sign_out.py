"""Signing out by OpenID Connect: the session here ends always, and the provider's where it has a page for that."""

import re
from html import unescape
from http import HTTPStatus

import httpx
import pytest

from billflow.console.sign_out import ID_TOKEN_COOKIE, LONGEST_TOKEN
from billflow.models.contracts.console import ConsoleRole
from tests.api_environment import ApiEnvironment
from tests.console.openid_provider import OpenIdProvider
from tests.console.openid_visits import provider, signed_in
from tests.console.people import ConsolePerson, browsing
from tests.waiting import PATIENCE

__all__ = ["provider"]

REFRESH = re.compile(r"0; url=(\S+)")


async def signed_out(person: ConsolePerson) -> httpx.Response:
    """Sign out from a page that was opened."""
    await person.get("/")
    answer = await person.post("/sign-out")
    assert (await person.get("/")).headers["location"].startswith("/console/sign-in")
    return answer


async def test_the_providers_session_ends_too_and_the_browser_comes_back(
    env: ApiEnvironment, provider: OpenIdProvider
) -> None:
    provider.ended.clear()
    async with browsing(env) as person:
        begun = await signed_in(person)
        answer = await signed_out(person)
    found = REFRESH.fullmatch(answer.headers["refresh"])
    assert found
    async with httpx.AsyncClient(timeout=PATIENCE) as browser:
        came_back = (await browser.get(found[1])).headers["location"]

    kept = next(line for line in begun.headers.get_list("set-cookie") if line.startswith(ID_TOKEN_COOKIE))
    assert all(word in kept for word in ("HttpOnly", "Secure", "SameSite=strict", "Path=/console/sign-out"))
    assert "You are signed out here" in answer.text
    assert f'href="{found[1]}"' in unescape(answer.text)
    assert provider.ended == ["u-1"]
    assert came_back.endswith("/console/sign-in")
    assert person.others[ID_TOKEN_COOKIE] == ""


@pytest.mark.parametrize(
    "page", [None, "http://login.evil.example/end", "javascript:alert(1)", 7], ids=["none", "open", "script", "number"]
)
async def test_where_the_provider_has_no_such_page_the_session_here_ends_all_the_same(
    env: ApiEnvironment, provider: OpenIdProvider, page: object
) -> None:
    async with browsing(env) as person:
        await signed_in(person)
        provider.described = {"end_session_endpoint": page}
        answer = await signed_out(person)

    assert (answer.status_code, answer.headers["location"]) == (HTTPStatus.SEE_OTHER, "/console/sign-in")
    assert "refresh" not in answer.headers


async def test_a_provider_that_is_away_keeps_nobody_signed_in_here(
    env: ApiEnvironment, provider: OpenIdProvider
) -> None:
    async with browsing(env) as person:
        await signed_in(person)
        provider.described = {"issuer": "https://login.evil.example"}
        answer = await signed_out(person)

    assert "so you may still be signed in there" in answer.text
    assert "refresh" not in answer.headers


async def test_a_token_too_long_for_a_cookie_is_left_out_and_the_provider_asks(
    env: ApiEnvironment, provider: OpenIdProvider
) -> None:
    provider.ended.clear()
    provider.person["groups"] = ["billing-support", *(f"group-{n:03}" for n in range(LONGEST_TOKEN // 9))]
    async with browsing(env) as person:
        await signed_in(person)
        answer = await signed_out(person)
    found = REFRESH.fullmatch(answer.headers["refresh"])
    assert found
    async with httpx.AsyncClient(timeout=PATIENCE) as browser:
        await browser.get(found[1])

    assert provider.ended == ["asked"]


async def test_who_came_by_a_link_is_sent_to_no_provider(env: ApiEnvironment) -> None:
    async with browsing(env, ConsoleRole.ADMIN) as person:
        answer = await signed_out(person)

    assert (answer.status_code, answer.headers["location"]) == (HTTPStatus.SEE_OTHER, "/console/sign-in")


async def test_a_token_of_somebody_elses_making_is_no_more_than_a_hint(
    env: ApiEnvironment, provider: OpenIdProvider
) -> None:
    async with browsing(env, ConsoleRole.VIEWER) as person:
        await person.get("/")
        person.others[ID_TOKEN_COOKIE] = "x&post_logout_redirect_uri=https://evil.example"
        answer = await signed_out(person)

    assert answer.status_code == HTTPStatus.OK
    query = httpx.URL(answer.headers["refresh"].removeprefix("0; url=")).params
    assert query.get_list("post_logout_redirect_uri") == [f"{env.api_url}/console/sign-in"]
    assert provider.issuer in answer.headers["refresh"]
