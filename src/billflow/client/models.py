"""Answers of the API: billflow's own contracts, without the organization, which goes without saying."""

from typing import Annotated, Generic, TypeVar

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from billflow.models.contracts.customers import CustomerRecord, CustomerStatus
from billflow.models.contracts.endpoints import EventRecord
from billflow.models.contracts.invoices import CollectionOutcome, InvoiceSummary
from billflow.models.contracts.plans import PlanState
from billflow.models.contracts.records import InvoiceDetail, InvoiceRecord

Row = TypeVar("Row")

_ROWS = AliasChoices("customers", "plans", "invoices", "events", "ledger", "timeline")


class ClientResponse(BaseModel):
    """An answer; fields of a newer API are ignored."""

    model_config = ConfigDict(frozen=True)


class CustomerObject(CustomerRecord):
    """A customer."""

    org_id: str = ""
    customer_id: str = Field(validation_alias="id")


class CustomerStatusResult(ClientResponse):
    """The customer's status after it was set."""

    customer_id: str
    status: CustomerStatus


class PlanObject(PlanState):
    """A plan; amounts in minor units of `currency`."""

    org_id: str = ""
    plan_id: str = Field(validation_alias="id")


class InvoiceObject(InvoiceRecord):
    """An invoice; amounts in minor units of `currency`."""

    org_id: str = ""
    invoice_id: str = Field(validation_alias="id")


class InvoiceDetailObject(InvoiceDetail):
    """An invoice with its lines, their derivations, and the attempts to collect it."""

    org_id: str = ""
    invoice_id: str = Field(validation_alias="id")


class InvoiceSummaryObject(InvoiceSummary):
    """An invoice that was just made."""

    org_id: str = ""
    invoice_id: str = Field(validation_alias="id")


class EventObject(EventRecord):
    """Something that happened."""

    org_id: str = ""
    event_id: str = Field(validation_alias="id")


class StartedPlan(ClientResponse):
    """The plan as it was started; `outcome` says what came of charging the card."""

    plan: PlanObject
    outcome: CollectionOutcome | None = None


class CommandResult(ClientResponse):
    """The plan after a command, the invoices made and voided, and the plan that took over, if any."""

    plan: PlanObject
    invoices: tuple[InvoiceSummaryObject, ...]
    voided: tuple[InvoiceSummaryObject, ...]
    successor: PlanObject | None = None


class SeatsReceived(ClientResponse):
    """How many observations came, and how many of them were of moments not known yet."""

    received: int
    new: int


class ListObject(ClientResponse, Generic[Row]):
    """One part of a list: `total` counts all of it, `next` is the `after` of the next part."""

    rows: Annotated[tuple[Row, ...], Field(validation_alias=_ROWS)]
    total: int
    next: str | None = None
