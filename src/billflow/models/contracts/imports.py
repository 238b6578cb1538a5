"""What moves in from another billing system: customers, their live plans, seats, ledger and invoices (rules 40)."""

from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from billflow.domain.errors import InvalidInput
from billflow.domain.money import MAX_PRICE
from billflow.domain.plan import CollectionMethod, LicenseManagement, Schedule
from billflow.domain.plan_import import ImportPlan, OpeningEntry
from billflow.domain.seats import MAX_LICENSES
from billflow.models.contracts.base import Contract, RequestModel, RequestMoment
from billflow.models.contracts.coupons import CouponCreate
from billflow.models.contracts.customers import Count, Currency, CustomerPricing, NewCustomer

MOST_CUSTOMERS = 100
"""How many customers one request brings."""

MAX_MONTHS = 1200

ExternalId = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
"""What the other system calls a thing; each is imported once."""

Amount = Annotated[int, Field(ge=0, le=MAX_PRICE)]
Licenses = Annotated[int, Field(ge=0, le=MAX_LICENSES)]


class OpeningInvoiceStatus(StrEnum):
    """What became of an invoice of the other system, in Stripe's words."""

    OPEN = "open"
    PAID = "paid"
    VOID = "void"
    UNCOLLECTIBLE = "uncollectible"


class OpeningLineKind(StrEnum):
    """What a line of the other system's invoice is for.

    A `proration` changes licenses within a cycle: what is added, or what of it was not used and comes off.
    """

    LICENSES = "licenses"
    PRORATION = "proration"
    OTHER = "other"
    DISCOUNT = "discount"
    TAX = "tax"


class CustomerOpening(NewCustomer):
    """A customer as the other system has it; `credit_balance` is what it has in credit, in minor units.

    `stripe_customer_id` and its default `stripe_payment_method_id` are those at the same Stripe account. Where Stripe
    holds the credit already, `stripe_balance_transaction_id` is its newest entry. `coupon_terms` make
    the coupon where there is none of that code.
    """

    model_config = ConfigDict(extra="forbid", json_schema_extra={})

    external_id: ExternalId
    stripe_customer_id: ExternalId | None = None
    stripe_payment_method_id: ExternalId | None = None
    pricing: CustomerPricing | None = None
    credit_balance: Amount = 0
    stripe_balance_transaction_id: ExternalId | None = None
    coupon: ExternalId | None = None
    coupon_months_left: Annotated[int, Field(ge=1, le=MAX_MONTHS)] | None = None
    coupon_terms: CouponCreate | None = None

    def new(self) -> NewCustomer:
        """Return the customer to create."""
        given = self.model_fields_set & set(NewCustomer.model_fields)
        return NewCustomer(**{name: getattr(self, name) for name in given})


class PlanOpening(RequestModel):
    """A live plan of a customer, named by its external id; see `domain.plan_import.ImportPlan`."""

    external_id: ExternalId
    customer: ExternalId
    tier: str
    schedule: Schedule
    period_start: RequestMoment
    period_end: RequestMoment
    anchor: RequestMoment | None = None
    licenses: Annotated[int, Field(ge=1, le=MAX_LICENSES)]
    licenses_at_next_renewal: Licenses | None = None
    license_management: LicenseManagement = LicenseManagement.AUTOMATIC
    collection_method: CollectionMethod = CollectionMethod.CHARGE_AUTOMATICALLY
    price_per_license: Amount | None = None
    fixed_price: Amount | None = None
    in_trial: bool = False
    end_date: RequestMoment | None = None
    ends_with_period: bool = False
    next_schedule: Schedule | None = None

    def asked(self, ledger: tuple["LedgerOpening", ...], *, parallel_run: bool) -> ImportPlan:
        """Return what the domain is asked for, with the plan's entries of the ledger."""
        mine = [entry for entry in ledger if entry.plan == self.external_id]
        entries = tuple(OpeningEntry(**entry.model_dump(exclude={"plan"})) for entry in mine)
        own = self.model_dump(exclude={"external_id", "customer"})
        return ImportPlan(**own, ledger=entries, parallel_run=parallel_run)


class LedgerOpening(RequestModel):
    """An entry of a plan's ledger in the running period: licenses held, and those of the next renewal."""

    plan: ExternalId
    event_time: RequestMoment
    is_renewal: bool = False
    licenses: Licenses
    licenses_at_next_renewal: Licenses


class SeatOpening(RequestModel):
    """How many people a customer's deployment had at one moment."""

    customer: ExternalId
    observed_at: RequestMoment
    members: Count
    guests: Count = 0


AN_INVOICE: dict[str, Any] = {
    "external_id": "in_93",
    "customer": "cus_17",
    "plan": "sub_17",
    "status": "open",
    "currency": "USD",
    "total": 8400,
    "issued_at": "2026-12-05T01:00:00Z",
}
A_LINE: dict[str, Any] = {
    "invoice": "in_93",
    "description": "12 x Team",
    "quantity": 12,
    "unit_amount": 700,
    "amount": 8400,
    "period_start": "2026-12-05T00:00:00Z",
    "period_end": "2027-01-05T00:00:00Z",
}
"""An example of an invoice, and of its line."""


