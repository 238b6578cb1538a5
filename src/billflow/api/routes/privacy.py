"""What is kept of a customer, and forgetting it."""

from typing import Annotated

from fastapi import APIRouter, Body
from pydantic import ConfigDict, Field

from billflow.api.changes import AdminChange, CustomerHere
from billflow.api.requests import CheckedRoute
from billflow.api.services import ServicesHere
from billflow.models.contracts.base import Moment, RequestModel
from billflow.models.contracts.personal_data import CustomerExport
from billflow.models.contracts.responses import ResponseModel

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
async def export_customer(customer: CustomerHere, services: ServicesHere, change: AdminChange) -> CustomerExport:
    """Return everything that is kept of a customer, by kind; the export itself is audited."""
    return await services.repositories.personal_data.export(customer, change)


@router.post("/erase")
async def erase_customer(
    customer: CustomerHere,
    services: ServicesHere,
    change: AdminChange,
    why: Annotated[ErasureCreate | None, Body()] = None,
) -> ErasureResponse:
    """Replace names, e-mails and addresses, here and at Stripe; refused while something is still to be paid.

    Asked again, it does what is left of it.
    """
    reasoned = change.model_copy(update={"reason": why.reason}) if why else change
    return ErasureResponse.of(await services.privacy.erase(customer, reasoned))
