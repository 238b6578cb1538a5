"""What is kept of a customer, and forgetting it."""

from typing import Annotated

from fastapi import APIRouter, Body
from pydantic import ConfigDict, Field

from billflow.api.changes import change_by, ref_of
from billflow.api.fields import RequestModel
from billflow.api.principal import AdminHere
from billflow.api.requests import CheckedRoute
from billflow.api.services import ServicesHere
from billflow.api.views import ResponseModel
from billflow.models.contracts.base import Moment
from billflow.models.contracts.personal_data import CustomerExport

router = APIRouter(prefix="/customers/{customer_id}", tags=["privacy"], route_class=CheckedRoute)


class ErasureCreate(RequestModel):
    """Why a customer is to be forgotten, for the audit log; name nobody here."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "asked for by mail on 1 July"}]})

    reason: str | None = Field(None, min_length=1, max_length=1000)


class ErasureResponse(ResponseModel):
    """The customer is forgotten, here and at Stripe; what it was billed stays."""

    customer_id: str
    erased_at: Moment


@router.get("/export")
async def export_customer(customer_id: str, services: ServicesHere, principal: AdminHere) -> CustomerExport:
    """Return everything that is kept of a customer, by kind; the export itself is audited."""
    return await services.repositories.personal_data.export(ref_of(principal, customer_id), change_by(principal))


@router.post("/erase")
async def erase_customer(
    customer_id: str,
    services: ServicesHere,
    principal: AdminHere,
    why: Annotated[ErasureCreate | None, Body()] = None,
) -> ErasureResponse:
    """Replace names, e-mails and addresses, here and at Stripe; refused while something is still to be paid.

    Asked again, it does what is left of it.
    """
    change = change_by(principal, why.reason if why else None)
    return ErasureResponse.of(await services.privacy.erase(ref_of(principal, customer_id), change))
