"""What belongs to a customer, as the API shows it."""

from typing import Literal

from pydantic import Field

from billflow.api.views import ContactShown, Listed, Shown
from billflow.models.contracts.base import Moment
from billflow.models.contracts.customer_money import CreditRecord, SponsorshipRecord
from billflow.models.contracts.customer_parts import AccountRecord, ChannelRecord, ProjectRecord
from billflow.models.contracts.customer_settings import Json, ResolvedSettings


class AccountShown(AccountRecord):
    """A billing account."""

    billing_account_id: str = Field(serialization_alias="id")


class ProjectShown(ProjectRecord):
    """A project with its own settings."""

    project_id: str = Field(serialization_alias="id")


class ChannelShown(ChannelRecord):
    """A channel with its own settings."""

    channel_id: str = Field(serialization_alias="id")


class CreditShown(CreditRecord):
    """A credit that was granted, or with a negative amount one that was used."""

    credit_id: str = Field(serialization_alias="id")


class SponsorshipShown(SponsorshipRecord):
    """A request to be sponsored, and what became of it."""

    sponsorship_request_id: str = Field(serialization_alias="id")


class Contacts(Listed):
    """A customer's contacts, the primary one first."""

    contacts: list[ContactShown] = Field(validation_alias="rows")


class Accounts(Listed):
    """A customer's billing accounts, the default one first."""

    billing_accounts: list[AccountShown] = Field(validation_alias="rows")


class Projects(Listed):
    """A customer's projects, the oldest first."""

    projects: list[ProjectShown] = Field(validation_alias="rows")


class Channels(Listed):
    """A project's channels, the oldest first."""

    channels: list[ChannelShown] = Field(validation_alias="rows")


class Sponsorships(Listed):
    """A customer's sponsorship requests, the newest first."""

    sponsorship_requests: list[SponsorshipShown] = Field(validation_alias="rows")


class SettingsChanged(Shown):
    """The settings after a change."""

    success: Literal[True] = True
    settings: Json


class OwnSettings(Shown):
    """Settings as they were given at this level."""

    settings: Json


SettingsShown = ResolvedSettings | OwnSettings
"""Settings of one level, or with `resolved=true` those that hold there, and where each comes from."""


class Suspended(Shown):
    """The customer is suspended."""

    success: Literal[True] = True
    customer_id: str
    status: str
    suspended_at: Moment | None


class Activated(Shown):
    """The customer is active."""

    success: Literal[True] = True
    customer_id: str
    status: str
    activated_at: Moment


class Deactivated(Shown):
    """The customer's account is closed."""

    success: Literal[True] = True
    customer_id: str
    status: str
    deactivated_at: Moment
