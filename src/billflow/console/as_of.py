"""Customers, plans and invoices as they were known at a moment: what they looked like when the customer called."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from billflow.api.as_of import known
from billflow.api.changes import CustomerHere, PlanHere
from billflow.console.security import ConsoleRoute
from billflow.console.timeline import timeline_of
from billflow.console.visits import VisitHere
from billflow.domain.errors import InvalidInput
from billflow.domain.moments import check_past, checked_moment
from billflow.models.contracts.explanations import InvoiceExplanation
from billflow.models.contracts.records import InvoiceFilter, Paging, PlanFilter

MANY = Paging(limit=100)

router = APIRouter(route_class=ConsoleRoute)

Typed = Annotated[str, Query(max_length=40)]
"""A moment as it is typed: 2027-01-31, 2027-01-31T12:00 or more; without a zone in UTC, as shown; empty is now."""


@router.get("/customers/{customer_id}/as-of")
async def show_customer(visit: VisitHere, customer: CustomerHere, as_of: Typed = "") -> Response:
    """Show a customer, its report, plans and invoices."""
    moment, ref = _moment(as_of), customer
    queries = visit.services.queries.as_of(moment)
    record = await known(visit.services, moment, lambda found: found.customers.get(ref.org_id, ref.customer_id))
    return visit.page(
        "customer_as_of.html",
        as_of=moment,
        customer=record,
        report=await queries.reports.report(ref),
        plans=(await queries.plans.search(ref.org_id, PlanFilter(customer_id=ref.customer_id), MANY)).rows,
        invoices=(await queries.invoices.search(ref.org_id, InvoiceFilter(customer_id=ref.customer_id), MANY)).rows,
    )


@router.get("/plans/{plan_id}/as-of")
async def show_plan(visit: VisitHere, plan: PlanHere, as_of: Typed = "") -> Response:
    """Show a plan, its ledger and invoices, and what had happened to it."""
    moment, services = _moment(as_of), visit.services
    queries = services.queries.as_of(moment)
    record = await known(services, moment, lambda found: found.plans.get(plan))
    timeline = [one for one in await services.queries.plans.timeline(plan) if one.recorded_at <= moment]
    return visit.page(
        "plan_as_of.html",
        as_of=moment,
        plan=record,
        ledger=await queries.plans.ledger(plan),
        invoices=(await queries.invoices.search(plan.org_id, InvoiceFilter(plan_id=plan.plan_id), MANY)).rows,
        timeline=timeline_of([(record.currency, timeline)]),
    )


@router.get("/invoices/{invoice_id}/as-of")
async def show_invoice(visit: VisitHere, invoice_id: str, as_of: Typed = "") -> Response:
    """Show an invoice, without what can be done with it now."""
    moment = _moment(as_of)
    invoice = await known(visit.services, moment, lambda found: found.invoices.get(visit.org_id, invoice_id))
    explained, nothing = InvoiceExplanation.of_invoice(invoice), {"mails": (), "links": {}, "actions": (), "done": ""}
    shown: dict[str, Any] = {"as_of": moment, "invoice": invoice, "explained": explained, **nothing}
    return visit.page("invoice.html", **shown)


def _moment(text: str) -> datetime:
    """Read a moment that has been; raises `InvalidInput`."""
    if not text.strip():
        return datetime.now(UTC)
    try:
        read = datetime.fromisoformat(text.strip())
    except ValueError:
        message = "as_of is no moment; write it as 2027-01-31 or 2027-01-31T12:00."
        raise InvalidInput(message, code="invalid_moment", field="as_of") from None
    moment = checked_moment(read.replace(tzinfo=UTC) if read.tzinfo is None else read, "as_of")
    return check_past(moment, datetime.now(UTC), "as_of")
