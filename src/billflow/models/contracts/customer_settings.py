"""Settings of customers, projects and channels: four sections that are checked, and whatever else a product keeps."""

import json
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, StrictBool, StrictInt, StringConstraints

from billflow.domain.currencies import checked_currency
from billflow.domain.errors import InvalidInput
from billflow.models.contracts.base import Contract

MOST_BYTES = 64 * 1024
"""How large a JSON object that a customer keeps with us may be."""

Json = dict[str, Any]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]
Limit = Annotated[StrictInt, Field(ge=0, le=10**12)]
Minutes = Annotated[StrictInt, Field(ge=1, le=525_600)]


class Section(Contract):
    """A part of the settings; keys we don't know are kept as they are, and null takes a key away."""

    model_config = ConfigDict(extra="allow")


class CompanySettings(Section):
    """Who the customer is before the law."""

    legal_name: Text | None = None
    tax_id: Text | None = None
    address: Text | Json | None = None


class BillingPreferences(Section):
    """How the customer would like to pay; plans and billing accounts say how it does."""

    currency: Annotated[str, AfterValidator(checked_currency)] | None = None
    payment_method: Text | None = None
    billing_cycle: Literal["monthly", "annual"] | None = None
    auto_renew: StrictBool | None = None


class SecuritySettings(Section):
    """What the customer asks of its people; `session_timeout` in minutes."""

    require_2fa: StrictBool | None = None
    password_policy: Text | None = None
    session_timeout: Minutes | None = None


class FeatureSettings(Section):
    """What the customer may use, and how much of it; a limit that is left out does not limit."""

    max_projects: Limit | None = None
    max_users: Limit | None = None
    max_contacts: Limit | None = None
    ai_enabled: StrictBool | None = None
    analytics_enabled: StrictBool | None = None


class CustomerSettings(Section):
    """All settings of one level."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"features": {"max_projects": 20, "max_users": 100}, "session_timeout": 30}]}
    )

    company: CompanySettings | None = None
    billing: BillingPreferences | None = None
    security: SecuritySettings | None = None
    features: FeatureSettings | None = None

    def given(self) -> Json:
        """Return what was given, null included, as a JSON object."""
        return self.model_dump(mode="json", exclude_unset=True)


def checked_size(value: Json) -> Json:
    """Return a JSON object, or raise `InvalidInput` where it is larger than we keep or holds what is no JSON."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    except ValueError:
        raise InvalidInput(
            "NaN and numbers over 1.8e308 are no JSON; leave them out.", code="number_too_large"
        ) from None
    if len(text.encode()) > MOST_BYTES:
        raise InvalidInput(f"At most {MOST_BYTES // 1024} KiB of JSON are kept here; store less.", code="too_large")
    return value


Metadata = Annotated[Json, AfterValidator(checked_size)]
"""What a product keeps with a customer; we never look into it."""


class ResolvedSetting(Contract):
    """One setting as it holds, by its dotted path, and the level it comes from: customer, project or channel."""

    key: str
    value: Any
    source: str
    source_id: str


class ResolvedSettings(Contract):
    """All settings that hold at one level, and where each comes from."""

    settings: Json
    resolved: tuple[ResolvedSetting, ...]
