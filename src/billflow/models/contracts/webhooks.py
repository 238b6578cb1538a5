"""What is passed on of an event that Stripe reports."""

from dataclasses import dataclass
from enum import StrEnum

from pydantic import Field

from billflow.models.contracts.base import Contract, Moment
from billflow.models.contracts.stripe_event_types import FINALIZED


class ForeignReason(StrEnum):
    """Why a signed event of Stripe's belongs to no organization."""

    NO_CUSTOMER = "no_customer"
    UNKNOWN_CUSTOMER = "unknown_customer"
    WRONG_MODE = "wrong_mode"


class StripeObjects(Contract):
    """Which of Stripe's objects an event is about; None where it names none of that kind."""

    customer: str | None = None
    invoice: str | None = None
    payment_intent: str | None = None
    payment_method: str | None = None


class KnownCard(Contract):
    """The customer behind a Stripe customer, and the default card the records know of."""

    customer_id: str
    payment_method: str | None


class StripeDispute(Contract):
    """A dispute over the payment of an invoice, as an event tells it; amounts in minor units of `currency`."""

    stripe_event_id: str
    stripe_dispute_id: str
    invoice_id: str
    status: str
    reason: str
    currency: str
    amount: int
    at: Moment


class StripeEvent(Contract):
    """A verified event, as a hint of what to look at; the ids of ours are None where the object is not ours.

    Stripe may deliver an event more than once, late, and in any order: tell events apart by `event_id`. `amount`,
    `currency`, `status` and `reason` are told of disputes only.
    """

    event_id: str
    type: str
    org_id: str | None
    invoice_id: str | None
    plan_id: str | None
    customer_id: str | None
    stripe_object_id: str | None
    created: Moment
    livemode: bool
    objects: StripeObjects = Field(default_factory=StripeObjects)
    status: str | None = None
    reason: str | None = None
    currency: str | None = None
    amount: int | None = None

    @property
    def is_known(self) -> bool:
        """Tell whether it tells what we did ourselves and have recorded: that an invoice of ours was finalized."""
        return self.type == FINALIZED and self.invoice_id is not None


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """What became of an event that came: whether it is new, and whether it waits to be handled."""

    is_new: bool
    waits: bool


class ReceivedStripeEvent(Contract):
    """An event of Stripe's, when it came, and when it was acted on."""

    event: StripeEvent
    received_at: Moment
    handled_at: Moment | None


class ForeignStripeEvent(Contract):
    """A signed event that belongs to no organization, and which of Stripe's objects it names."""

    event_id: str
    type: str
    reason: ForeignReason
    received_at: Moment
    objects: StripeObjects
