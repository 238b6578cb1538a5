"""Ids of what people name: by the beginning of an id, a customer's name, an invoice's number."""

from typing import Annotated

from fastapi import Query
from pydantic import ConfigDict, Field

from billflow.api.principal import PrincipalHere
from billflow.api.routers import api_router
from billflow.api.services import ServicesHere
from billflow.models.contracts.base import RequestModel
from billflow.models.contracts.ids import IdsResponse, Named

router = api_router("ids", "/ids")


class IdQuery(RequestModel):
    """What is named, and how: the beginning of its id; a customer's name or e-mail address, a document's number too."""

    model_config = ConfigDict(extra="forbid")

    kind: Named
    name: str = Field(min_length=1, max_length=500)


@router.get("")
async def find_ids(services: ServicesHere, principal: PrincipalHere, which: Annotated[IdQuery, Query()]) -> IdsResponse:
    """Tell which ids somebody means, three at most: none, or several where the name is not clear."""
    noun = which.kind.replace("_", " ")
    return IdsResponse(kind=which.kind, ids=list(await services.queries.ids.ids_of(principal.org_id, noun, which.name)))
