"""The OpenID Connect provider that says who somebody is: the authorization code flow with PKCE, and its ID tokens."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import structlog
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.discovery import get_well_known_url

from billflow.console.id_tokens import ExpectedToken, verified_claims
from billflow.errors import Forbidden, Unauthorized, Unavailable
from billflow.models.contracts.console import LONGEST_PERSON, BegunSignIn, ConsoleRole, NewConsoleSession

PATIENCE = 10
"""Seconds that the provider has for each answer."""

_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_CODE = re.compile(r"[a-z_]{1,60}")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class IdentityTerms:
    """What billflow and the provider know each other by, and which groups have which role."""

    issuer: str
    client_id: str
    client_secret: str | None
    scopes: str
    groups_claim: str
    roles: Mapping[str, ConsoleRole]

    @property
    def host(self) -> str:
        """Return the provider's name as people see it."""
        return urlsplit(self.issuer).hostname or self.issuer


@dataclass(frozen=True)
class VouchedPerson:
    """Somebody whom the provider vouches for, in a role, and the ID token that says so."""

    new: NewConsoleSession
    id_token: str


@dataclass(frozen=True)
class IdentityProvider:
    """Signs people in to the organization `org_id`; its description and keys are asked for at each sign-in."""

    org_id: str
    terms: IdentityTerms

    async def begin(self, redirect_uri: str, to: str) -> tuple[str, BegunSignIn]:
        """Return the provider's page on which somebody signs in, and what the browser keeps until it comes back.

        Raises `Unavailable` where the provider can't be asked.
        """
        begun = BegunSignIn(
            state=secrets.token_urlsafe(32), nonce=secrets.token_urlsafe(32), verifier=secrets.token_urlsafe(48), to=to
        )
        async with self._http() as http:
            described = await self._described(http)
        address: str = prepare_grant_uri(
            described["authorization_endpoint"],
            self.terms.client_id,
            "code",
            redirect_uri,
            self.terms.scopes,
            begun.state,
            nonce=begun.nonce,
            code_challenge=create_s256_code_challenge(begun.verifier),
            code_challenge_method="S256",
        )
        return address, begun

    async def finish(self, begun: BegunSignIn | None, answer: Mapping[str, str], redirect_uri: str) -> VouchedPerson:
        """Return who has signed in by the provider's *answer*, and in which role.

        Raises `Unauthorized` where that is not to be believed, `Forbidden` where no group of the person has a role,
        `Unavailable` where the provider can't be asked.
        """
        if begun is None or not begun.is_answered_by(answer.get("state", "")):
            message = "This sign-in was not begun in this browser, or more than ten minutes ago; sign in again."
            raise Unauthorized(message, code="sign_in_not_begun")
        self._check(answer)
        async with self._http() as http:
            described = await self._described(http)
            tokens = await self._tokens(http, described, begun, answer["code"], redirect_uri)
            keys = await self._asked(http, described["jwks_uri"])
        expected = ExpectedToken(self.terms.issuer, self.terms.client_id, begun.nonce, tokens.get("access_token"))
        id_token = str(tokens.get("id_token", ""))
        claims = verified_claims(id_token, keys, expected)
        return VouchedPerson(NewConsoleSession(person=person_of(claims), role=self._role(claims)), id_token)

    async def end_session_address(self, id_token: str, back: str) -> str | None:
        """Return the provider's page on which its own session ends, and from which people come *back*.

        None where the provider has no such page. Raises `Unavailable` where it can't be asked.
        """
        async with self._http() as http:
            described = await self._described(http)
        page = described.get("end_session_endpoint")
        if not isinstance(page, str) or not is_trustworthy(page):
            return None
        asked = {"client_id": self.terms.client_id, "post_logout_redirect_uri": back}
        hint = {"id_token_hint": id_token} if id_token else {}
        return str(httpx.URL(page).copy_merge_params({**hint, **asked}))

    def _check(self, answer: Mapping[str, str]) -> None:
        """Raise `Unauthorized` for an answer by another provider, or without a code."""
        if answer.get("iss", self.terms.issuer) != self.terms.issuer:
            message = f"The answer does not come from {self.terms.host}; sign in again."
            raise Unauthorized(message, code="id_token_invalid")
        if not answer.get("code"):
            raise self._refusal(answer.get("error", ""))

    def _refusal(self, error: str) -> Unauthorized:
        said = f" ({error})" if _CODE.fullmatch(error) else ""
        return Unauthorized(f"{self.terms.host} did not sign you in{said}; try again.", code="sign_in_refused")

    def _role(self, claims: Mapping[str, Any]) -> ConsoleRole:
        held = claims.get(self.terms.groups_claim)
        groups = [held] if isinstance(held, str) else held if isinstance(held, list) else []
        found = {self.terms.roles[group] for group in groups if isinstance(group, str) and group in self.terms.roles}
        if not found:
            message = (
                f"You are {person_of(claims)}, but none of your groups may use the console; ask whoever looks after "
                f"{self.terms.host} to put you into one that may."
            )
            raise Forbidden(message, code="no_console_role")
        return max(found, key=list(ConsoleRole).index)

    def _http(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(timeout=PATIENCE)

    async def _described(self, http: httpx.AsyncClient) -> Mapping[str, Any]:
        described = await self._asked(http, get_well_known_url(self.terms.issuer, external=True))
        wrong = [name for name in _ENDPOINTS if not is_trustworthy(str(described.get(name, "")))]
        if described.get("issuer") != self.terms.issuer or wrong:
            raise self._away(f"issuer {described.get('issuer')!r}, unusable: {wrong}")
        return described

    async def _asked(self, http: httpx.AsyncClient, address: str) -> Mapping[str, Any]:
        """Return the JSON object at an address of the provider's; raises `Unavailable`."""
        try:
            found = (await http.get(address)).raise_for_status().json()
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise self._away(repr(error)) from None
        if not isinstance(found, dict):
            raise self._away(f"no JSON object at {address}")
        return found

    async def _tokens(
        self, http: httpx.AsyncClient, described: Mapping[str, Any], begun: BegunSignIn, code: str, redirect_uri: str
    ) -> Mapping[str, Any]:
        """Return what the provider gives for a code, which works once."""
        asked = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": begun.verifier,
        }
        known_by, asked = self._known_by(described, asked)
        try:
            answer = await http.post(described["token_endpoint"], data=asked, auth=known_by)
            found = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise self._away(repr(error)) from None
        if not isinstance(found, dict) or not (answer.is_success or "error" in found):
            raise self._away(f"status {answer.status_code} of the token endpoint")
        if not answer.is_success:
            raise self._not_given(str(found["error"]))
        return found

    def _known_by(self, described: Mapping[str, Any], asked: dict[str, str]) -> tuple[httpx.Auth, dict[str, str]]:
        """Return how a request shows that it is ours, and what it asks for with what that takes in the form itself."""
        terms, named = self.terms, {**asked, "client_id": self.terms.client_id}
        if terms.client_secret is None:
            return httpx.Auth(), named
        if "client_secret_basic" in described.get("token_endpoint_auth_methods_supported", ["client_secret_basic"]):
            return httpx.BasicAuth(quote(terms.client_id, safe=""), quote(terms.client_secret, safe="")), asked
        return httpx.Auth(), {**named, "client_secret": terms.client_secret}

    def _not_given(self, error: str) -> Unauthorized:
        _log.warning("the identity provider gave no token", issuer=self.terms.issuer, error=error[:60])
        if error == "invalid_grant":
            message = "This sign-in was used already, or took too long; sign in again."
            return Unauthorized(message, code="sign_in_refused")
        return self._refusal(error)

    def _away(self, what: str) -> Unavailable:
        _log.warning("the identity provider gives no usable answer", issuer=self.terms.issuer, what=what)
        message = (
            f"{self.terms.host}, where people sign in, gives no usable answer; try again in a minute, or ask an "
            "operator for a link."
        )
        return Unavailable(message, code="identity_provider_away")


def is_trustworthy(address: str) -> bool:
    """Tell whether nobody on the way can change what is said to an address: it is behind TLS, or on this machine."""
    parts = urlsplit(address)
    return bool(parts.hostname) and (
        parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1", "localhost"))
    )


def person_of(claims: Mapping[str, Any]) -> str:
    """Return what the audit log calls somebody: the e-mail address unless it is unverified, and always the subject."""
    subject, email = str(claims["sub"]), claims.get("email")
    known = isinstance(email, str) and email and claims.get("email_verified") is not False
    person = f"{email} ({subject})" if known else subject
    if _UNPRINTABLE.search(person) or not 1 <= len(person.strip()) <= LONGEST_PERSON:
        raise Unauthorized("What the sign-in server calls you is no name; tell an operator.", code="id_token_invalid")
    return person
