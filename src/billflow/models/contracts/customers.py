"""Customers as they are created, priced and shown; amounts in minor units of their currency."""

from enum import StrEnum
from typing import Annotated, Any, Protocol, Self
from uuid import UUID

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, model_validator

from billflow.domain.catalog import Hosting
from billflow.domain.currencies import checked_currency, in_steps
from billflow.domain.customer import DEFAULT_FLAT_DISCOUNT
from billflow.domain.errors import InvalidInput
from billflow.domain.money import MAX_PRICE
from billflow.domain.plan import CollectionMethod
from billflow.domain.seats import MAX_LICENSES
from billflow.models.contracts.addresses import Address, Language
from billflow.models.contracts.base import Contract, Moment, RequestModel, RequestMoment
from billflow.models.contracts.customer_settings import CustomerSettings, Metadata
from billflow.models.contracts.email_addresses import Email

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
Currency = Annotated[str, AfterValidator(checked_currency)]
Amount = Annotated[int, Field(ge=0, le=MAX_PRICE)]
Count = Annotated[int, Field(ge=0, le=MAX_LICENSES)]
ErpNumber = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Json = dict[str, Any]


class CustomerStatus(StrEnum):
    """Whether a customer may use what it bought; inactive means the account is closed."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    INACTIVE = "inactive"


class OfferStatus(StrEnum):
    """Where an offer stands."""

    OPEN = "open"
    ACCEPTED = "accepted"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class DeploymentKind(StrEnum):
    """What a customer runs the product on."""

    REALM = "realm"
    REMOTE_REALM = "remote_realm"
    REMOTE_SERVER = "remote_server"


class Deployment(Contract):
    """One deployment. A realm's `name` is its subdomain, the others' the host they run on.

    `uuid` is what a remote deployment reports itself as; realms have none.
    """

    kind: DeploymentKind
    name: Name
    uuid: UUID | None = None

    @model_validator(mode="after")
    def _known_by_uuid(self) -> Self:
        if (self.uuid is None) != (self.kind is DeploymentKind.REALM):
            raise InvalidInput("A remote deployment is named by its uuid, a realm has none.", field="uuid")
        return self


class CustomerRef(Contract):
    """One customer of one organization."""

    org_id: str
    customer_id: str


class CustomerUpdate(RequestModel):
    """What to change of a customer: what is left out stays, null takes away what may be missing.

    `metadata` is merged, an address is replaced whole. A new `default_currency` counts for billing accounts made later.
    A customer that is created without currency or language gets those of the seller, where it has any.
    """

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "Acme Inc.", "erp_customer_number": None, "metadata": {"crm": "7"}}]}
    )

    name: Name = ""
    email: Email = ""
    erp_customer_number: ErpNumber | None = None
    default_currency: Currency = "USD"
    default_language: Language = "en-US"
    billing_address: Address | None = None
    shipping_address: Address | None = None
    metadata: Metadata = Field(default_factory=dict)


class NewCustomer(CustomerUpdate):
    """A customer to create; without a `deployment` it gets a realm of its own, named after it."""

    name: Name
    email: Email
    deployment: Deployment | None = None
    settings: CustomerSettings = CustomerSettings()
    collection_method: CollectionMethod = CollectionMethod.CHARGE_AUTOMATICALLY


class CustomerPricing(Contract):
    """What support agreed with a customer; see `domain.customer.CustomerTerms`. A price of 0 means list price."""

    required_plan_tier: str | None = None
    monthly_discounted_price: Amount = 0
    annual_discounted_price: Amount = 0
    minimum_licenses: Annotated[int, Field(ge=1, le=MAX_LICENSES)] | None = None
    exempt_from_license_number_check: bool = False
    flat_discount: Amount = DEFAULT_FLAT_DISCOUNT
    flat_discounted_months: Annotated[int, Field(ge=0, le=1200)] = 0
    sponsorship_pending: bool = False
    tax_exempt: bool = False

    def over(self, months: int) -> Self:
        """Return what is agreed over *months* of flat discount, which stay unless it names others (rules 14)."""
        if self.monthly_discounted_price or self.annual_discounted_price:
            return self
        if "flat_discounted_months" in self.model_fields_set:
            return self
        return self.model_copy(update={"flat_discounted_months": months})

    def check_chargeable(self, currency: str) -> None:
        """Raise `InvalidInput` for an amount that can't be charged to the minor unit (rules 25)."""
        for name in ("monthly_discounted_price", "annual_discounted_price", "flat_discount"):
            in_steps(getattr(self, name), currency, name)


