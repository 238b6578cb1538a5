"""One command for many plans: a dry run of each, what it found, then the command with a reason, and how far that is."""

from collections.abc import AsyncIterator, Callable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Response
from fastapi.responses import RedirectResponse, StreamingResponse

from billflow.api.changes import change_by
from billflow.api.routes.plan_batches import BatchHere
from billflow.console.actions import Action, Shown, key_in, reason_in
from billflow.console.commands import KINDS, TYPES
from billflow.console.forms import FormTerms, fields_of, read_form, written
from billflow.console.lists import AT_ONCE, EXPORTED_AT_ONCE, LISTS
from billflow.console.pages import BASE, words
from billflow.console.security import ConsoleRoute, FormHere
from billflow.console.visits import SupportVisit, Visit, VisitHere
from billflow.csv_lines import csv_lines
from billflow.domain.currencies import CURRENCIES
from billflow.domain.errors import BillingError, NotFound
from billflow.models.contracts.plan_batches import (
    BatchFilter,
    BatchItemStatus,
    BatchRef,
    PlanBatchCreate,
    PlanBatchItem,
    PlanBatchRecord,
)
from billflow.models.contracts.records import Page, Paging
from billflow.pages.confirmations import WHY, given_key, new_key, with_key

HERE = f"{BASE}/operate/batches"
OF = "of_"
"""What the fields of a form begin with that say which plans are meant."""

SECONDS = 3
"""Between two looks at a batch that goes on, where somebody watches it."""

_COLUMNS: Mapping[str, Callable[[PlanBatchItem], object]] = {
    "plan_id": lambda one: one.plan_id,
    "customer_id": lambda one: one.customer_id,
    "customer_name": lambda one: one.customer_name,
    "tier": lambda one: one.tier,
    "status": lambda one: one.status.value,
    "changes": lambda one: "; ".join(f"{change.field}: {change.before} to {change.after}" for change in one.changes),
    "currency": lambda one: one.currency,
    "billed": lambda one: written(one.billed, "amount", one.currency),
    "next_invoice_before": lambda one: written(one.next_invoice_before, "amount", one.currency),
    "next_invoice_after": lambda one: written(one.next_invoice_after, "amount", one.currency),
    "code": lambda one: one.code,
    "message": lambda one: one.message,
    "at": lambda one: one.at,
}

router = APIRouter(route_class=ConsoleRoute, prefix="/operate/batches")


@router.get("")
async def show_batches(visit: VisitHere, after: str = "") -> Response:
    """Show the batches, the newest first."""
    paging = Paging(limit=AT_ONCE, after=after or None)
    return visit.page("batches.html", found=await visit.services.repositories.plan_batches.search(visit.org_id, paging))


@router.get("/make")
async def choose_command(visit: VisitHere) -> Response:
    """Show how many plans a filter is of, and the commands that there are for them."""
    filters, wanted = await _filters(visit, visit.query)
    kind = LISTS["plans"]
    found = await kind.search(visit.services, visit.org_id, wanted, Paging(limit=1), None)
    offered = [(name, words(name).capitalize()) for kind, name in TYPES.items() if kind.scope in visit.principal.scopes]
    return visit.page(
        "batch_commands.html", total=found.total, filters=filters, query=urlencode(filters), kinds=offered
    )


@router.get("/make/{command}")
async def show_batch_form(visit: VisitHere, command: str) -> Response:
    """Show the form of a command for all plans that a filter is of; the way to it with a key first."""
    if given_key(visit.request) is None:
        return with_key(visit.request)
    filters, _ = await _filters(visit, visit.query)
    return await _form(visit, command, filters, {}, Shown())


@router.post("/make/{command}")
async def make_batch(visit: SupportVisit, command: str, sent: FormHere) -> Response:
    """Begin the dry run, once for each form however often that is sent, and go to it."""
    filters = {name.removeprefix(OF): value for name, value in sent.items() if name.startswith(OF)}
    try:
        _, wanted = await _filters(visit, filters)
        terms = await _terms(visit, filters.get("currency"))
        asked = PlanBatchCreate(command=read_form(_kind(command), sent, terms), plans=wanted)
        change, scopes = change_by(visit.principal), visit.principal.scopes
        made = await visit.services.plan_batches.create(visit.org_id, asked, key_in(sent), change, scopes)
    except BillingError as error:
        return await _form(visit, command, filters, sent, Shown(problem=error))
    return _to(made)


@router.get("/{plan_batch_id}")
async def show_batch(
    visit: VisitHere, batch: BatchHere, status: str = "", after: str = "", watch: str = ""
) -> Response:
    """Show how far a batch is, what it comes to, and its plans; a page that is watched is drawn again."""
    return await _shown(visit, batch, Shown(), status=status, after=after, watched=bool(watch))


@router.post("/{plan_batch_id}/confirm")
async def confirm_batch(visit: SupportVisit, batch: BatchHere, sent: FormHere) -> Response:
    """Give the command to every plan that is ready; sent twice, it is done once."""
    try:
        reason = reason_in(sent)
        change, scopes = change_by(visit.principal, reason), visit.principal.scopes
        return _to(await visit.services.plan_batches.confirm(batch, reason, change, scopes))
    except BillingError as error:
        return await _refused(visit, batch, error, sent)


