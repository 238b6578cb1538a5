"""Who asks: the one place where a request's organization, actor and scopes come from, and where scopes are demanded.

A route says what it takes by the type of its caller: `PrincipalHere` is `read` for reads and `write` for all else,
`SupportHere` and `AdminHere` name their scope. A route that forgets its caller still demands a key.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Annotated, Any, cast, get_type_hints

from fastapi import Depends, Request

from billflow.api.services import Services
from billflow.domain.scopes import Scope
from billflow.errors import Forbidden
from billflow.models.contracts.access import Mode

READS = frozenset({"GET", "HEAD"})


@dataclass(frozen=True)
class Principal:
    """Who asks, for which organization and with which scopes, in which request."""

    org_id: str
    actor: str
    request_id: str
    scopes: frozenset[Scope]
    mode: Mode


async def authenticated(request: Request, services: Services, scope: Scope) -> Principal:
    """Let a request in and return its caller; raises `Unauthorized`, `TooManyRequests` or `Forbidden`."""
    address = request.client.host if request.client else None
    key = await services.authentication.authenticate(request.headers.get("authorization"), address)
    if scope not in key.scopes:
        raise Forbidden(f"This key lacks the scope {scope}; use one that has it.", code="scope_missing")
    return Principal(
        org_id=key.org_id,
        actor=f"key:{key.key_id}",
        request_id=request.state.request_id,
        scopes=key.scopes,
        mode=key.mode,
    )


async def principal_of(request: Request) -> Principal:
    """Return the caller of a request that was let in."""
    return cast("Principal", request.state.principal)


PrincipalHere = Annotated[Principal, Depends(principal_of)]
"""Anyone whose key has `read` for a read, `write` for a write."""


async def tester_of(principal: PrincipalHere) -> Principal:
    """Return the caller of a request in test mode; raises `Forbidden` in live mode."""
    if principal.mode is Mode.LIVE:
        message = "This is for test mode alone; use a test key on a server in test mode."
        raise Forbidden(message, code="test_mode_only")
    return principal


TesterHere = Annotated[Principal, Depends(tester_of)]
"""The same, in test mode only."""

SupportHere = Annotated[Principal, Depends(principal_of), Scope.SUPPORT]
"""Someone of support: prices, offers, credits, and what else a customer may not grant itself."""

AdminHere = Annotated[Principal, Depends(principal_of), Scope.ADMIN]
"""An administrator of the organization: its webhooks, its audit log."""


def scope_of(endpoint: Callable[..., Any], methods: Collection[str]) -> Scope:
    """Return the scope that a route demands."""
    for hint in get_type_hints(endpoint, include_extras=True).values():
        for mark in getattr(hint, "__metadata__", ()):
            if isinstance(mark, Scope):
                return mark
    return Scope.READ if READS.issuperset(methods) else Scope.WRITE
