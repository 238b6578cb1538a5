"""What belongs to a customer: the people to write to, the accounts it pays from, its projects and their channels."""

from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints

from billflow.domain.plan import CollectionMethod
from billflow.models.contracts.base import Contract, Moment, RequestModel
from billflow.models.contracts.customer_settings import CustomerSettings, Json
from billflow.models.contracts.customers import BillingAccountRecord, Currency, Name
from billflow.models.contracts.email_addresses import Email

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]
RowId = Annotated[str, Field(max_length=100)]


class ProjectRef(Contract):
    """One project of an organization."""

    org_id: str
    project_id: str


class ContactUpdate(RequestModel):
    """What to change of a contact; what is left out stays."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"is_primary": True}]})

    email: Email = ""
    name: Name | None = None
    is_primary: bool = False


class ContactCreate(ContactUpdate):
    """A person to write to; a primary one takes the place of the one before."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"email": "einkauf@muster.de", "name": "Max Mustermann", "is_primary": True}]}
    )

    email: Email


class BillingAccountUpdate(RequestModel):
    """What to change of a billing account; what is left out stays. Its currency stays what it is."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"is_default": True}]})

    name: Name = ""
    collection_method: CollectionMethod = CollectionMethod.CHARGE_AUTOMATICALLY
    invoice_email: Email | None = None
    is_default: bool = False


class BillingAccountCreate(BillingAccountUpdate):
    """A billing account; without a `currency` it is in the customer's own. A default one pays for plans from now on."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "Subsidiary", "currency": "EUR", "collection_method": "send_invoice"}]}
    )

    name: Name
    currency: Currency | None = None


class AccountRecord(BillingAccountRecord):
    """A billing account of a customer."""

    customer_id: str
    created_at: Moment
    updated_at: Moment


class ProjectCreate(RequestModel):
    """A project; it bills to the default account unless another is named, and its slug follows from its name."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"name": "Acme - Sales Department", "slug": "acme-sales", "settings": {"session_timeout": 60}}]
        }
    )

    name: Name
    slug: Slug | None = None
    billing_account_id: RowId | None = None
    settings: CustomerSettings = CustomerSettings()


class ProjectUpdate(RequestModel):
    """What to change of a project; what is left out stays, `settings` are merged."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"settings": {"session_timeout": 60}}]})

    name: Name = ""
    slug: Slug = ""
    billing_account_id: RowId = ""
    settings: CustomerSettings = CustomerSettings()


class ProjectRecord(Contract):
    """A project with its own settings."""

    project_id: str
    customer_id: str
    billing_account_id: str
    name: str
    slug: str
    settings: Json
    created_at: Moment
    updated_at: Moment


class ChannelUpdate(RequestModel):
    """What to change of a channel; what is left out stays, `settings` are merged."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"settings": {"session_timeout": 15}}]})

    name: Name = ""
    settings: CustomerSettings = CustomerSettings()


class ChannelCreate(ChannelUpdate):
    """A channel of a project."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "whatsapp"}]})

    name: Name


class ChannelRecord(Contract):
    """A channel with its own settings."""

    channel_id: str
    project_id: str
    name: str
    settings: Json
    created_at: Moment
    updated_at: Moment
