"""The parallel run: how what billflow computes compares with what another system issues, by day and by plan."""

from fastapi import APIRouter, Response

from billflow.api.changes import PlanHere
from billflow.api.fields import Slice
from billflow.console.lists import AT_ONCE
from billflow.console.security import ConsoleRoute
from billflow.console.visits import VisitHere
from billflow.models.contracts.parallel_runs import ParallelRunFilter

router = APIRouter(route_class=ConsoleRoute, prefix="/operate/parallel-run")


@router.get("")
async def show_parallel_run(visit: VisitHere, after: str = "") -> Response:
    """Show the score of each day, why amounts differ, and each plan, those that don't match and differ most first."""
    runs, which = visit.services.parallel_runs, ParallelRunFilter()
    report = await runs.report(visit.org_id, which)
    plans = Slice(limit=AT_ONCE, after=after or None).of(await runs.plans(visit.org_id, which), "plan_id")
    return visit.page("parallel_run.html", report=report, plans=plans)


@router.get("/plans/{plan_id}")
async def show_parallel_plan(visit: VisitHere, plan: PlanHere) -> Response:
    """Show the billing dates of a plan that the two systems bill otherwise, line by line, the newest first."""
    which = ParallelRunFilter(plan_id=plan.plan_id)
    record = await visit.services.queries.plans.get(plan)
    differences = await visit.services.parallel_runs.differences(visit.org_id, which)
    return visit.page("parallel_plan.html", plan=record, differences=differences)
