"""Signing in by OpenID Connect: what nobody believes, and who does not get in."""

import time
from http import HTTPStatus
from urllib.parse import parse_qs, urlsplit

import pytest

from billflow.console.openid_sign_in import BEGUN_COOKIE
from tests.api_environment import ApiEnvironment
from tests.console.openid_provider import (
    OpenIdProvider,
    Signed,
    by_a_key_of_somebody_elses,
    by_nobody,
    by_the_clients_secret,
)
from tests.console.openid_visits import assert_refused, back, provider, sent_to_provider, signed_in
from tests.console.people import browsing

__all__ = ["provider"]

DAY = 86_400


@pytest.mark.parametrize(
    ("lies", "code"),
    [
        ({"nonce": "of another sign-in"}, "believed"),
        ({"nonce": None}, "believed"),
        ({"aud": "another client"}, "believed"),
        ({"aud": ["billflow:console", "another client"]}, "believed"),
        ({"iss": "https://login.evil.example"}, "believed"),
        ({"iss": None}, "believed"),
        ({"sub": None}, "believed"),
        ({"sub": "a\nb", "email": None}, "is no name"),
        ({"exp": int(time.time()) - DAY}, "has expired; sign in again"),
        ({"iat": int(time.time()) + DAY, "exp": int(time.time()) + 2 * DAY}, "ahead of billflow"),
        ({"nbf": int(time.time()) + DAY}, "ahead of billflow"),
        ({"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}, "believed"),
    ],
)
async def test_a_token_that_says_something_else_lets_nobody_in(
    env: ApiEnvironment, provider: OpenIdProvider, lies: dict[str, object], code: str
) -> None:
    provider.lies = lies
    async with browsing(env) as person:
        answer = await signed_in(person)

    assert_refused(person, answer, HTTPStatus.UNAUTHORIZED, code)


@pytest.mark.parametrize("sign", [by_nobody, by_a_key_of_somebody_elses, by_the_clients_secret, lambda _: "no.to.ken"])
async def test_a_token_that_the_provider_did_not_sign_lets_nobody_in(
    env: ApiEnvironment, provider: OpenIdProvider, sign: Signed
) -> None:
    provider.sign = sign
    async with browsing(env) as person:
        answer = await signed_in(person)

    assert_refused(person, answer, HTTPStatus.UNAUTHORIZED, "believed")


@pytest.mark.parametrize("groups", [[], ["staff"], None, "staff", [7], {"billing-admins": True}])
async def test_somebody_in_no_group_with_a_role_is_told_so(
    env: ApiEnvironment, provider: OpenIdProvider, groups: object
) -> None:
    provider.person["groups"] = groups
    async with browsing(env) as person:
        answer = await signed_in(person)

    assert_refused(person, answer, HTTPStatus.FORBIDDEN, "none of your groups may use the console")
    assert "kim@seller.example (u-1)" in answer.text


@pytest.mark.usefixtures("provider")
async def test_a_code_signs_in_once(env: ApiEnvironment) -> None:
    async with browsing(env) as person:
        address = await sent_to_provider(person)
        kept = dict(person.others)
        first = await back(person, address)
        no_longer_begun = await back(person, address)
        person.others, person.cookie = kept, ""
        replayed = await back(person, address)

    assert first.status_code == HTTPStatus.SEE_OTHER
    assert "was not begun in this browser" in no_longer_begun.text
    assert_refused(person, replayed, HTTPStatus.UNAUTHORIZED, "was used already, or took too long")


@pytest.mark.usefixtures("provider")
async def test_another_browsers_answer_signs_nobody_in(env: ApiEnvironment) -> None:
    async with browsing(env) as attacker, browsing(env) as victim, browsing(env) as nobody:
        stolen = await sent_to_provider(attacker)
        await sent_to_provider(victim)
        answers = [await back(victim, stolen), await back(nobody, stolen)]
        for cookie in ("", "e30=", "%%%", "bm90IGpzb24="):
            nobody.others = {BEGUN_COOKIE: cookie}
            answers.append(await back(nobody, stolen))

    for answer in answers:
        assert_refused(victim, answer, HTTPStatus.UNAUTHORIZED, "was not begun in this browser")


@pytest.mark.usefixtures("provider")
async def test_a_stolen_code_is_of_no_use_without_the_browser_that_began(env: ApiEnvironment) -> None:
    async with browsing(env) as attacker, browsing(env) as victim:
        stolen = parse_qs(urlsplit(await sent_to_provider(victim)).query)["code"][0]
        own = await sent_to_provider(attacker)
        code = parse_qs(urlsplit(own).query)["code"][0]
        answer = await back(attacker, own.replace(code, stolen))

    assert_refused(attacker, answer, HTTPStatus.UNAUTHORIZED, "was used already, or took too long")


@pytest.mark.usefixtures("provider")
async def test_an_answer_in_another_providers_name_is_not_taken(env: ApiEnvironment) -> None:
    async with browsing(env) as person:
        address = await sent_to_provider(person)
        mixed_up = await back(person, f"{address.partition('&iss=')[0]}&iss=https%3A%2F%2Fevil.example")

    assert_refused(person, mixed_up, HTTPStatus.UNAUTHORIZED, "does not come from 127.0.0.1")


@pytest.mark.parametrize(
    ("error", "said"), [("access_denied", "(access_denied)"), ("<script>", "did not sign you in;")]
)
async def test_what_the_provider_refuses_is_told(
    env: ApiEnvironment, provider: OpenIdProvider, error: str, said: str
) -> None:
    provider.refuses = error
    async with browsing(env) as person:
        answer = await signed_in(person)

    assert_refused(person, answer, HTTPStatus.UNAUTHORIZED, said)
    assert "<script>" not in answer.text
