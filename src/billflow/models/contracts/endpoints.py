"""Events on their way out: what happened, where it is to be told, and how that went."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import AfterValidator, ConfigDict, Field, SecretStr, StringConstraints, WithJsonSchema, model_validator

from billflow.domain.errors import InvalidInput
from billflow.models.contracts.base import Contract, Moment, RequestModel, RequestMoment
from billflow.models.contracts.customers import CustomerRef
from billflow.models.contracts.event_types import checked_event_type, event_declarations

EventType = Annotated[
    str,
    AfterValidator(checked_event_type),
    WithJsonSchema({"type": "string", "enum": list(event_declarations()), "description": "A type of event."}),
]
Url = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
Description = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
EventTypes = Annotated[tuple[EventType, ...], Field(max_length=100)]


class EndpointStatus(StrEnum):
    """Whether an endpoint gets events."""

    ENABLED = "enabled"
    DISABLED = "disabled"


class MessageStatus(StrEnum):
    """Where a message stands; failed means that it was given up after three days."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


class DeliveryOutcome(StrEnum):
    """What came of one attempt."""

    DELIVERED = "delivered"
    FAILED = "failed"


class EndpointCreate(RequestModel):
    """An endpoint to make; without `event_types` it gets every event."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"url": "https://example.com/events/billing", "event_types": ["invoice.paid", "plan.ended"]}]
        }
    )

    url: Url
    description: Description | None = None
    event_types: EventTypes = ()


class EndpointUpdate(RequestModel):
    """What to change of an endpoint: what is left out stays."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"status": "disabled"}]})

    url: Url = ""
    description: Description | None = None
    event_types: EventTypes = ()
    status: EndpointStatus = EndpointStatus.ENABLED


class EndpointRecord(Contract):
    """An endpoint as it stands.

    Until `old_secret_until` its old secret signs too; `failing_since` is when the first of the failures was that
    nothing was taken after.
    """

    url: Url
    description: Description | None = None
    event_types: tuple[str, ...] = ()
    org_id: str
    endpoint_id: str
    status: EndpointStatus
    disabled_reason: str | None
    old_secret_until: Moment | None = None
    failing_since: Moment | None = None
    created_at: Moment
    updated_at: Moment


class CreatedEndpoint(Contract):
    """An endpoint and its new secret, `whsec_…`, which signs what it gets."""

    record: EndpointRecord
    secret: SecretStr


class EventRecord(Contract):
    """Something that happened."""

    org_id: str
    event_id: str
    sequence: int
    type: str
    at: Moment
    customer_id: str | None
    plan_id: str | None
    invoice_id: str | None
    data: dict[str, Any]
    recorded_at: Moment


class EventFilter(Contract):
    """Which events to list, those recorded from `since` on; what is None does not count."""

    type: str | None = Field(None, max_length=100, examples=["invoice.paid"])
    customer_id: str | None = Field(None, max_length=100)
    plan_id: str | None = Field(None, max_length=100)
    since: RequestMoment | None = Field(None, description="Recorded at this moment or later.")


class CustomerDelivery(Contract):
    """An attempt to deliver an event about a customer: which, where to, and what came of it."""

    at: Moment
    created_at: Moment
    type: str
    url: str
    attempt: int
    outcome: DeliveryOutcome
    status_code: int | None
    error: str | None


class DeliveryRecord(Contract):
    """One attempt to deliver an event; `status_code` is empty where nobody answered."""

    delivery_id: str
    message_id: str
    endpoint_id: str
    event_id: str
    attempt: int
    outcome: DeliveryOutcome
    status_code: int | None
    error: str | None
    duration_ms: int
    at: Moment


class DeliveryStream(Contract):
    """One customer's events on their way to one endpoint, in order; without a customer, the organization's own."""

    org_id: str
    endpoint_id: str
    customer_id: str | None


class RoutingResult(Contract):
    """Events that were routed, the streams on which something waits for them, and customers Stripe must rename.

    `taxable_plan_ids` and `taxable_invoice_ids` waited for an address or a rate to be taxed by, which may be there now.
    """

    event_ids: tuple[str, ...]
    streams: tuple[DeliveryStream, ...]
    renamed: tuple[CustomerRef, ...] = ()
    taxable_plan_ids: tuple[str, ...] = ()
    taxable_invoice_ids: tuple[str, ...] = ()


class Message(Contract):
    """What to send next on a stream: the endpoint's address and secrets, the event, and which attempt this is.

    `old_secret` signs too until `old_secret_until`.
    """

    message_id: str
    endpoint_id: str
    event: EventRecord
    url: str
    secret: SecretStr
    old_secret: SecretStr | None = None
    old_secret_until: Moment | None = None
    failures: int
    next_attempt_at: Moment | None


class Attempt(Contract):
    """What came of sending a message once."""

    message_id: str
    at: Moment
    duration_ms: int
    status_code: int | None
    error: str | None

    @property
    def delivered(self) -> bool:
        """Tell whether the other side took it."""
        return self.error is None

    @property
    def unsubscribes(self) -> bool:
        """Tell whether the other side asked never to be called again."""
        return self.status_code == 410  # noqa: PLR2004  (HTTP's own word for it)


class DeliveryResult(Contract):
    """How a stream stands: there is more to send after `wait`, or nothing for now."""

    wait: timedelta | None = None


class ReplayCreate(RequestModel):
    """What to send once more: one event, or all that the endpoint wants and that were recorded from `since` on."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"since": "2026-07-01T00:00:00Z"}]})

    event_id: str | None = Field(None, max_length=100)
    since: RequestMoment | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.event_id is None) == (self.since is None):
            raise InvalidInput("Name either event_id or since.", field="event_id")
        return self
