"""Answers of the HTTP API, which `billflow.client` reads: `id` is the id of the thing itself, and no organization."""

from typing import Any, Literal, Self

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from billflow.models.contracts.add_ons import AddOnRecord
from billflow.models.contracts.customers import (
    BillingAccountRecord,
    ContactRecord,
    CustomerRecord,
    SeatReport,
)
from billflow.models.contracts.endpoints import EventRecord
from billflow.models.contracts.invoices import CollectionOutcome, InvoiceSummary
from billflow.models.contracts.items import ItemRecord
from billflow.models.contracts.records import (
    InvoiceDetail,
    InvoiceRecord,
    LedgerRecord,
    LineRecord,
    PlanRecord,
    TimelineEntry,
)
from billflow.models.contracts.seat_sources import (
    CountedSeats,
    CreatedSeatSource,
    SeatMemberRecord,
    SeatSourceRecord,
)
from billflow.models.contracts.test_clocks import ClockRecord


class ResponseModel(BaseModel):
    """An answer, read from the fields of whatever holds them; fields of a newer API are ignored."""

    model_config = ConfigDict(from_attributes=True, frozen=True)

    @classmethod
    def of(cls, held: object) -> Self:
        """Return the answer for what holds its fields."""
        return cls.model_validate(held, from_attributes=True)


class ResourceResponse(BaseModel):
    """An answer about one thing, whose own id is `id` here as it is in JSON."""

    @property
    def id(self) -> str:
        """Return the id of the thing itself."""
        fields = type(self).model_fields
        return str(getattr(self, next(name for name, field in fields.items() if field.serialization_alias == "id")))


def shown_as(name: str, field: str) -> Any:
    """Return a field that answers call *name*, and records *field*."""
    return Field(validation_alias=AliasChoices(field, name), serialization_alias=name)


def left_out() -> Any:
    """Return the organization's field, which answers leave out: a key is of one organization only."""
    return Field("", exclude=True)


class ContactResponse(ResourceResponse, ContactRecord):
    """A person to write to."""

    contact_id: str = shown_as("id", "contact_id")


class CustomerAccountResponse(ResourceResponse, BillingAccountRecord):
    """The account that a customer pays from."""

    billing_account_id: str = shown_as("id", "billing_account_id")


class CustomerResponse(ResourceResponse, CustomerRecord):
    """A customer; lists leave its contacts out."""

    org_id: str = left_out()
    customer_id: str = shown_as("id", "customer_id")
    billing_account: CustomerAccountResponse
    contacts: tuple[ContactResponse, ...] = ()


class TestClockResponse(ResourceResponse, ClockRecord):
    """A test clock."""

    org_id: str = left_out()
    test_clock_id: str = shown_as("id", "test_clock_id")


class PlanResponse(ResourceResponse, PlanRecord):
    """A plan; amounts in minor units of `currency`. The answers of commands leave `customer_name` out."""

    org_id: str = left_out()
    plan_id: str = shown_as("id", "plan_id")


class InvoiceSummaryResponse(ResourceResponse, InvoiceSummary):
    """An invoice that was just made; amounts in minor units of `currency`."""

    org_id: str = left_out()
    invoice_id: str = shown_as("id", "invoice_id")


class InvoiceResponse(ResourceResponse, InvoiceRecord):
    """An invoice; amounts in minor units of `currency`."""

    org_id: str = left_out()
    invoice_id: str = shown_as("id", "invoice_id")


class LineResponse(ResourceResponse, LineRecord):
    """One line of an invoice, and how its amount came about."""

    line_id: str = shown_as("id", "line_id")


class InvoiceDetailResponse(ResourceResponse, InvoiceDetail):
    """An invoice with its lines and the attempts to collect it."""

    org_id: str = left_out()
    invoice_id: str = shown_as("id", "invoice_id")
    lines: tuple[LineResponse, ...]


class EventResponse(ResourceResponse, EventRecord):
    """Something that happened; `sequence` counts all events of the server, with gaps."""

    org_id: str = left_out()
    event_id: str = shown_as("id", "event_id")


