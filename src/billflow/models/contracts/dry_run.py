"""Dry runs as they are asked for and kept: which plans, what is changed, and how far one is."""

from enum import StrEnum
from typing import Annotated

from pydantic import ConfigDict, Field

from billflow.domain.plan import CollectionMethod, Schedule
from billflow.models.contracts.base import Contract, Moment, RequestModel, RequestMoment
from billflow.models.contracts.catalog import CatalogDocument, VersionNumber
from billflow.models.contracts.dry_run_results import DryRunTotals
from billflow.models.contracts.dunning_policy import DunningDocument
from billflow.models.contracts.responses import ListResponse, ResourceResponse, left_out, shown_as
from billflow.models.contracts.tax_rates import TaxDocument

AT_ONCE = 2
"""Dry runs of an organization that go on at once."""


class DryRunFilter(RequestModel):
    """Which of the plans that run to bill; what is None does not count."""

    plan_id: str | None = None
    customer_id: str | None = None
    test_clock_id: str | None = None
    tier: str | None = None
    schedule: Schedule | None = None
    currency: str | None = None
    collection_method: CollectionMethod | None = None

    @property
    def text(self) -> str:
        """Return it in a form in which equal ones are equal."""
        return self.model_dump_json(exclude_none=True)


class RepriceDocument(RequestModel):
    """The plans of a tier get the price that is listed, at their first renewal after a date and a notice."""

    tier: str = Field(max_length=100)
    starts_at: RequestMoment
    notice_days: Annotated[int, Field(ge=0, le=365)] = 0


class DryRunCreate(RequestModel):
    """What is tried on which plans; what is left out is as today.

    `until` is a year from now where it is left out, from where its test clock stands for a plan on one. Of `catalog`
    and `catalog_version` one is named at most.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"until": "2027-12-31T00:00:00Z", "dunning": {"retry_after_days": [2, 5]}, "only": {"currency": "EUR"}}
            ]
        }
    )

    until: RequestMoment | None = None
    catalog: CatalogDocument | None = None
    catalog_version: VersionNumber | None = None
    reprice: RepriceDocument | None = None
    tax: TaxDocument | None = None
    dunning: DunningDocument | None = None
    only: DryRunFilter = DryRunFilter()

    @property
    def changes(self) -> tuple[str, ...]:
        """Return what is otherwise than today, by the names of the fields."""
        tried = ("catalog", "catalog_version", "reprice", "tax", "dunning")
        return tuple(name for name in tried if getattr(self, name) is not None)


class DryRunStatus(StrEnum):
    """Where a dry run stands: facts are read, then billed and compared; or it is over."""

    READING = "reading"
    BILLING = "billing"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELED = "canceled"

    @property
    def goes_on(self) -> bool:
        """Tell whether it is not over yet."""
        return self in (DryRunStatus.READING, DryRunStatus.BILLING)


class DryRunRef(Contract):
    """One dry run of one organization."""

    org_id: str
    dry_run_id: str


class DryRunRecord(DryRunRef):
    """A dry run as it stands: how many plans there are and are billed, and in the end what it found.

    `changes` are the fields of what was asked that are otherwise than today, and `taken_at` the moment of the facts.
    One that failed says why by `code` and `message`. At `kept_until` it is deleted.
    """

    status: DryRunStatus
    until: Moment | None
    changes: tuple[str, ...]
    catalog_version: int | None = None
    reprice: RepriceDocument | None = None
    only: DryRunFilter
    plans: int | None = None
    plans_done: int = 0
    taken_at: Moment | None = None
    created_by: str
    created_at: Moment
    finished_at: Moment | None = None
    kept_until: Moment
    code: str | None = None
    message: str | None = None
    result: DryRunTotals | None = None


class DryRunResponse(ResourceResponse, DryRunRecord):
    """A dry run."""

    org_id: str = left_out()
    dry_run_id: str = shown_as("id", "dry_run_id")


class DryRunList(ListResponse):
    """Dry runs, the newest first."""

    rows: list[DryRunResponse] = shown_as("dry_runs", "rows")
