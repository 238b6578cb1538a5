"""Lists of customers, plans and invoices: filtered, in pages, and whole as CSV."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Response
from fastapi.responses import StreamingResponse

from billflow.api.services import Services
from billflow.console.forms import FormField, FormTerms, fields_of, read_form, written
from billflow.console.security import ConsoleRoute
from billflow.console.visits import Visit, VisitHere
from billflow.csv_lines import csv_lines
from billflow.domain.errors import InvalidInput, NotFound
from billflow.models.contracts.records import CustomerFilter, InvoiceFilter, ListOrder, Page, Paging, PlanFilter

AT_ONCE = 50
EXPORTED_AT_ONCE = 100

router = APIRouter(route_class=ConsoleRoute)

Search = Callable[[Services, str, Any, Paging, ListOrder | None], Awaitable[Page[Any]]]

SORT = "sort"
"""What an address tells by what a list is sorted: a name, with `-` before it where the greatest comes first."""


@dataclass(frozen=True)
class ListKind:
    """One kind of list: what it can be filtered by, how it is asked for, and the columns of its CSV file.

    `further` are filters that are shown when somebody asks for them; `sorts` what it can be sorted by, and how that is
    called.
    """

    title: str
    filter: type[Any]
    filters: tuple[str, ...]
    search: Search
    columns: Mapping[str, Callable[[Any], object]]
    further: tuple[str, ...] = ()
    sorts: Mapping[str, str] = field(default_factory=dict)

    @property
    def all_filters(self) -> tuple[str, ...]:
        """Return everything that it can be filtered by."""
        return (*self.filters, *self.further)


async def _customers(
    services: Services, org_id: str, wanted: CustomerFilter, paging: Paging, order: ListOrder | None = None
) -> Page[Any]:
    return await services.queries.customers.search(org_id, wanted, paging, order)


async def _plans(
    services: Services, org_id: str, wanted: PlanFilter, paging: Paging, order: ListOrder | None = None
) -> Page[Any]:
    return await services.queries.plans.search(org_id, wanted, paging, order)


async def _invoices(
    services: Services, org_id: str, wanted: InvoiceFilter, paging: Paging, order: ListOrder | None = None
) -> Page[Any]:
    return await services.queries.invoices.search(org_id, wanted, paging, order)


def _whole_units(name: str) -> Callable[[Any], object]:
    """Return what writes an amount in whole units of its record's currency."""
    return lambda one: written(getattr(one, name), "amount", one.currency)


LISTS: Mapping[str, ListKind] = {
    "customers": ListKind(
        "Customers",
        CustomerFilter,
        ("q", "status", "erp_customer_number", "realm"),
        _customers,
        {
            "id": lambda one: one.customer_id,
            "name": lambda one: one.name,
            "email": lambda one: one.email,
            "status": lambda one: one.status.value,
            "deployment": lambda one: one.deployment.name,
            "erp_customer_number": lambda one: one.erp_customer_number,
            "currency": lambda one: one.billing_account.currency,
            "created_at": lambda one: one.created_at,
        },
        sorts={"name": "Customer", "status": "Status", "created_at": "Created"},
    ),
    "plans": ListKind(
        "Plans",
        PlanFilter,
        ("status", "tier", "needs_attention", "next_invoice_before"),
        _plans,
        {
            "id": lambda one: one.plan_id,
            "customer_id": lambda one: one.customer_id,
            "customer_name": lambda one: one.customer_name,
            "tier": lambda one: one.tier,
            "schedule": lambda one: one.schedule.value,
            "status": lambda one: one.status.value,
            "licenses": lambda one: one.licenses,
            "currency": lambda one: one.currency,
            "price_per_license": _whole_units("price_per_license"),
            "next_invoice_date": lambda one: one.next_invoice_date,
            "attention": lambda one: one.attention.message if one.attention else None,
        },
        ("live", "currency", "attention", "parallel_run", "customer_id"),
        {"tier": "Tier", "status": "Status", "next_invoice_date": "Next invoice", "created_at": "Created"},
    ),
    "invoices": ListKind(
        "Invoices",
        InvoiceFilter,
        ("status", "number", "currency", "unpaid"),
        _invoices,
        {
            "id": lambda one: one.invoice_id,
            "number": lambda one: one.number,
            "customer_id": lambda one: one.customer_id,
            "customer_name": lambda one: one.customer_name,
            "kind": lambda one: one.kind.value,
            "status": lambda one: one.status.value,
            "issued_at": lambda one: one.issued_at,
            "due_at": lambda one: one.due_at,
            "currency": lambda one: one.currency,
            "total": _whole_units("total"),
            "amount_paid": _whole_units("amount_paid"),
        },
        (
            "customer_id",
            "next_action",
            "issued_since",
            "issued_until",
            "due_since",
            "due_until",
            "paid_since",
            "paid_until",
        ),
        {"status": "Status", "issued_at": "Issued", "due_at": "Due", "total": "Total"},
    ),
}
"""Every list by its name in addresses."""


