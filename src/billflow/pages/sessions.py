"""By what a browser is known: a cookie that no script reads, and tokens that are looked up no more often than that."""

from dataclasses import dataclass

from fastapi import Request, Response

from billflow.api.rate_limits import RateLimiter, RateLimiters, network_of
from billflow.models.contracts.console import SESSION_LIFETIME, SessionToken

WRONG_TOKENS_RATE = 20
"""Tokens per second that are looked up for one address and turn out wrong; twice as many may come at once."""


@dataclass(frozen=True)
class SessionCookie:
    """The cookie of one kind of sessions, sent below one *path* only, over TLS or to this machine."""

    name: str
    path: str

    def token_in(self, request: Request) -> SessionToken | None:
        """Return the token that a request shows; nothing in it is believed yet."""
        return SessionToken.read(request.cookies.get(self.name, ""))

    def keep(self, response: Response, token: SessionToken) -> None:
        """Let the browser hold a session's token, which no script of any page can read."""
        age = int(SESSION_LIFETIME.total_seconds())
        response.set_cookie(
            self.name, token.text(), max_age=age, path=self.path, secure=True, httponly=True, samesite="lax"
        )

    def drop(self, response: Response) -> None:
        """Let the browser drop it."""
        response.delete_cookie(self.name, path=self.path, secure=True, httponly=True, samesite="lax")


def take_token(limiters: RateLimiters, request: Request) -> RateLimiter:
    """Count a token that is about to be looked up; raises `TooManyRequests` for an address with too many wrong ones."""
    return limiters.take(address_of(request), WRONG_TOKENS_RATE, "This address asks too often")


def address_of(request: Request) -> str:
    """Return what a request's address counts as."""
    return network_of(request.client.host if request.client else None)