class ListResponse(ResponseModel):
    """One part of a list: `total` counts all of it, up to 10,000; `next` is the `after` of the next part."""

    total: int
    next: str | None = None


class CustomerList(ListResponse):
    """Customers, the newest first."""

    rows: list[CustomerResponse] = shown_as("customers", "rows")


class ContactList(ListResponse):
    """A customer's contacts, the primary one first."""

    rows: list[ContactResponse] = shown_as("contacts", "rows")


class TestClockList(ListResponse):
    """Test clocks, the newest first."""

    rows: list[TestClockResponse] = shown_as("test_clocks", "rows")


class PlanList(ListResponse):
    """Plans, the newest first."""

    rows: list[PlanResponse] = shown_as("plans", "rows")


class InvoiceList(ListResponse):
    """Invoices, the newest first."""

    rows: list[InvoiceResponse] = shown_as("invoices", "rows")


class EventList(ListResponse):
    """Events, the newest first."""

    rows: list[EventResponse] = shown_as("events", "rows")


class LedgerList(ListResponse):
    """A plan's ledger, the oldest entry first."""

    rows: list[LedgerRecord] = shown_as("ledger", "rows")


class AddOnList(ListResponse):
    """A plan's add-ons, by their codes."""

    rows: list[AddOnRecord] = shown_as("add_ons", "rows")


class ItemList(ListResponse):
    """A plan's one-off items, the oldest first."""

    rows: list[ItemRecord] = shown_as("items", "rows")


class TimelineList(ListResponse):
    """What happened to a plan, the oldest first."""

    rows: list[TimelineEntry] = shown_as("timeline", "rows")


class SeatList(ListResponse):
    """What a deployment reported, in time order."""

    rows: list[SeatReport] = shown_as("seats", "rows")


class SeatMemberList(ListResponse):
    """Who takes or took a seat, the newest first."""

    rows: list[SeatMemberRecord] = shown_as("members", "rows")


class SeatSourceResponse(ResourceResponse, SeatSourceRecord):
    """Where seats come from; `counted` and `failing` customers by the newest try."""

    org_id: str = left_out()
    seat_source_id: str = shown_as("id", "seat_source_id")


class CreatedSeatSourceResponse(SeatSourceResponse):
    """A seat source; for one over HTTP with the secret that signs our requests, which is shown this once."""

    secret: str | None = Field(None, examples=["whsec_…"])

    @classmethod
    def of(cls, made: CreatedSeatSource) -> Self:
        """Return a source that was set."""
        secret = made.secret.get_secret_value() if made.secret else None
        return cls(**made.record.model_dump(), secret=secret)


class SeatSourceList(ListResponse):
    """Seat sources, that of the organization first."""

    rows: list[SeatSourceResponse] = shown_as("seat_sources", "rows")


class SeatPullResponse(ResponseModel):
    """What came of counting: the customers that failed first."""

    counted: int
    failed: int
    counts: list[CountedSeats]


class CustomerStatusResponse(ResponseModel):
    """The customer's status after it was set."""

    success: Literal[True] = True
    customer_id: str
    status: str


class PlanStartResponse(ResponseModel):
    """The plan as it was started; `outcome` says what came of charging the card where that was asked for."""

    plan: PlanResponse = shown_as("plan", "state")
    outcome: CollectionOutcome | None = None


class CommandResponse(ResponseModel):
    """The plan after a command, the invoices made and voided, and the plan that took over, if any."""

    plan: PlanResponse = shown_as("plan", "state")
    invoices: list[InvoiceSummaryResponse]
    voided: list[InvoiceSummaryResponse]
    successor: PlanResponse | None = None


class SignalResponse(ResponseModel):
    """The command was left with the plan, and nothing is known of it yet."""

    sent: Literal[True] = True


class SeatReportResponse(ResponseModel):
    """How many observations came, and how many of them were of moments not known yet."""

    received: int
    new: int


class PaymentAttemptResponse(ResponseModel):
    """What came of collecting, and the invoice as it stands now."""

    outcome: CollectionOutcome
    invoice: InvoiceDetailResponse
