"""What a plan is going to be: what a command would change and bill, and the invoices to come."""

from typing import Annotated, Self

from fastapi import APIRouter, Body, Query
from pydantic import ConfigDict, Field

from billflow.api.changes import PlanHere
from billflow.api.explanations import LineExplanation, explained
from billflow.api.requests import CheckedRoute
from billflow.api.services import ServicesHere
from billflow.domain.commands import ScheduleTierAtPlanEnd, UpgradeTierNow
from billflow.domain.invoicing.draft import InvoiceDraft, InvoiceKind
from billflow.domain.plan import PlanStatus, Schedule
from billflow.domain.preview import MAX_FORECAST, Forecast, invoices_of
from billflow.domain.step import Outcome
from billflow.models.contracts.base import Command, Moment, RequestModel, RequestMoment
from billflow.models.contracts.responses import ResponseModel

router = APIRouter(prefix="/plans", tags=["plans"], route_class=CheckedRoute)


class PreviewCreate(RequestModel):
    """A command, and when it would be given; without `at` now, without a command what `at` finds."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"command": {"type": "set_licenses", "licenses": 30}},
                {"command": {"type": "switch_to_annual"}, "at": "2026-08-15T00:00:00Z"},
            ]
        }
    )

    command: Command | None = None
    at: RequestMoment | None = None


class InvoicePreview(ResponseModel):
    """An invoice that is not made yet; amounts in minor units of `currency`."""

    kind: InvoiceKind
    at: Moment
    currency: str
    total: int
    lines: list[LineExplanation]

    @classmethod
    def of_draft(cls, draft: InvoiceDraft) -> Self:
        """Return an invoice as it would be made."""
        return cls(
            kind=draft.kind,
            at=draft.at,
            currency=draft.currency,
            total=draft.total,
            lines=explained(draft.lines, draft.currency),
        )


class PlanPreview(ResponseModel):
    """What the plan would be, or the one that took over; licenses are empty where nothing changes them."""

    tier: str
    schedule: Schedule
    status: PlanStatus
    licenses: int | None
    licenses_at_next_renewal: int | None
    next_invoice_date: Moment | None
    end_date: Moment | None


class PreviewResponse(ResponseModel):
    """What a command would change and bill; `credit` is what the customer would be owed for it, in minor units."""

    plan: PlanPreview
    credit: int
    invoices: list[InvoicePreview]

    @classmethod
    def of_outcome(cls, outcome: Outcome) -> Self:
        """Return what a step would come to."""
        last = outcome.successor or outcome
        newest = last.entries[-1] if last.entries else None
        plan = PlanPreview(
            tier=last.plan.tier,
            schedule=last.plan.schedule,
            status=last.plan.status,
            licenses=newest.licenses if newest else None,
            licenses_at_next_renewal=newest.licenses_at_next_renewal if newest else None,
            next_invoice_date=last.plan.next_invoice_date,
            end_date=last.plan.end_date,
        )
        return cls(plan=plan, credit=outcome.credit, invoices=list(map(InvoicePreview.of_draft, invoices_of(outcome))))


class RefusalResponse(ResponseModel):
    """Why the plan would need attention."""

    code: str
    message: str


class ForecastResponse(ResponseModel):
    """The next invoices, fewer where the plan ends; `on_hold` is what would hold it back, `ends_at` its end."""

    invoices: list[InvoicePreview]
    on_hold: RefusalResponse | None
    ends_at: Moment | None

    @classmethod
    def of_forecast(cls, found: Forecast) -> Self:
        """Return a forecast as it is shown."""
        on_hold = RefusalResponse(code=found.on_hold.code, message=found.on_hold.message) if found.on_hold else None
        return cls(invoices=list(map(InvoicePreview.of_draft, found.invoices)), on_hold=on_hold, ends_at=found.ends_at)


@router.post("/{plan_id}/preview")
async def preview_plan(
    plan: PlanHere, asked: Annotated[PreviewCreate, Body()], services: ServicesHere
) -> PreviewResponse:
    """Say what a command would change and bill, by the code that would do it; nothing is written."""
    if isinstance(asked.command, UpgradeTierNow | ScheduleTierAtPlanEnd):
        await services.check_tier(plan.org_id, asked.command.tier)
    return PreviewResponse.of_outcome(await services.plans.preview(plan, asked.command, asked.at))


@router.get("/{plan_id}/forecast")
async def forecast_plan(
    plan: PlanHere,
    services: ServicesHere,
    count: Annotated[int, Query(ge=1, le=MAX_FORECAST), Field(description="How many invoices.")] = 12,
) -> ForecastResponse:
    """List the invoices to come, if nothing changes."""
    return ForecastResponse.of_forecast(await services.plans.forecast(plan, count))
