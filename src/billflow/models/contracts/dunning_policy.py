"""How unpaid invoices are collected, as it is set and shown."""

from functools import partial
from typing import Any

from pydantic import ConfigDict, Field, field_validator

from billflow.domain.dunning import DEFAULT_POLICY, SmallOrganizationRule
from billflow.domain.errors import InvalidInput
from billflow.models.contracts.base import RequestModel
from billflow.models.contracts.files import FileFormat
from billflow.models.contracts.responses import ResponseModel

OFF = "off"
"""What a file says of a part that is left out, since TOML has no null."""


class DunningDocument(RequestModel):
    """Parts of the policy, as a file or a request says them; what is left out stays (rules 26)."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"retry_after_days": [1, 3, 5, 7], "end_plan_after_days": 30}]}
    )

    retry_after_days: tuple[int, ...] = DEFAULT_POLICY.retry_after_days
    reminder_days: tuple[int, ...] = DEFAULT_POLICY.reminder_days
    suspend_customer: bool = True
    end_plan_after_days: int | None = None
    mark_uncollectible: bool = False
    small_organizations: SmallOrganizationRule | None = None

    @field_validator("end_plan_after_days", "small_organizations", mode="before")
    @classmethod
    def _none_where_off(cls, value: Any) -> Any:
        return None if value == OFF else value

    @property
    def named(self) -> dict[str, Any]:
        """Return the parts that it names."""
        return self.model_dump(exclude_unset=True, exclude={"reason"})


class DunningUpdate(DunningDocument):
    """Parts of the policy to change; what is left out stays (rules 26)."""

    reason: str | None = Field(None, max_length=2000, description="Why, for the audit log.")


DUNNING_FILE = FileFormat(
    DunningDocument,
    noun="dunning policy",
    field="dunning",
    refusal=partial(InvalidInput, code="invalid_dunning"),
    page="dunning.md",
)
"""How a file with a policy is read."""


class DunningResponse(ResponseModel):
    """The policy: days after the first failed charge and around the due date, and what follows after all of them.

    `end_plan_after_days` is null where plans do not end of it, `small_organizations` where none is written off early.
    """

    retry_after_days: tuple[int, ...]
    reminder_days: tuple[int, ...]
    suspend_customer: bool
    end_plan_after_days: int | None
    mark_uncollectible: bool
    small_organizations: SmallOrganizationRule | None
