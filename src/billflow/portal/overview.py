"""What a customer has and will be billed, on one page."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from fastapi import APIRouter, Response

from billflow.domain.errors import BillingError
from billflow.models.contracts.customer_access import AccessRecord
from billflow.models.contracts.customer_finances import Amount
from billflow.models.contracts.customers import OfferStatus
from billflow.models.contracts.offers import OfferRecord
from billflow.models.contracts.records import InvoiceFilter, Paging, PlanFilter, PlanRecord
from billflow.portal.actions import offered
from billflow.portal.offers import sentences_of
from billflow.portal.security import PortalRoute
from billflow.portal.shown import ShownDraft, shown_draft, state_of, waits_for_confirmation
from billflow.portal.texts import Reader
from billflow.portal.visits import PortalVisit, VisitHere

FEW = 6
"""How many invoices the overview has; all of them are on a page of their own."""

router = APIRouter(route_class=PortalRoute)


@dataclass(frozen=True)
class PortalPlan:
    """A plan that is not over: `sentences` say what it is, `status` how it stands.

    `following` is the next invoice, None where none can be told; `actions` are what may be done to it.
    """

    plan: PlanRecord
    sentences: tuple[str, ...]
    status: str
    following: ShownDraft | None
    actions: tuple[str, ...]


@router.get("/")
async def show_overview(visit: VisitHere, done: str = "") -> Response:
    """Show the customer's plan, what is to be paid, and the newest invoices."""
    services, ref, org_id = visit.services, visit.ref, visit.ref.org_id
    access = await services.customers.access(ref)
    plans = await services.queries.plans.search(org_id, PlanFilter(customer_id=ref.customer_id), Paging())
    invoices = await services.queries.invoices.search(
        org_id, InvoiceFilter(customer_id=ref.customer_id), Paging(limit=FEW)
    )
    balances = await services.queries.reports.balances(ref)
    offers = await services.repositories.offers.list(org_id, ref.customer_id, datetime.now(UTC))
    return visit.page(
        "overview.html",
        done=done,
        access=access,
        plans=[await _shown(visit, plan, access) for plan in plans.rows if plan.runs],
        rows=[(one, state_of(one, visit.reader, access.at)) for one in invoices.rows],
        to_confirm=[
            await visit.invoice(one.invoice_id)
            for one in invoices.rows
            if waits_for_confirmation(one) and one.hosted_invoice_url
        ],
        has_more=invoices.total > len(invoices.rows),
        to_be_paid=_sums(balances.open_balance, visit.reader),
        credit=_sums(balances.credit_balance, visit.reader),
        offers=[await _offer(visit, one) for one in offers if one.status is OfferStatus.OPEN],
    )


def _sums(amounts: tuple[Amount, ...], reader: Reader) -> list[str]:
    return [reader.content.amount(one.amount, one.currency) for one in amounts if one.amount]


async def _offer(visit: PortalVisit, offer: OfferRecord) -> tuple[OfferRecord, list[str]]:
    return offer, await sentences_of(visit, offer)


async def _shown(visit: PortalVisit, plan: PlanRecord, access: AccessRecord) -> PortalPlan:
    return PortalPlan(
        plan=plan,
        sentences=tuple(_sentences(plan, await _licenses(visit, plan), access, visit.reader)),
        status=status_of(plan, visit.reader),
        following=await _following(visit, plan),
        actions=offered(plan, visit.may),
    )


async def _licenses(visit: PortalVisit, plan: PlanRecord) -> int:
    """Return how many licenses a plan has, or will have once its purchase is paid."""
    if plan.awaiting_invoice_id is None or plan.licenses:
        return plan.licenses
    return (await visit.invoice(plan.awaiting_invoice_id)).licenses or 0


def _sentences(plan: PlanRecord, licenses: int, access: AccessRecord, reader: Reader) -> Iterator[str]:
    schedule = reader.texts["schedules"][plan.schedule]
    if plan.fixed_price is not None:
        yield reader.say("plan_fixed", tier=plan.tier_name, schedule=schedule)
    else:
        yield reader.say("plan_sentence", licenses=reader.licenses(licenses), tier=plan.tier_name, schedule=schedule)
    here, number = access.plan, reader.content.number
    if here is not None and here.plan_id == plan.plan_id:
        free = here.seats_left
        name = "seats_used" if free is None else "seats_free"
        used, of = number(here.seats_in_use), number(here.licenses)
        yield reader.say(name, used=used, licenses=of, free=number(max(free or 0, 0)))
    if plan.awaiting_invoice_id and not plan.status.is_live:
        yield reader.texts["waits"]


def status_of(plan: PlanRecord, reader: Reader) -> str:
    """Say how a plan stands."""
    moment = plan.due_at or plan.end_date
    day = reader.content.day(moment) if moment else "–"
    return str(reader.texts["plan_statuses"][plan.status]).format(date=day)


async def _following(visit: PortalVisit, plan: PlanRecord) -> ShownDraft | None:
    try:
        found = await visit.services.plans.forecast(plan.ref, 1)
    except BillingError:
        return None
    return shown_draft(found.invoices[0], visit.reader) if found.invoices else None
