"""Which plans a dry run bills."""

from billflow.domain.plan import CollectionMethod, Schedule
from billflow.models.contracts.base import RequestModel


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
