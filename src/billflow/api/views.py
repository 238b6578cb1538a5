"""Records as the API shows them: `id` is the id of the thing itself, and the organization goes without saying."""

from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from billflow.models.contracts.customers import ClockRecord, ContactRecord, CustomerRecord
from billflow.models.contracts.invoices import CollectionOutcome, InvoiceSummary
from billflow.models.contracts.plans import PlanState
from billflow.models.contracts.records import InvoiceDetail, InvoiceRecord, LedgerRecord, TimelineEntry


class ResponseModel(BaseModel):
    """An answer, read from the fields of whatever holds them."""

    model_config = ConfigDict(from_attributes=True, frozen=True)

    @classmethod
    def of(cls, held: object) -> Self:
        """Return the answer for what holds its fields."""
        return cls.model_validate(held, from_attributes=True)


class ContactResponse(ContactRecord):
    """A person to write to."""

    contact_id: str = Field(serialization_alias="id")


class CustomerResponse(CustomerRecord):
    """A customer; lists leave its contacts out."""

    org_id: str = Field(exclude=True)
    customer_id: str = Field(serialization_alias="id")
    contacts: tuple[ContactResponse, ...] = ()


class TestClockResponse(ClockRecord):
    """A test clock."""

    org_id: str = Field(exclude=True)
    test_clock_id: str = Field(serialization_alias="id")


class PlanResponse(PlanState):
    """A plan; amounts in minor units of `currency`."""

    org_id: str = Field(exclude=True)
    plan_id: str = Field(serialization_alias="id")


class InvoiceSummaryResponse(InvoiceSummary):
    """An invoice that was just made; amounts in minor units of `currency`."""

    org_id: str = Field(exclude=True)
    invoice_id: str = Field(serialization_alias="id")


class InvoiceResponse(InvoiceRecord):
    """An invoice; amounts in minor units of `currency`."""

    org_id: str = Field(exclude=True)
    invoice_id: str = Field(serialization_alias="id")


class InvoiceDetailResponse(InvoiceDetail):
    """An invoice with its lines and the attempts to collect it."""

    org_id: str = Field(exclude=True)
    invoice_id: str = Field(serialization_alias="id")


class ListResponse(ResponseModel):
    """One part of a list: `total` counts all of it, `next` is the `after` of the next part."""

    total: int
    next: str | None = None


class CustomerList(ListResponse):
    """Customers, the newest first."""

    customers: list[CustomerResponse] = Field(validation_alias="rows")


class TestClockList(ListResponse):
    """Test clocks, the newest first."""

    test_clocks: list[TestClockResponse] = Field(validation_alias="rows")


class PlanList(ListResponse):
    """Plans, the newest first."""

    plans: list[PlanResponse] = Field(validation_alias="rows")


class InvoiceList(ListResponse):
    """Invoices, the newest first."""

    invoices: list[InvoiceResponse] = Field(validation_alias="rows")


class LedgerList(ListResponse):
    """A plan's ledger, the oldest entry first."""

    ledger: list[LedgerRecord] = Field(validation_alias="rows")


class TimelineList(ListResponse):
    """What happened to a plan, the oldest first."""

    timeline: list[TimelineEntry] = Field(validation_alias="rows")


class PlanStartResponse(ResponseModel):
    """The plan as it was started; `outcome` says what came of charging the card where that was asked for."""

    plan: PlanResponse = Field(validation_alias="state")
    outcome: CollectionOutcome | None = None


class CommandResponse(ResponseModel):
    """The plan after a command, the invoices made and voided, and the plan that took over, if any."""

    plan: PlanResponse = Field(validation_alias="state")
    invoices: list[InvoiceSummaryResponse]
    voided: list[InvoiceSummaryResponse]
    successor: PlanResponse | None = None
