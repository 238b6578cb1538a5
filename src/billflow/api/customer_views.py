"""What belongs to a customer, as the API shows it."""

from typing import Literal

from pydantic import Field

from billflow.api.views import ContactResponse, ListResponse, ResponseModel
from billflow.models.contracts.base import Moment
from billflow.models.contracts.customer_finances import GrantedCredit, SponsorshipRecord
from billflow.models.contracts.customer_resources import AccountRecord, ChannelRecord, ProjectRecord
from billflow.models.contracts.customer_settings import Json, ResolvedSettings


class BillingAccountResponse(AccountRecord):
    """A billing account."""

    billing_account_id: str = Field(serialization_alias="id")


class ProjectResponse(ProjectRecord):
    """A project with its own settings."""

    project_id: str = Field(serialization_alias="id")


class ChannelResponse(ChannelRecord):
    """A channel with its own settings."""

    channel_id: str = Field(serialization_alias="id")


class CreditResponse(GrantedCredit):
    """A credit that was granted, or with a negative amount one that was used."""

    credit_id: str = Field(serialization_alias="id")


class SponsorshipResponse(SponsorshipRecord):
    """A request to be sponsored, and what became of it."""

    sponsorship_request_id: str = Field(serialization_alias="id")


class ContactList(ListResponse):
    """A customer's contacts, the primary one first."""

    contacts: list[ContactResponse] = Field(validation_alias="rows")


class BillingAccountList(ListResponse):
    """A customer's billing accounts, the default one first."""

    billing_accounts: list[BillingAccountResponse] = Field(validation_alias="rows")


class ProjectList(ListResponse):
    """A customer's projects, the oldest first."""

    projects: list[ProjectResponse] = Field(validation_alias="rows")


class ChannelList(ListResponse):
    """A project's channels, the oldest first."""

    channels: list[ChannelResponse] = Field(validation_alias="rows")


class SponsorshipList(ListResponse):
    """A customer's sponsorship requests, the newest first."""

    sponsorship_requests: list[SponsorshipResponse] = Field(validation_alias="rows")


class SettingsResponse(ResponseModel):
    """The settings after a change."""

    success: Literal[True] = True
    settings: Json


class OwnSettingsResponse(ResponseModel):
    """Settings as they were given at this level."""

    settings: Json


AnySettingsResponse = ResolvedSettings | OwnSettingsResponse
"""Settings of one level, or with `resolved=true` those that hold there, and where each comes from."""


class SuspendedResponse(ResponseModel):
    """The customer is suspended."""

    success: Literal[True] = True
    customer_id: str
    status: str
    suspended_at: Moment | None


class ActivatedResponse(ResponseModel):
    """The customer is active."""

    success: Literal[True] = True
    customer_id: str
    status: str
    activated_at: Moment


class DeactivatedResponse(ResponseModel):
    """The customer's account is closed."""

    success: Literal[True] = True
    customer_id: str
    status: str
    deactivated_at: Moment
