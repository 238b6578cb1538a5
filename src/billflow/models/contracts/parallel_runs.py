"""Plans that two systems bill, and what came of comparing them (rules 41)."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import ConfigDict, Field

from billflow.domain.plan import Schedule
from billflow.models.contracts.base import Contract, Moment, RequestModel, RequestMoment
from billflow.models.contracts.imports import A_LINE, AN_INVOICE, InvoiceLineOpening, InvoiceOpening
from billflow.models.contracts.responses import ListResponse, shown_as

MOST_INVOICES = 100
"""How many invoices one request brings."""


class IssuedInvoices(RequestModel):
    """Invoices that the other system of a parallel run issued, each of a plan by its external id, with their lines."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"invoices": [AN_INVOICE], "invoice_lines": [A_LINE]}]})

    invoices: Annotated[tuple[InvoiceOpening, ...], Field(min_length=1, max_length=MOST_INVOICES)]
    invoice_lines: tuple[InvoiceLineOpening, ...] = ()


class ParallelRunFilter(RequestModel):
    """Which billing dates to compare; what is None does not count. From `since` on, and before `until`.

    An invoice is missing `grace_hours` after its billing date.
    """

    since: RequestMoment | None = None
    until: RequestMoment | None = None
    plan_id: str | None = None
    customer_id: str | None = None
    grace_hours: Annotated[int, Field(ge=0, le=720)] = 24

    @property
    def grace(self) -> timedelta:
        """Return how long after its billing date an invoice may come."""
        return timedelta(hours=self.grace_hours)

    def holds(self, at: datetime) -> bool:
        """Tell whether a billing date is among them."""
        return (self.since is None or at >= self.since) and (self.until is None or at < self.until)


class ParallelRunState(StrEnum):
    """Where a plan stands: billed by the other system, with a date for the cutover, or past it."""

    PARALLEL = "parallel"
    CUTOVER_SCHEDULED = "cutover_scheduled"
    CUT_OVER = "cut_over"


class Score(Contract):
    """How many billing dates compare in which way, and what both systems billed; amounts in minor units.

    `equal` and `different` ones are billed by both systems, `not_issued` by billflow alone, `not_computed` by the other
    one alone; a `waiting` one may still come. Amounts are of those that don't wait.
    """

    compared: int
    equal: int
    different: int
    not_issued: int
    not_computed: int
    waiting: int
    computed: int
    issued: int
    difference: int


class DayScore(Score):
    """The billing dates of one day in one currency; `percent_equal` is of those that don't wait."""

    day: date
    currency: str
    percent_equal: str | None


class CauseScore(Contract):
    """How many plans differ for one cause, and what it makes of their amounts by currency, in minor units."""

    cause: str
    plans: int
    differences: Mapping[str, int]


class ParallelRunReport(Contract):
    """How the parallel run goes as of `at`: a score for each day, the newest first, and why amounts differ.

    Of `plans`, `matching` ones have been billed the same by both systems at their newest date. An invoice is missing
    `grace_hours` after its billing date. `tax_not_compared` is the tax by currency that only Stripe computes, which
    is taken as it is on both sides.
    """

    at: Moment
    grace_hours: int
    plans: int
    matching: int
    days: tuple[DayScore, ...]
    causes: tuple[CauseScore, ...]
    tax_not_compared: Mapping[str, int]


class ParallelPlan(Score):
    """A plan in a parallel run, or past its cutover, with its score.

    Both systems bill the same `matches_since` that billing date: None where the newest one differs, or none is known.
    """

    plan_id: str
    customer_id: str
    customer_name: str
    external_id: str
    tier: str
    schedule: Schedule
    currency: str
    state: ParallelRunState
    parallel_run_since: Moment
    cutover_at: Moment | None
    attention: str | None
    matches_since: Moment | None


class DifferentLine(Contract):
    """A line that differs: both amounts, None on the side that has none, and how each came about."""

    kind: str
    description: str
    computed: int | None
    issued: int | None
    difference: int
    causes: Mapping[str, int]
    computed_derivation: str | None
    issued_derivation: str | None


class BillingDateDifference(Contract):
    """A billing date that the two systems bill otherwise, or that one of them doesn't; amounts in minor units.

    What the causes make of it adds up to the difference.
    """

    plan_id: str
    customer_id: str
    customer_name: str
    external_id: str
    at: Moment
    verdict: str
    currency: str
    computed: int | None
    issued: int | None
    difference: int
    computed_invoice_ids: tuple[str, ...]
    issued_numbers: tuple[str, ...]
    causes: Mapping[str, int]
    lines: tuple[DifferentLine, ...]


class ParallelPlanList(ListResponse):
    """The plans in a parallel run, those that differ most first."""

    rows: list[ParallelPlan] = shown_as("plans", "rows")


class DifferenceList(ListResponse):
    """The billing dates that differ, the newest first."""

    rows: list[BillingDateDifference] = shown_as("differences", "rows")
