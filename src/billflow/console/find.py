"""Finding a customer, an invoice or a plan by whatever a person knows of it."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response

from billflow.api.services import Services
from billflow.console.security import ConsoleRoute
from billflow.console.visits import VisitHere
from billflow.models.contracts.customers import CustomerRecord
from billflow.models.contracts.records import (
    CustomerFilter,
    InvoiceFilter,
    InvoiceRecord,
    Paging,
    PlanFilter,
    PlanRecord,
)
from billflow.models.contracts.steps import PlanRef

MOST = 8
"""Results of a kind; whoever needs more types more."""

SHORTEST_ID = 4
"""Characters of an id below which too many things begin so."""

LONGEST = 200

router = APIRouter(route_class=ConsoleRoute)


@dataclass(frozen=True)
class Found:
    """What fits, the best of each kind."""

    customers: tuple[CustomerRecord, ...] = ()
    invoices: tuple[InvoiceRecord, ...] = ()
    plans: tuple[PlanRecord, ...] = ()

    def __bool__(self) -> bool:
        """Tell whether there is anything."""
        return bool(self.customers or self.invoices or self.plans)


@router.get("/")
async def show_find(visit: VisitHere, q: str = "") -> Response:
    """Show the search field with what it finds; without a search what needs attention, and the newest customers."""
    text = q.strip()[:LONGEST]
    if text:
        return visit.page("find.html", q=text, found=await find(visit.services, visit.org_id, text))
    few = Paging(limit=MOST)
    on_hold = await visit.services.queries.plans.search(visit.org_id, PlanFilter(needs_attention=True), few)
    newest = await visit.services.queries.customers.search(visit.org_id, CustomerFilter(), few)
    return visit.page("find.html", q="", found=None, on_hold=on_hold, newest=newest)


@router.get("/find")
async def show_results(visit: VisitHere, q: str = "") -> Response:
    """Show what a search finds, as the part of the page that changes while one types."""
    text = q.strip()[:LONGEST]
    return visit.page("results.html", q=text, found=await find(visit.services, visit.org_id, text) if text else None)


async def find(services: Services, org_id: str, text: str) -> Found:
    """Return what has *text* in its name or e-mail address, or is called so by number, subdomain, host or id.

    The address of a contact, or that invoices go to, is found as a whole.
    """
    customers = {
        one.customer_id: one for wanted in _searches(text) for one in await _customers(services, org_id, wanted)
    }
    if "@" in text:
        for one in await services.queries.customers.written_to(org_id, text, MOST):
            customers.setdefault(one.customer_id, one)
    for one in await services.queries.customers.on_host(org_id, text, MOST):
        customers.setdefault(one.customer_id, one)
    for customer_id in await _begun(services, org_id, "customer", text):
        customers.setdefault(customer_id, await services.queries.customers.get(org_id, customer_id))
    numbered = await services.queries.invoices.search(org_id, InvoiceFilter(number=text), Paging(limit=MOST))
    invoices = {one.invoice_id: one for one in numbered.rows}
    for invoice_id in await _begun(services, org_id, "invoice", text):
        invoices.setdefault(invoice_id, await services.queries.invoices.get(org_id, invoice_id))
    plans = [
        await services.queries.plans.get(PlanRef(org_id=org_id, plan_id=plan_id))
        for plan_id in await _begun(services, org_id, "plan", text)
    ]
    return Found(tuple(customers.values())[:MOST], tuple(invoices.values())[:MOST], tuple(plans))


def _searches(text: str) -> list[CustomerFilter]:
    wanted: list[dict[str, Any]] = [{"erp_customer_number": text[:100]}, {"realm": text.lower()}, {"q": text}]
    try:
        known = UUID(text)
    except ValueError:
        return [CustomerFilter(**one) for one in wanted]
    return [CustomerFilter(**one) for one in ({"remote_realm": known}, {"remote_server": known}, *wanted)]


async def _customers(services: Services, org_id: str, wanted: CustomerFilter) -> tuple[CustomerRecord, ...]:
    return (await services.queries.customers.search(org_id, wanted, Paging(limit=MOST))).rows


async def _begun(services: Services, org_id: str, noun: str, text: str) -> tuple[str, ...]:
    """Return the ids that begin with *text*, where that is enough to be one."""
    if len(text) < SHORTEST_ID or not set(text.lower()) <= set("0123456789abcdef-"):
        return ()
    return await services.queries.ids.ids_of(org_id, noun, text, MOST)
