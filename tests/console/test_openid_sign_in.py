"""Signing in by OpenID Connect, against a real provider: who gets in as what, and what of a provider is asked."""

from dataclasses import replace
from http import HTTPStatus
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from billflow.console.identity_provider import IdentityProvider, IdentityTerms
from billflow.console.openid_sign_in import BEGUN_COOKIE
from billflow.errors import Unavailable
from billflow.models.contracts.audit import AuditFilter
from billflow.models.contracts.console import BegunSignIn, ConsoleRole
from billflow.models.contracts.records import Paging
from tests.api_environment import ApiEnvironment
from tests.console.openid_provider import (
    CLIENT_ID,
    CLIENT_SECRET,
    OpenIdProvider,
)
from tests.console.openid_visits import assert_refused, provider, sent_to_provider, signed_in
from tests.console.people import browsing
from tests.waiting import PATIENCE

__all__ = ["provider"]


@pytest.mark.parametrize(
    ("groups", "role"),
    [
        (["billing-viewers"], ConsoleRole.VIEWER),
        (["billing-support"], ConsoleRole.SUPPORT),
        (["cn=controlling,ou=groups"], ConsoleRole.FINANCE),
        (["billing-viewers", "billing-admins", "staff"], ConsoleRole.ADMIN),
        ("billing-support", ConsoleRole.SUPPORT),
    ],
)
async def test_a_group_gives_its_role_and_the_widest_counts(
    env: ApiEnvironment, provider: OpenIdProvider, groups: object, role: ConsoleRole
) -> None:
    provider.person["groups"] = groups
    async with browsing(env) as person:
        answer = await signed_in(person)
        home = await person.get("/")

    assert (answer.status_code, answer.headers["location"]) == (HTTPStatus.SEE_OTHER, "/console/")
    assert f'<span class="muted">{role}</span>' in home.text


@pytest.mark.usefixtures("provider")
async def test_the_person_is_the_actor_by_e_mail_and_subject(env: ApiEnvironment) -> None:
    async with browsing(env) as person:
        page = await person.get("/sign-in", next="/console/lists/plans")
        answer = await signed_in(person, next="/console/lists/plans")
        await person.get("/")
        await person.post("/sign-out")
        after = await person.get("/")
    found = await env.engine.queries.audit.list(
        env.org_id, AuditFilter(subject_type="console_session"), Paging(limit=2)
    )

    assert "Sign in with 127.0.0.1" in page.text
    assert 'href="/console/sign-in/openid?next=/console/lists/plans"' in page.text
    assert answer.headers["location"] == "/console/lists/plans"
    assert after.status_code == HTTPStatus.SEE_OTHER
    assert [(one.action, one.actor) for one in found.rows] == [
        ("console_session.ended", "console:kim@seller.example (u-1)"),
        ("console_session.signed_in", "console:kim@seller.example (u-1)"),
    ]
    assert found.rows[1].after == {"person": "kim@seller.example (u-1)", "role": "support"}


async def test_an_address_that_the_provider_has_not_verified_names_nobody(
    env: ApiEnvironment, provider: OpenIdProvider
) -> None:
    provider.person["email_verified"] = False
    async with browsing(env) as person:
        await signed_in(person)
        home = await person.get("/")

    assert "u-1" in home.text
    assert "kim@seller.example" not in home.text


@pytest.mark.usefixtures("provider")
async def test_signing_in_begins_a_new_session_and_ends_the_one_before(env: ApiEnvironment) -> None:
    async with browsing(env, ConsoleRole.ADMIN) as person:
        before = person.cookie
        answer = await signed_in(person)
        after = person.cookie
        person.cookie = before
        old = await person.get("/")

    assert after not in ("", before)
    assert old.status_code == HTTPStatus.SEE_OTHER
    session, _, begun = answer.headers.get_list("set-cookie")
    assert all(word in session for word in ("HttpOnly", "Secure", "SameSite=lax", "Path=/console"))
    assert begun.startswith(f'{BEGUN_COOKIE}="";')


@pytest.mark.usefixtures("provider")
async def test_what_the_browser_keeps_meanwhile_is_for_this_host_alone_and_for_ten_minutes(env: ApiEnvironment) -> None:
    async with browsing(env) as person:
        begun = await person.get("/sign-in/openid", next="//evil.example")

    kept = begun.headers["set-cookie"]
    assert kept.startswith("__Host-")
    assert all(word in kept for word in ("HttpOnly", "Secure", "SameSite=lax", "Path=/;", "Max-Age=600"))
    assert "Domain" not in kept
    read = BegunSignIn.read(person.others[BEGUN_COOKIE])
    assert read
    assert read.to == "/console/"
    assert parse_qs(urlsplit(begun.headers["location"]).query)["nonce"] == [read.nonce]
    assert read.verifier not in begun.headers["location"]


@pytest.mark.parametrize(
    ("way", "secret"), [("client_secret_basic", CLIENT_SECRET), ("client_secret_post", CLIENT_SECRET), ("none", None)]
)
async def test_billflow_shows_who_it_is_as_the_provider_asks(
    env: ApiEnvironment, provider: OpenIdProvider, way: str, secret: str | None
) -> None:
    provider.described = {"token_endpoint_auth_methods_supported": [way]}
    terms = IdentityTerms(provider.issuer, CLIENT_ID, secret, "openid", "groups", {"staff": ConsoleRole.VIEWER})
    billflow = IdentityProvider(env.org_id, terms)
    async with browsing(env) as person:
        await sent_to_provider(person)  # by which the provider learns where people come back to
    address, begun = await billflow.begin(provider.redirect_uri, "/console/")
    async with httpx.AsyncClient(timeout=PATIENCE) as browser:
        came_back = (await browser.get(address)).headers["location"]
    answer = {name: one[0] for name, one in parse_qs(urlsplit(came_back).query).items()}

    found = await billflow.finish(begun, answer, provider.redirect_uri)

    assert (found.new.person, found.new.role) == ("kim@seller.example (u-1)", ConsoleRole.VIEWER)


@pytest.mark.parametrize(
    "described",
    [
        {"issuer": "https://login.evil.example"},
        {"token_endpoint": "http://login.evil.example/token"},
        {"token_endpoint": None},
        {"jwks_uri": "file:///etc/passwd"},
        {"authorization_endpoint": "javascript:alert(1)"},
    ],
)
async def test_a_provider_that_says_what_can_not_be_of_itself_is_not_asked(
    env: ApiEnvironment, provider: OpenIdProvider, described: dict[str, object]
) -> None:
    provider.described = described
    async with browsing(env) as person:
        answer = await person.get("/sign-in/openid")

    assert_refused(person, answer, HTTPStatus.SERVICE_UNAVAILABLE, "gives no usable answer; try again in a minute")


async def test_a_provider_that_is_away_is_named(env: ApiEnvironment, provider: OpenIdProvider) -> None:
    provider.described = {"token_endpoint": f"{provider.issuer}/gone", "jwks_uri": f"{provider.issuer}/gone"}
    async with browsing(env) as person:
        answer = await signed_in(person)
    terms = IdentityTerms("http://127.0.0.1:9", "billflow", None, "openid", "groups", {})

    assert_refused(person, answer, HTTPStatus.SERVICE_UNAVAILABLE, "127.0.0.1, where people sign in, gives no usable")
    for away in (terms, replace(terms, issuer="https://no-such-host.example")):
        with pytest.raises(Unavailable, match="gives no usable answer"):
            await IdentityProvider(env.org_id, away).begin("http://127.0.0.1/console", "/console/")
