"""A customer's seats and money over time, its credits, and its requests to be sponsored."""

from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints

from billflow.domain.money import MAX_PRICE
from billflow.domain.plan import PlanStatus, Schedule
from billflow.models.contracts.base import Contract, Moment, RequestModel
from billflow.models.contracts.customers import Count, CustomerStatus

Sentence = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]


class Amount(Contract):
    """An amount in minor units of its currency."""

    amount: int
    currency: str


class DaySeats(Contract):
    """The most people that were seen on one day, UTC."""

    day: date
    members: int
    guests: int


class LicensesFrom(Contract):
    """How many licenses a plan held from a moment on."""

    at: Moment
    plan_id: str
    licenses: int


class InvoicedMoney(Contract):
    """What invoices came to: `credited` is what credit notes took off, `net_paid` what was paid and not refunded.

    `tax` is what of that is tax, after credit notes and refunds. Void invoices don't count; one that was issued again
    counts as what the new one is over.
    """

    currency: str
    invoiced: int
    tax: int = 0
    credited: int
    paid: int
    refunded: int
    net_paid: int


class MonthMoney(InvoicedMoney):
    """What the invoices of one month, named by its first day, came to, whenever that was paid or adjusted."""

    month: date
    invoices: int


class UsageRecord(Contract):
    """Seats, licenses and money in `[since, until)`, across all projects."""

    customer_id: str
    since: Moment
    until: Moment
    projects: int
    channels: int
    peak_members: int
    peak_guests: int
    seats: tuple[DaySeats, ...]
    licenses: tuple[LicensesFrom, ...]
    money: tuple[MonthMoney, ...]


class PlanHistory(InvoicedMoney):
    """One plan of the customer's past or present, and what it came to."""

    plan_id: str
    tier: str
    schedule: Schedule
    status: PlanStatus
    started_at: Moment
    ended_at: Moment | None
    licenses: int


class BalanceRecord(Contract):
    """What a customer owes and what it has credit for, one amount for each currency."""

    open_balance: tuple[Amount, ...]
    credit_balance: tuple[Amount, ...]


class ReportRecord(Contract):
    """What a customer is worth: paid less refunds and credits, renewing per month, still owed; amounts by currency."""

    customer_id: str
    name: str
    status: CustomerStatus
    customer_since: Moment
    lifetime_value: tuple[Amount, ...]
    monthly_recurring_revenue: tuple[Amount, ...]
    open_balance: tuple[Amount, ...]
    credit_balance: tuple[Amount, ...]
    invoices: int
    open_invoices: int
    plans: tuple[PlanHistory, ...]


class CreditCreate(RequestModel):
    """A credit to grant, in minor units of the currency the customer pays in."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"amount": 2500, "reason": "outage of 2026-03-01"}]})

    amount: Annotated[int, Field(gt=0, le=MAX_PRICE)]
    currency: str | None = None
    reason: Sentence


class GrantedCredit(Contract):
    """A credit that was granted, or with a negative amount one that was used."""

    credit_id: str
    customer_id: str
    plan_id: str | None
    amount: int
    currency: str
    reason: str
    at: Moment


class CreditsRecord(Contract):
    """What is left of the customer's credits, and how it came about, the newest first."""

    balance: tuple[Amount, ...]
    credits: tuple[GrantedCredit, ...]


class SponsorshipStatus(StrEnum):
    """Where a request to be sponsored stands."""

    PENDING = "pending"
    APPROVED = "approved"
    DECLINED = "declined"


class SponsorshipRequestCreate(RequestModel):
    """Why a customer should not have to pay."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "organization_type": "open_source",
                    "website": "https://example.org",
                    "description": "A compiler that volunteers maintain.",
                    "expected_users": 120,
                }
            ]
        }
    )

    organization_type: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
    website: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)] | None = None
    description: Sentence
    expected_users: Count | None = None


class SponsorshipRecord(Contract):
    """A request to be sponsored, and what became of it."""

    sponsorship_request_id: str
    customer_id: str
    status: SponsorshipStatus
    organization_type: str
    website: str | None
    description: str
    expected_users: int | None
    decided_at: Moment | None
    decided_by: str | None
    reason: str | None
    created_at: Moment
