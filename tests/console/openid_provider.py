"""An OpenID Connect provider on loopback: it checks what billflow sends, signs real tokens, and can be made to lie."""

import hashlib
import json
import time
from base64 import b64encode, urlsafe_b64encode
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode
from uuid import uuid4

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from billflow.api.server import serving
from billflow.dev.ports import LOOPBACK

CLIENT_ID, CLIENT_SECRET = "billflow:console", "a secret/with?signs"
LIFETIME = 300

Claims = dict[str, Any]
Signed = Callable[[Claims], str]


@dataclass
class CodeGrant:
    """What a code was given for."""

    redirect_uri: str
    challenge: str
    nonce: str


@dataclass
class OpenIdProvider:
    """The provider as it stands: whom it lets in next, and what it says otherwise than it should.

    `described` are fields of its description, `lies` claims of its tokens; None takes one away.
    """

    issuer: str = ""
    person: Claims = field(default_factory=dict)
    described: Claims = field(default_factory=dict)
    lies: Claims = field(default_factory=dict)
    sign: Signed | None = None
    refuses: str = ""
    redirect_uri: str = ""
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "now", "use": "sig"}))
    codes: dict[str, CodeGrant] = field(default_factory=dict)
    ended: list[str] = field(default_factory=list)

    def description(self) -> Claims:
        """Return what the provider says of itself."""
        own = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "end_session_endpoint": f"{self.issuer}/end-session?from=console",
        }
        return _changed(own, self.described)

    def authorize(self, asked: Mapping[str, str]) -> str:
        """Let the next person in, as if it had typed its password, and return where its browser goes."""
        assert (asked["client_id"], asked["response_type"]) == (CLIENT_ID, "code")
        assert (asked["code_challenge_method"], len(asked["code_challenge"])) == ("S256", 43)
        assert "openid" in asked["scope"].split()
        self.redirect_uri = self.redirect_uri or asked["redirect_uri"]
        assert asked["redirect_uri"] == self.redirect_uri
        if self.refuses:
            return f"{self.redirect_uri}?{urlencode({'error': self.refuses, 'state': asked['state']})}"
        code = uuid4().hex
        self.codes[code] = CodeGrant(asked["redirect_uri"], asked["code_challenge"], asked["nonce"])
        return f"{self.redirect_uri}?{urlencode({'code': code, 'state': asked['state'], 'iss': self.issuer})}"

    def redeem(self, asked: Mapping[str, str], authorization: str) -> Claims | None:
        """Return the tokens for a code, None where something of the request is wrong; a code works once."""
        given = self.codes.pop(asked.get("code", ""), None)
        hashed = hashlib.sha256(asked.get("code_verifier", "").encode()).digest()
        shown = urlsafe_b64encode(hashed).decode().rstrip("=")
        if given is None or given.challenge != shown or given.redirect_uri != asked.get("redirect_uri"):
            return None
        if not self.knows(asked, authorization) or asked.get("grant_type") != "authorization_code":
            return None
        return {"access_token": uuid4().hex, "token_type": "Bearer", "id_token": self.token(given.nonce)}

    def knows(self, asked: Mapping[str, str], authorization: str) -> bool:
        """Tell whether the client shows that it is billflow, in the way that the description names first."""
        known_by = b64encode(b"billflow%3Aconsole:a%20secret%2Fwith%3Fsigns").decode()
        ways = {
            "client_secret_basic": (f"Basic {known_by}", None, None),
            "client_secret_post": ("", CLIENT_ID, CLIENT_SECRET),
            "none": ("", CLIENT_ID, None),
        }
        way = self.described.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])[0]
        return (authorization, asked.get("client_id"), asked.get("client_secret")) == ways[way]

    def end_session(self, asked: Mapping[str, str]) -> str:
        """End the session that a hint tells of, or ask whose where there is none; return where the browser goes."""
        assert (asked["from"], asked["client_id"]) == ("console", CLIENT_ID)
        back = asked["post_logout_redirect_uri"]
        assert back == self.redirect_uri.replace("/sign-in/openid/callback", "/sign-in")
        hint = asked.get("id_token_hint")
        self.ended.append(jwt.decode(hint, self.key, algorithms=["RS256"]).claims["sub"] if hint else "asked")
        return back

    def token(self, nonce: str) -> str:
        """Return an ID token for the person."""
        now = int(time.time())
        own = {"iss": self.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + LIFETIME, "nonce": nonce, **self.person}
        claims = _changed(own, self.lies)
        return (self.sign or self.by_key)(claims)

    def by_key(self, claims: Claims) -> str:
        """Sign as a provider does."""
        return jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, self.key, ["RS256"])


def by_nobody(claims: Claims) -> str:
    """Sign nothing: `alg` is `none`."""
    parts = (urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in ({"alg": "none"}, claims))
    return b".".join([*parts, b""]).decode()


def by_a_key_of_somebody_elses(claims: Claims) -> str:
    """Sign by another key of the same name."""
    other = RSAKey.generate_key(2048, {"kid": "now"})
    return jwt.encode({"alg": "RS256", "kid": "now"}, claims, other, ["RS256"])


def by_the_clients_secret(claims: Claims) -> str:
    """Sign by what the client knows too."""
    return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(CLIENT_SECRET * 2), ["HS256"])


def _changed(own: Claims, changes: Claims) -> Claims:
    return {name: value for name, value in {**own, **changes}.items() if value is not None}


@asynccontextmanager
async def openid_provider() -> AsyncIterator[OpenIdProvider]:
    """Run a provider."""
    provider, app = OpenIdProvider(), FastAPI()

    @app.get("/.well-known/openid-configuration")
    async def describe() -> Claims:
        return provider.description()

    @app.get("/authorize")
    async def authorize(request: Request) -> Response:
        return RedirectResponse(provider.authorize(request.query_params), 302)

    @app.get("/end-session")
    async def end_session(request: Request) -> Response:
        return RedirectResponse(provider.end_session(request.query_params), 302)

    @app.get("/keys")
    async def keys() -> Claims:
        unknown = {"kty": "quantum", "kid": "later"}
        return {"keys": [unknown, provider.key.as_dict(private=False)]}

    @app.post("/token")
    async def redeem(request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode()))
        found = provider.redeem(form, request.headers.get("authorization", ""))
        return JSONResponse(found or {"error": "invalid_grant"}, 200 if found else 400)

    async with serving(app, LOOPBACK, 0) as url:
        provider.issuer = url
        yield provider