@router.post("/{plan_batch_id}/cancel")
async def cancel_batch(visit: SupportVisit, batch: BatchHere, sent: FormHere) -> Response:
    """Give the command to no more plans."""
    try:
        change = change_by(visit.principal, reason_in(sent))
        return _to(await visit.services.repositories.plan_batches.cancel(batch, change))
    except BillingError as error:
        return await _refused(visit, batch, error, sent)


@router.get("/{plan_batch_id}/csv")
async def export_batch(visit: VisitHere, batch: BatchHere) -> Response:
    """Return the plans of a batch as a CSV file: what the command would do to each or has done, or why not."""
    first = await _page(visit, batch, Paging(limit=EXPORTED_AT_ONCE))
    headers = {"Content-Disposition": 'attachment; filename="batch.csv"'}
    return StreamingResponse(_csv(visit, batch, first), media_type="text/csv; charset=utf-8", headers=headers)


async def _csv(visit: Visit, batch: BatchRef, found: Page[PlanBatchItem]) -> AsyncIterator[str]:
    yield csv_lines([_COLUMNS])
    while True:
        yield csv_lines([shown(one) for shown in _COLUMNS.values()] for one in found.rows)
        if found.next is None:
            return
        found = await _page(visit, batch, Paging(limit=EXPORTED_AT_ONCE, after=found.next))


async def _page(visit: Visit, batch: BatchRef, paging: Paging, status: str = "") -> Page[PlanBatchItem]:
    wanted = BatchItemStatus(status) if status in set(BatchItemStatus) else None
    return await visit.services.repositories.plan_batches.items(batch, paging, wanted)


async def _shown(  # noqa: PLR0913  (each is a part of the page's address)
    visit: Visit, batch: BatchRef, shown: Shown, *, status: str = "", after: str = "", watched: bool = False
) -> Response:
    record = await visit.services.repositories.plan_batches.get(batch)
    found = await _page(visit, batch, Paging(limit=AT_ONCE, after=after or None), status)
    page = visit.page(
        "batch.html",
        status=shown.status,
        batch=record,
        found=found,
        chosen=status if status in set(BatchItemStatus) else "",
        statuses=list(BatchItemStatus),
        watched=watched,
        shown=shown,
        command=words(TYPES[type(record.command)]).capitalize(),
        fields=fields_of(type(record.command), _values(record), FormTerms("USD", {})),
    )
    if watched and record.phase:
        page.headers["Refresh"] = f"{SECONDS}; url={HERE}/{record.plan_batch_id}?watch=yes"
    return page


async def _refused(visit: Visit, batch: BatchRef, error: BillingError, sent: Mapping[str, str]) -> Response:
    return await _shown(visit, batch, Shown(problem=error, reason=sent.get(WHY, "")))


def _values(record: PlanBatchRecord) -> dict[str, str]:
    names = [field.name for field in fields_of(type(record.command), {}, FormTerms("USD", {}))]
    currency = record.plans.currency or "USD"
    return {name: written(getattr(record.command, name, None), name, currency) for name in names}


async def _form(
    visit: Visit, command: str, filters: Mapping[str, str], values: Mapping[str, str], shown: Shown
) -> Response:
    kind = _kind(command)
    action = Action(
        title=f"{words(command).capitalize()}, for many plans",
        description="First a dry run says of each plan what would happen; nothing is changed by that.",
        address=f"{HERE}/make/{command}",
        about="Plans that fit",
        back=f"{HERE}/make?{urlencode(filters)}",
    )
    fields = fields_of(kind, values, await _terms(visit, filters.get("currency")))
    return visit.page(
        "batch_form.html",
        status=shown.status,
        action=action,
        fields=fields,
        filters=filters,
        of=OF,
        shown=shown,
        key=given_key(visit.request) or new_key(),
    )


async def _filters(visit: Visit, query: Mapping[str, str]) -> tuple[dict[str, str], BatchFilter]:
    """Return the filters of the list of plans that are named, as they are written and as they are meant."""
    named = {name: query[name] for name in LISTS["plans"].all_filters if query.get(name)}
    return named, read_form(BatchFilter, named, await _terms(visit))


async def _terms(visit: Visit, currency: str | None = None) -> FormTerms:
    """Return what forms go by; amounts are in the currency that the plans are filtered by."""
    catalog = await visit.services.repositories.catalogs.current(visit.org_id)
    return FormTerms(
        currency if currency in CURRENCIES else "USD", {"tier": tuple(catalog.tiers), "add_on": tuple(catalog.add_ons)}
    )


def _kind(command: str) -> type[Any]:
    if command not in KINDS:
        raise NotFound("There is no such command; look at those that there are for plans.")
    return KINDS[command]


def _to(record: PlanBatchRecord) -> Response:
    watch = "?watch=yes" if record.phase else ""
    return RedirectResponse(f"{HERE}/{record.plan_batch_id}{watch}", HTTPStatus.SEE_OTHER)
