"""How unpaid invoices are collected, as it is set and shown."""

from pydantic import ConfigDict, Field

from billflow.domain.dunning import DEFAULT_POLICY, SmallOrganizationRule
from billflow.models.contracts.base import RequestModel
from billflow.models.contracts.responses import ResponseModel


class DunningUpdate(RequestModel):
    """Parts of the policy to change; what is left out stays (rules 26)."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"retry_after_days": [1, 3, 5, 7], "end_plan_after_days": 30}]}
    )

    retry_after_days: tuple[int, ...] = DEFAULT_POLICY.retry_after_days
    reminder_days: tuple[int, ...] = DEFAULT_POLICY.reminder_days
    suspend_customer: bool = True
    end_plan_after_days: int | None = None
    mark_uncollectible: bool = False
    small_organizations: SmallOrganizationRule | None = None
    reason: str | None = Field(None, max_length=2000, description="Why, for the audit log.")


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