class InvoiceOpening(RequestModel):
    """An invoice of the other system, amounts in minor units of `currency`: a fact, which is never billed again.

    `amount_paid` is what was paid of it, in all or in part; `paid_at` is when it was paid whole. Below 0 it credits.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [AN_INVOICE]})

    external_id: ExternalId
    customer: ExternalId
    plan: ExternalId | None = None
    number: ExternalId | None = None
    status: OpeningInvoiceStatus
    currency: Currency
    total: Annotated[int, Field(ge=-MAX_PRICE, le=MAX_PRICE)]
    amount_paid: Amount = 0
    issued_at: RequestMoment
    due_at: RequestMoment | None = None
    paid_at: RequestMoment | None = None
    closed_at: RequestMoment | None = None
    period_start: RequestMoment | None = None
    period_end: RequestMoment | None = None

    @model_validator(mode="after")
    def _dated(self) -> Self:
        most = max(self.total, 0)
        if self.amount_paid > most:
            raise InvalidInput("More was paid than the invoice is over; correct amount_paid.", field="amount_paid")
        if (self.status is OpeningInvoiceStatus.PAID) != (self.paid_at is not None):
            raise InvalidInput("paid_at goes with the status paid, and only there.", field="paid_at")
        if self.status is OpeningInvoiceStatus.PAID and self.amount_paid != most:
            raise InvalidInput("A paid invoice has its total as amount_paid, credit included.", field="amount_paid")
        closed = self.status in (OpeningInvoiceStatus.VOID, OpeningInvoiceStatus.UNCOLLECTIBLE)
        if closed != (self.closed_at is not None):
            raise InvalidInput("closed_at goes with the statuses void and uncollectible.", field="closed_at")
        return self


class InvoiceLineOpening(RequestModel):
    """A line of an invoice that is named by its external id, amounts in minor units; the lines of one in their order.

    `unit_amount` is what one license costs for a whole period. A discount is below 0.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [A_LINE]})

    invoice: ExternalId
    kind: OpeningLineKind = OpeningLineKind.LICENSES
    description: Annotated[str, StringConstraints(max_length=500)] = ""
    quantity: Annotated[int, Field(ge=0, le=MAX_LICENSES)] = 1
    unit_amount: Annotated[int, Field(ge=-MAX_PRICE, le=MAX_PRICE)] | None = None
    amount: Annotated[int, Field(ge=-MAX_PRICE, le=MAX_PRICE)]
    period_start: RequestMoment | None = None
    period_end: RequestMoment | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        given = (self.period_start, self.period_end)
        if (given[0] is None) != (given[1] is None) or (given[0] and given[1] and given[0] > given[1]):
            raise InvalidInput("period_start and period_end go together, in this order.", field="period_end")
        return self


class CustomerImport(RequestModel):
    """One customer with all that is imported of it: taken whole, or not at all."""

    customer: CustomerOpening
    plans: tuple[PlanOpening, ...] = ()
    ledger: tuple[LedgerOpening, ...] = ()
    seats: tuple[SeatOpening, ...] = ()
    invoices: tuple[InvoiceOpening, ...] = ()
    invoice_lines: tuple[InvoiceLineOpening, ...] = ()


_EXAMPLE: dict[str, Any] = {
    "customer": {"external_id": "cus_17", "name": "Lighthouse GmbH", "email": "billing@lighthouse.example"},
    "plans": [
        {
            "external_id": "sub_17",
            "customer": "cus_17",
            "tier": "team",
            "schedule": "monthly",
            "period_start": "2026-11-05T00:00:00Z",
            "period_end": "2026-12-05T00:00:00Z",
            "licenses": 12,
            "license_management": "manual",
        }
    ],
}


class ImportCreate(RequestModel):
    """Customers to import; with `check` nothing is written, and the answer says what would be refused.

    On a `test_clock_id` the plans live in its time. In a `parallel_run` the other system goes on to bill them, and what
    billflow computes is compared with that until the cutover; credit stays with the other system so long.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [{"customers": [_EXAMPLE], "check": True}]})

    customers: Annotated[tuple[CustomerImport, ...], Field(min_length=1, max_length=MOST_CUSTOMERS)]
    check: bool = False
    test_clock_id: str | None = None
    parallel_run: bool = False


class ImportKind(StrEnum):
    """What a record of an import is about."""

    CUSTOMER = "customer"
    PLAN = "plan"
    INVOICE = "invoice"


class ImportOutcome(StrEnum):
    """What became of a record: `known` was imported before, `held_back` belongs to one that is refused.

    `updated` is an invoice that was open when it was imported, and is not any more.
    """

    IMPORTED = "imported"
    UPDATED = "updated"
    KNOWN = "known"
    REFUSED = "refused"
    HELD_BACK = "held_back"


class ImportRecord(Contract):
    """What became of one record: `id` is what it is called here, `mapped` what it became."""

    kind: ImportKind
    external_id: str
    outcome: ImportOutcome
    id: str | None = None
    mapped: dict[str, Any] = Field(default_factory=dict)
    code: str | None = None
    message: str | None = None
    field: str | None = None


class ImportResponse(Contract):
    """What became of every record of an import."""

    records: tuple[ImportRecord, ...]
