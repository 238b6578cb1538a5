"""What belongs to a customer, as the API answers it."""

from typing import Literal

from billflow.models.contracts.base import Moment
from billflow.models.contracts.customer_finances import Amount, GrantedCredit, SponsorshipRecord
from billflow.models.contracts.customer_resources import AccountRecord, ChannelRecord, ProjectRecord
from billflow.models.contracts.customer_settings import Json, ResolvedSettings
from billflow.models.contracts.responses import (
    CustomerStatusResponse,
    ListResponse,
    ResourceResponse,
    ResponseModel,
    shown_as,
)


class BillingAccountResponse(ResourceResponse, AccountRecord):
    """A billing account."""

    billing_account_id: str = shown_as("id", "billing_account_id")


class ProjectResponse(ResourceResponse, ProjectRecord):
    """A project with its own settings."""

    project_id: str = shown_as("id", "project_id")


class ChannelResponse(ResourceResponse, ChannelRecord):
    """A channel with its own settings."""

    channel_id: str = shown_as("id", "channel_id")


class CreditResponse(ResourceResponse, GrantedCredit):
    """A credit that was granted, or with a negative amount one that was used."""

    credit_id: str = shown_as("id", "credit_id")


class CreditList(ListResponse):
    """What is left of a customer's credits, and how it came about, the newest first."""

    balance: list[Amount]
    rows: list[CreditResponse] = shown_as("credits", "rows")


class SponsorshipResponse(ResourceResponse, SponsorshipRecord):
    """A request to be sponsored, and what became of it."""

    sponsorship_request_id: str = shown_as("id", "sponsorship_request_id")


class BillingAccountList(ListResponse):
    """A customer's billing accounts, the default one first."""

    rows: list[BillingAccountResponse] = shown_as("billing_accounts", "rows")


class ProjectList(ListResponse):
    """A customer's projects, the oldest first."""

    rows: list[ProjectResponse] = shown_as("projects", "rows")


class ChannelList(ListResponse):
    """A project's channels, the oldest first."""

    rows: list[ChannelResponse] = shown_as("channels", "rows")


class SponsorshipList(ListResponse):
    """A customer's sponsorship requests, the newest first."""

    rows: list[SponsorshipResponse] = shown_as("sponsorship_requests", "rows")


class SettingsResponse(ResponseModel):
    """The settings after a change."""

    success: Literal[True] = True
    settings: Json


class OwnSettingsResponse(ResponseModel):
    """Settings as they were given at this level."""

    settings: Json


AnySettingsResponse = ResolvedSettings | OwnSettingsResponse
"""Settings of one level, or with `resolved=true` those that hold there, and where each comes from."""


class SuspendedResponse(CustomerStatusResponse):
    """The customer is suspended."""

    suspended_at: Moment | None


class ActivatedResponse(CustomerStatusResponse):
    """The customer is active."""

    activated_at: Moment


class DeactivatedResponse(CustomerStatusResponse):
    """The customer's account is closed."""

    deactivated_at: Moment


class Link(ResponseModel):
    """The address of a page; it is for this customer only, and not for long."""

    url: str


class TestCardResponse(ResponseModel):
    """The test card that pays for the customer from now on, by its id at Stripe."""

    customer_id: str
    payment_method: str


class ErasureResponse(ResponseModel):
    """The customer is forgotten, here and at Stripe; what it was billed stays."""

    customer_id: str
    erased_at: Moment
