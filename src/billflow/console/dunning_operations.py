"""How unpaid invoices are collected: changed by a form."""

from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import Field

from billflow.console.actions import Preview, preview_of
from billflow.console.forms import FormTerms, written
from billflow.console.operations import Editing, Operation, OperationForm, Values, changed, to
from billflow.console.security import ConsoleRoute, FormHere
from billflow.console.visits import AdminVisit, Visit
from billflow.domain.dunning import DunningPolicy, SmallOrganizationRule, check_policy
from billflow.domain.errors import InvalidInput
from billflow.models.contracts.base import RequestModel
from billflow.models.contracts.customers import ChangeContext

_LABELS = {
    "retry_after_days": "A card is tried again on days",
    "reminder_days": "Reminders of sent invoices on days",
    "suspend_customer": "Then the customer is suspended",
    "end_plan_after_days": "Then the plan ends after days",
    "mark_uncollectible": "Then the invoice is written off",
    "end_plans_below_seats": "Plans end early below seats",
    "once_unpaid_invoices": "Once so many invoices are unpaid",
}

router = APIRouter(route_class=ConsoleRoute, prefix="/operate/dunning")

Number = Annotated[int, Field(ge=0)]


class DunningForm(RequestModel):
    """What follows from an unpaid invoice; collections that run keep the policy that they began with.

    Days of retries count from the first failed charge, those of reminders from the due date. Plans of fewer seats than
    are written here end once so many of their newest invoices are unpaid.
    """

    retry_after_days: tuple[int, ...] = ()
    reminder_days: tuple[int, ...] = ()
    suspend_customer: bool = False
    end_plan_after_days: Number | None = None
    mark_uncollectible: bool = False
    end_plans_below_seats: Number | None = None
    once_unpaid_invoices: Number | None = None

    def policy(self) -> DunningPolicy:
        """Return the policy; raises `InvalidInput` for one that can't be followed."""
        small = (self.end_plans_below_seats, self.once_unpaid_invoices)
        if (small[0] is None) != (small[1] is None):
            message = "Write both how many seats and how many unpaid invoices, or neither."
            raise InvalidInput(message, field="once_unpaid_invoices")
        rule = SmallOrganizationRule(seats=small[0], invoices=small[1]) if small[0] and small[1] else None
        policy = DunningPolicy(
            retry_after_days=self.retry_after_days,
            reminder_days=self.reminder_days,
            suspend_customer=self.suspend_customer,
            end_plan_after_days=self.end_plan_after_days,
            mark_uncollectible=self.mark_uncollectible,
            small_organizations=rule,
        )
        check_policy(policy)
        return policy

    @classmethod
    def of(cls, policy: DunningPolicy) -> "DunningForm":
        """Return the form of a policy."""
        small = policy.small_organizations
        return cls(
            retry_after_days=policy.retry_after_days,
            reminder_days=policy.reminder_days,
            suspend_customer=policy.suspend_customer,
            end_plan_after_days=policy.end_plan_after_days,
            mark_uncollectible=policy.mark_uncollectible,
            end_plans_below_seats=small.seats if small else None,
            once_unpaid_invoices=small.invoices if small else None,
        )


async def _held(visit: Visit) -> DunningForm:
    return DunningForm.of(await visit.services.repositories.dunning.policy(visit.org_id))


async def _current(visit: Visit, _: str) -> Values:
    return {name: written(value, name, "USD") for name, value in _terms(await _held(visit)).items()}


async def _preview(visit: Visit, _: str, asked: DunningForm) -> Preview:
    terms = changed(_terms(await _held(visit)), _terms(DunningForm.of(asked.policy())), _LABELS)
    if not terms:
        return preview_of(["Nothing changes."])
    return preview_of(["Collections that begin from now on go by it; those that run keep theirs."], terms=terms)


async def _apply(visit: Visit, _: str, asked: DunningForm, change: ChangeContext) -> Response:
    policy = asked.policy()
    changes = {name: getattr(policy, name) for name in DunningPolicy.__dataclass_fields__}
    await visit.services.repositories.dunning.change_policy(visit.org_id, changes, change)
    return to("/terms")


def _terms(form: DunningForm) -> dict[str, Any]:
    return {name: getattr(form, name) for name in DunningForm.model_fields}


CHANGE_POLICY = Operation(
    "Change the dunning policy",
    "/dunning/edit",
    "/terms",
    DunningForm,
    _preview,
    _apply,
    terms=FormTerms("USD", {}, labels=_LABELS),
    editing=Editing(_current, "/api/v1/dunning"),
)


@router.get("/edit")
async def show_edit_dunning(visit: AdminVisit) -> Response:
    """Show the form of the policy, and what it would change."""
    return await OperationForm(visit, CHANGE_POLICY, "Catalogue and terms").show()


@router.post("/edit")
async def edit_dunning(visit: AdminVisit, sent: FormHere) -> Response:
    """Collect by another policy from now on."""
    return await OperationForm(visit, CHANGE_POLICY, "Catalogue and terms").do(sent)
