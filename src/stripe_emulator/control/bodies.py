"""The JSON bodies that the control plane takes."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat

from stripe_emulator.control.rules import RequestRule, WebhookRule
from stripe_emulator.types import Obj


class Body(BaseModel):
    """A body without members we do not know."""

    model_config = ConfigDict(extra="forbid")


class ClockBody(Body):
    """`freeze` (true, or seconds to stand at), `set`, `advance` by seconds, `speed`, or `reset` to the wall's."""

    freeze: float | bool | None = None
    set: float | None = None
    advance: float | None = None
    speed: NonNegativeFloat | None = None
    reset: bool = False


class FaultsBody(Body):
    """Rules to add to those in force."""

    requests: list[RequestRule] = Field(default_factory=list)
    webhooks: list[WebhookRule] = Field(default_factory=list)


class RatesBody(Body):
    """Requests a second of each operation and of everything together."""

    operation: float = Field(gt=0)
    total: float = Field(gt=0)


class SettingsBody(Body):
    """Settings to change; a member left out keeps its value."""

    search_lag: NonNegativeFloat | None = None
    webhook_retries: list[NonNegativeFloat] | None = None
    retry_days: list[int] | None = None
    sepa_delay: NonNegativeFloat | None = None
    rate_limit: Literal["live", "sandbox", "off"] | RatesBody | None = None
    minimum_charges: dict[str, int] | None = None
    tax_behavior: Literal["exclusive", "inclusive", "inferred_by_currency"] | None = None


class AuthenticateBody(Body):
    """Whether the customer passes 3-D Secure."""

    success: bool = True


class MethodBody(Body):
    """A payment method or an alias of one."""

    payment_method: str = "pm_card_visa"


class WebhookBody(Body):
    """An endpoint with a secret of your choice, for every account."""

    url: str
    secret: str


class EventBody(Body):
    """An event to announce to the account of a key."""

    key: str
    type: str
    object: Obj
