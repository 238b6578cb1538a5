"""A customer on one page: its plan in a sentence, what needs attention, its money, and all that happened."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from fastapi import APIRouter, Response

from billflow.api.changes import CustomerHere
from billflow.api.services import Services
from billflow.console.charts import SeatChart, seat_chart
from billflow.console.commands import offered
from billflow.console.customer_actions import KINDS, OFFERED
from billflow.console.security import ConsoleRoute
from billflow.console.sentences import attention_of, plan_sentence, warnings_of
from billflow.console.timeline import TimelinePart, TimelineRow, customer_timeline
from billflow.console.visits import VisitHere
from billflow.domain.errors import BillingError
from billflow.domain.scopes import Scope
from billflow.models.contracts.base import RequestMoment
from billflow.models.contracts.coupons import RedemptionRecord
from billflow.models.contracts.customer_access import AccessRecord
from billflow.models.contracts.customer_finances import Amount, ReportRecord
from billflow.models.contracts.customer_resources import ProjectRecord
from billflow.models.contracts.customers import BillingAccountRecord, CustomerRecord, CustomerRef
from billflow.models.contracts.offers import OfferRecord
from billflow.models.contracts.previews import ForecastResponse
from billflow.models.contracts.records import InvoiceFilter, InvoiceRecord, Page, Paging, PlanFilter, PlanRecord

FEW, MANY = 12, 100
"""Rows of a list on the page, and of what happened where more of that is asked for."""

SEATS_SHOWN = timedelta(days=365)

router = APIRouter(route_class=ConsoleRoute)


@dataclass(frozen=True)
class PlanShown:
    """A plan with the invoices to come; `forecast` is None where none can be told.

    `actions` are the commands that it takes from whoever looks.
    """

    plan: PlanRecord
    forecast: ForecastResponse | None
    actions: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class CustomerPage:
    """All that the page of a customer shows; more happened before `earlier`, unless that is None."""

    customer: CustomerRecord
    access: AccessRecord
    report: ReportRecord
    plans: tuple[PlanShown, ...]
    invoices: Page[InvoiceRecord]
    unpaid: tuple[InvoiceRecord, ...]
    overdue: tuple[Amount, ...]
    timeline: tuple[TimelineRow, ...]
    earlier: datetime | None
    chart: SeatChart | None
    offers: tuple[OfferRecord, ...] = ()
    coupons: tuple[RedemptionRecord, ...] = ()
    accounts: tuple[BillingAccountRecord, ...] = ()
    projects: tuple[ProjectRecord, ...] = ()

    @property
    def sentences(self) -> list[str]:
        """Return what the customer has, one sentence for each plan that is not over."""
        bought = {invoice.plan_id: invoice.licenses for invoice in self.unpaid}
        return [
            plan_sentence(one.plan, one.forecast, self.access, bought.get(one.plan.plan_id))
            for one in self.plans
            if one.plan.runs
        ]

    @property
    def attention(self) -> list[str]:
        """Return what somebody should look at, and why."""
        now = datetime.now(UTC)
        return attention_of(self.customer, [one.plan for one in self.plans], self.unpaid, now)

    @property
    def warnings(self) -> list[str]:
        """Return what one should know before one talks of amounts."""
        return warnings_of(self.access, [one.plan for one in self.plans], datetime.now(UTC))


@router.get("/customers/{customer_id}")
async def show_customer(
    visit: VisitHere, customer: CustomerHere, part: str = "", before: RequestMoment | None = None, done: str = ""
) -> Response:
    """Show a customer; *part* is "timeline" where that is shown at length, *done* names what was just done.

    Of the timeline there is what was recorded *before* a moment.
    """
    asked = TimelinePart(MANY if part == "timeline" else FEW, before)
    shown = await _loaded(visit.services, customer, asked, visit.principal.scopes)
    actions = [(name, KINDS[name].title) for name in OFFERED] if Scope.SUPPORT in visit.principal.scopes else []
    said = KINDS[done].title if done in KINDS else ""
    again = done == "before"
    return visit.page("customer.html", shown=shown, part=part, before=before, actions=actions, done=said, again=again)


async def _loaded(services: Services, ref: CustomerRef, asked: TimelinePart, scopes: frozenset[Scope]) -> CustomerPage:
    record = await services.queries.customers.get(ref.org_id, ref.customer_id)
    plans = (await services.queries.plans.search(ref.org_id, PlanFilter(customer_id=ref.customer_id), Paging())).rows
    wanted = InvoiceFilter(customer_id=ref.customer_id)
    timeline, earlier = await customer_timeline(services, record, plans, asked)
    return CustomerPage(
        customer=record,
        access=await services.customers.access(ref),
        report=await services.queries.reports.report(ref),
        plans=tuple(
            [PlanShown(plan, await _forecast(services, plan), offered(plan, scopes)) for plan in _in_order(plans)]
        ),
        invoices=await services.queries.invoices.search(ref.org_id, wanted, Paging(limit=FEW)),
        unpaid=await _unpaid(services, ref),
        overdue=await services.queries.reports.overdue(ref),
        timeline=timeline,
        earlier=earlier,
        chart=await _chart(services, ref, plans),
        offers=await services.repositories.offers.list(ref.org_id, ref.customer_id, datetime.now(UTC)),
        coupons=await services.repositories.coupons.of_customer(ref),
        accounts=await services.repositories.billing_accounts.list(ref),
        projects=await services.repositories.projects.list(ref),
    )


def _in_order(plans: Sequence[PlanRecord]) -> Iterator[PlanRecord]:
    """Yield those that are not over first."""
    yield from sorted(plans, key=lambda plan: not plan.runs)


async def _unpaid(services: Services, ref: CustomerRef) -> tuple[InvoiceRecord, ...]:
    """Return what is to be paid, the newest of it."""
    found: list[InvoiceRecord] = []
    for status in ("open", "draft"):
        wanted = InvoiceFilter.model_validate({"customer_id": ref.customer_id, "status": status})
        found += (await services.queries.invoices.search(ref.org_id, wanted, Paging(limit=MANY))).rows
    return tuple(found)


async def _forecast(services: Services, plan: PlanRecord) -> ForecastResponse | None:
    if not plan.status.is_live:
        return None
    try:
        return ForecastResponse.of_forecast(await services.plans.forecast(plan.ref, 1))
    except BillingError:
        return None


async def _chart(services: Services, ref: CustomerRef, plans: Sequence[PlanRecord]) -> SeatChart | None:
    clocks = [plan.clock_at for plan in plans if plan.clock_at]
    until = max([datetime.now(UTC), *clocks])
    usage = await services.queries.reports.usage(ref, until - SEATS_SHOWN, until)
    return seat_chart(usage)
