"""By what a browser is known: a cookie that no script reads, and tokens that are looked up no more often than that."""

from dataclasses import dataclass
from secrets import token_urlsafe
from typing import Literal

from fastapi import Request, Response

from billflow.api.rate_limits import RateLimiter, RateLimiters, network_of
from billflow.models.contracts.console import SESSION_LIFETIME, SessionToken

WRONG_TOKENS_RATE = 20
"""Tokens per second that are looked up for one address and turn out wrong; twice as many may come at once."""


@dataclass(frozen=True)
class SessionCookie:
    """The cookie of one kind of sessions, sent below one *path* only, over TLS or to this machine.

    One for frames is also sent where a page of another site is around, but then for that site alone.
    """

    name: str
    path: str
    for_frames: bool = False

    def token_in(self, request: Request) -> SessionToken | None:
        """Return the token that a request shows; nothing in it is believed yet."""
        return SessionToken.read(request.cookies.get(self.name, ""))

    def keep(self, response: Response, token: SessionToken) -> None:
        """Let the browser hold a session's token, which no script of any page can read."""
        self._set(response, token.text(), int(SESSION_LIFETIME.total_seconds()))

    def mark(self, response: Response) -> None:
        """Let the browser hold by what it is known when it begins a session by a link, and does so again."""
        response.set_cookie(
            f"{self.name}_link", token_urlsafe(32), path=self.path, secure=True, httponly=True, samesite="strict"
        )

    def mark_in(self, request: Request) -> bytes:
        """Return what `mark` let the browser hold; a browser without that is like no other."""
        return (request.cookies.get(f"{self.name}_link") or token_urlsafe(32)).encode()

    def drop(self, response: Response) -> None:
        """Let the browser drop it."""
        self._set(response, "", 0)

    def _set(self, response: Response, value: str, age: int) -> None:
        same_site: Literal["none", "lax"] = "none" if self.for_frames else "lax"
        response.set_cookie(
            self.name, value, max_age=age, path=self.path, secure=True, httponly=True, samesite=same_site
        )
        if self.for_frames:
            # Only from Python 3.14 on the standard library knows this attribute.
            name, written = response.raw_headers.pop()
            response.raw_headers.append((name, written + b"; Partitioned"))


def take_token(limiters: RateLimiters, request: Request) -> RateLimiter:
    """Count a token that is about to be looked up; raises `TooManyRequests` for an address with too many wrong ones."""
    return limiters.take(address_of(request), WRONG_TOKENS_RATE, "This address asks too often")


def address_of(request: Request) -> str:
    """Return what a request's address counts as."""
    return network_of(request.client.host if request.client else None)