class BillingAccountRecord(Contract):
    """How a customer pays."""

    billing_account_id: str
    name: str
    is_default: bool
    currency: str
    collection_method: CollectionMethod
    invoice_email: str | None
    stripe_customer_id: str | None


class ContactRecord(Contract):
    """A person to write to."""

    contact_id: str
    customer_id: str
    email: str
    name: str | None
    is_primary: bool
    created_at: Moment
    updated_at: Moment


class CustomerRecord(Contract):
    """A customer as it stands, with the account it pays from; lists leave its contacts out."""

    org_id: str
    customer_id: str
    name: str
    email: str
    status: CustomerStatus
    suspended_at: Moment | None
    deployment: Deployment
    deployment_id: str
    hosting: Hosting
    erp_customer_number: str | None
    default_currency: str
    default_language: str
    billing_address: Json | None
    shipping_address: Json | None
    metadata: Json
    settings: Json
    pricing: CustomerPricing
    billing_account: BillingAccountRecord
    contacts: tuple[ContactRecord, ...] = ()
    created_at: Moment
    updated_at: Moment

    @property
    def ref(self) -> CustomerRef:
        """Return which customer it is."""
        return CustomerRef(org_id=self.org_id, customer_id=self.customer_id)


class Customer(Protocol):
    """What an invoice says of a customer, in a record or a row."""

    @property
    def name(self) -> str: ...
    @property
    def email(self) -> str: ...
    @property
    def settings(self) -> Json: ...
    @property
    def billing_address(self) -> Json | None: ...
    @property
    def erp_customer_number(self) -> str | None: ...
    @property
    def default_language(self) -> str: ...


class Buyer(Contract):
    """Who buys, as an invoice is issued to: `address` as the customer has it, `language` a BCP 47 tag."""

    name: str
    legal_name: str | None = None
    address: Json | str | None = None
    tax_id: str | None = None
    email: str | None = None
    erp_customer_number: str | None = None
    language: str

    @classmethod
    def of(cls, customer: CustomerRecord) -> Self:
        """Return a customer as an invoice that is issued now has it."""
        return cls.paying(customer, customer.billing_account.invoice_email)

    @classmethod
    def paying(cls, customer: Customer, invoice_email: str | None) -> Self:
        """Return the same of a customer whose billing account is known by its *invoice_email* alone."""
        company = customer.settings.get("company") or {}
        return cls(
            name=customer.name,
            legal_name=company.get("legal_name"),
            address=customer.billing_address or company.get("address"),
            tax_id=company.get("tax_id"),
            email=invoice_email or customer.email,
            erp_customer_number=customer.erp_customer_number,
            language=customer.default_language,
        )


class ChangeContext(Contract):
    """Who changes a customer, as of when, and why."""

    actor: str
    at: Moment
    request_id: str | None = None
    reason: str | None = None


class SeatReport(Contract):
    """How many people a deployment had at one moment; bots and deactivated users are not counted."""

    observed_at: Moment
    members: Count
    guests: Count = 0


class SeatReportCreate(RequestModel):
    """How many people are there, or were at `observed_at`; bots and deactivated users are not counted."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"members": 41, "guests": 3},
                {"observed_at": "2026-07-01T00:00:00Z", "members": 41, "guests": 3},
            ]
        }
    )

    observed_at: RequestMoment | None = None
    members: Count
    guests: Count = 0

    def observed(self, now: Moment) -> SeatReport:
        """Return the report, of *now* where it names no moment."""
        return SeatReport(observed_at=self.observed_at or now, members=self.members, guests=self.guests)


class SeatGateRecord(Contract):
    """Whether so many more people may join, and how many licenses are spare before they do.

    `spare` is None where nothing limits how many may join; admins should see a `warning` from three spare ones down.
    """

    allowed: bool
    spare: int | None
    warning: bool
