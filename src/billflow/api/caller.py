"""Who asks: the one place where a request's organization and actor come from."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from billflow.api.services import ServicesHere
from billflow.ports import Registry


@dataclass(frozen=True)
class Caller:
    """Who asks, for which organization, in which request."""

    org_id: str
    actor: str
    request_id: str


async def caller_of(request: Request, services: ServicesHere) -> Caller:
    """Return the caller; everyone who reaches the loopback interface acts for the one organization served."""
    return Caller(org_id=await services.org_id(), actor="api", request_id=request.state.request_id)


class ServedOrg:
    """The id of the one organization that is served, made sure of once."""

    def __init__(self, registry: Registry, slug: str) -> None:
        self._registry = registry
        self._slug = slug
        self._org_id: str | None = None

    async def __call__(self) -> str:
        """Return the id."""
        if self._org_id is None:
            self._org_id = await self._registry.create_org(self._slug)
        return self._org_id


CallerHere = Annotated[Caller, Depends(caller_of)]