@router.get("/lists/{noun}")
async def show_list(visit: VisitHere, noun: str) -> Response:
    """Show one page of a list, the newest first, as far as the filters say."""
    kind, terms = _named(noun), await _terms(visit)
    wanted = read_form(kind.filter, visit.query, terms)
    paging = Paging(limit=AT_ONCE, after=visit.query.get("after") or None)
    found = await kind.search(visit.services, visit.org_id, wanted, paging, _order(kind, visit.query))
    filters = {name: visit.query[name] for name in kind.all_filters if visit.query.get(name)}
    sort = visit.query.get(SORT, "")
    chosen = filters | ({SORT: sort} if sort else {})
    return visit.page(
        "list.html",
        noun=noun,
        kind=kind,
        found=found,
        fields=_filters(kind, kind.filters, visit.query, terms),
        further=_filters(kind, kind.further, visit.query, terms),
        query=urlencode(chosen),
        filters=urlencode(filters),
        sort=sort,
        sorts=[(label, name, urlencode({**filters, SORT: _turned(name, sort)})) for name, label in kind.sorts.items()],
        following=urlencode({**chosen, "after": found.next}) if found.next else "",
    )


@router.get("/lists/{noun}/csv")
async def export_list(visit: VisitHere, noun: str) -> Response:
    """Return the whole list as a CSV file, page by page."""
    kind = _named(noun)
    wanted, order = read_form(kind.filter, visit.query, await _terms(visit)), _order(kind, visit.query)

    async def part(after: str | None) -> Page[Any]:
        paging = Paging(limit=EXPORTED_AT_ONCE, after=after)
        return await kind.search(visit.services, visit.org_id, wanted, paging, order)

    first = await part(None)
    headers = {"Content-Disposition": f'attachment; filename="{noun}.csv"'}
    return StreamingResponse(_csv(kind, first, part), media_type="text/csv; charset=utf-8", headers=headers)


async def _csv(
    kind: ListKind, found: Page[Any], part: Callable[[str | None], Awaitable[Page[Any]]]
) -> AsyncIterator[str]:
    yield csv_lines([kind.columns])
    while True:
        yield csv_lines([shown(one) for shown in kind.columns.values()] for one in found.rows)
        if found.next is None:
            return
        found = await part(found.next)


def _order(kind: ListKind, query: Mapping[str, str]) -> ListOrder | None:
    """Return what a list is asked to be sorted by; raises `InvalidInput` for what it is not."""
    asked = query.get(SORT, "")
    if not asked:
        return None
    name = asked.removeprefix("-")
    if name not in kind.sorts:
        raise InvalidInput(f"{kind.title} are sorted by {', '.join(kind.sorts)}; choose one of these.", field=SORT)
    return ListOrder(by=name, ascending=name == asked)


def _turned(name: str, sort: str) -> str:
    """Return how a list is sorted by what its heading is pressed for: the other way round, where it is already."""
    return f"-{name}" if sort == name else name


def _filters(
    kind: ListKind, names: tuple[str, ...], query: Mapping[str, str], terms: FormTerms
) -> tuple[FormField, ...]:
    by_name = {field.name: field for field in fields_of(kind.filter, query, terms)}
    return tuple(by_name[name] for name in names)


async def _terms(visit: Visit) -> FormTerms:
    catalog = await visit.services.repositories.catalogs.current(visit.org_id)
    labels = {"q": "Name or e-mail", "erp_customer_number": "ERP number", "customer_id": "Customer (its id)"}
    return FormTerms("USD", {"tier": tuple(catalog.tiers)}, labels=labels)


def _named(noun: str) -> ListKind:
    if noun not in LISTS:
        raise NotFound("There is no such list; there are customers, plans and invoices.")
    return LISTS[noun]
