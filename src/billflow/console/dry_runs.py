"""Dry runs: what is tried, how far one is, and what it found, as the report has it."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Response
from fastapi.responses import RedirectResponse, StreamingResponse
from pydantic import Field

from billflow.api.changes import change_by
from billflow.api.routes.dry_runs import REPORT_POLICY, DryRunHere
from billflow.console.actions import Shown, key_in, reason_in
from billflow.console.forms import FormTerms, fields_of, read_form
from billflow.console.lists import AT_ONCE
from billflow.console.pages import BASE
from billflow.console.security import ConsoleRoute, FormHere
from billflow.console.visits import SupportVisit, Visit, VisitHere
from billflow.domain.errors import BillingError, InvalidInput
from billflow.domain.plan import CollectionMethod, Schedule
from billflow.models.contracts.base import RequestModel, RequestMoment
from billflow.models.contracts.catalog import CATALOG_FILE
from billflow.models.contracts.dry_run import DryRunCreate, DryRunFilter, DryRunRecord, DryRunRef, RepriceDocument
from billflow.models.contracts.dunning_policy import DUNNING_FILE
from billflow.models.contracts.files import FileFormat
from billflow.models.contracts.records import Paging
from billflow.models.contracts.tax_rates import TAX_FILE
from billflow.pages.confirmations import WHY, given_key, new_key, with_key
from billflow.pages.forms import file_text

HERE = f"{BASE}/operate/dry-runs"
SECONDS = 3
"""Between two looks at a dry run that goes on, where somebody watches it."""

FILES: Mapping[str, FileFormat[Any]] = {"catalog": CATALOG_FILE, "tax": TAX_FILE, "dunning": DUNNING_FILE}
"""What is pasted or uploaded, by the field of its text."""

_LABELS = {
    "until": "Bill up to",
    "catalog_version": "Catalogue: a version of before",
    "reprice_tier": "Give the plans of a tier the listed price",
    "starts_at": "From",
    "notice_days": "Days of notice",
    "plan_id": "Plan (its id)",
    "customer_id": "Customer (its id)",
    "test_clock_id": "Test clock (its id)",
}
_TRIED = ("until", "catalog_version", "reprice_tier", "starts_at", "notice_days")

router = APIRouter(route_class=ConsoleRoute, prefix="/operate/dry-runs")


class DryRunForm(RequestModel):
    """What a form asks for besides the texts; all that is left out is as today."""

    until: RequestMoment | None = None
    catalog_version: Annotated[int, Field(ge=1)] | None = None
    reprice_tier: str | None = None
    starts_at: RequestMoment | None = None
    notice_days: Annotated[int, Field(ge=0, le=365)] = 0
    tier: str | None = None
    schedule: Schedule | None = None
    currency: str | None = None
    collection_method: CollectionMethod | None = None
    plan_id: str | None = None
    customer_id: str | None = None
    test_clock_id: str | None = None

    @property
    def reprice(self) -> RepriceDocument | None:
        """Return the price change that is tried, if any; raises `InvalidInput` for half of one."""
        if self.reprice_tier is None:
            return None
        if self.starts_at is None:
            raise InvalidInput("Say from when the plans of the tier get the listed price.", field="starts_at")
        return RepriceDocument(tier=self.reprice_tier, starts_at=self.starts_at, notice_days=self.notice_days)

    @property
    def only(self) -> DryRunFilter:
        """Return which plans are meant."""
        return DryRunFilter(**{name: getattr(self, name) for name in DryRunFilter.model_fields})


@router.get("")
async def show_dry_runs(visit: VisitHere, after: str = "") -> Response:
    """Show the dry runs that are kept, the newest first."""
    paging = Paging(limit=AT_ONCE, after=after or None)
    return visit.page("dry_runs.html", found=await visit.services.repositories.dry_runs.search(visit.org_id, paging))


@router.get("/make")
async def show_dry_run_form(visit: VisitHere) -> Response:
    """Show the form of what is tried; the way to it with a key first."""
    if given_key(visit.request) is None:
        return with_key(visit.request)
    return await _form(visit, {}, Shown())


@router.post("/make")
async def make_dry_run(visit: SupportVisit, sent: FormHere) -> Response:
    """Begin a dry run, once for each form however often that is sent, and go to it."""
    try:
        asked = await _asked(visit, sent)
        made = await visit.services.dry_runs.create(visit.org_id, asked, key_in(sent), change_by(visit.principal))
    except BillingError as error:
        return await _form(visit, sent, Shown(problem=error))
    return _to(made)


@router.get("/{dry_run_id}")
async def show_dry_run(
    visit: VisitHere, dry_run: DryRunHere, after: str = "", debts_after: str = "", watch: str = ""
) -> Response:
    """Show how far a dry run is, and what it found; a page that is watched is drawn again."""
    return await _shown(visit, dry_run, Shown(), after=after, debts_after=debts_after, watched=bool(watch))


@router.post("/{dry_run_id}/cancel")
async def cancel_dry_run(visit: SupportVisit, dry_run: DryRunHere, sent: FormHere) -> Response:
    """Go no further with a dry run."""
    try:
        change = change_by(visit.principal, reason_in(sent))
        return _to(await visit.services.repositories.dry_runs.cancel(dry_run, change))
    except BillingError as error:
        return await _shown(visit, dry_run, Shown(problem=error, reason=sent.get(WHY, "")))


@router.get("/{dry_run_id}/lines.csv")
async def export_dry_run_lines(visit: VisitHere, dry_run: DryRunHere) -> Response:
    """Return every line that differs as a CSV file."""
    return _file(await visit.services.dry_run_results.lines_csv(dry_run), "text/csv", "dry-run.csv")


@router.get("/{dry_run_id}/debts.csv")
async def export_dry_run_debts(visit: VisitHere, dry_run: DryRunHere) -> Response:
    """Return every unpaid invoice of which something else becomes as a CSV file."""
    return _file(await visit.services.dry_run_results.debts_csv(dry_run), "text/csv", "dry-run-debts.csv")


@router.get("/{dry_run_id}/report.html")
async def export_dry_run_report(visit: VisitHere, dry_run: DryRunHere) -> Response:
    """Return the report as one page of HTML that needs nothing else."""
    answer = _file(await visit.services.dry_run_results.report(dry_run), "text/html", "dry-run.html")
    answer.headers["Content-Security-Policy"] = REPORT_POLICY
    return answer


def _file(parts: Any, media_type: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(parts, media_type=f"{media_type}; charset=utf-8", headers=headers)


async def _asked(visit: Visit, sent: Mapping[str, str]) -> DryRunCreate:
    """Return what a form asks for; raises `InvalidInput` that names the field."""
    form = read_form(DryRunForm, sent, await _terms(visit))
    texts = {name: _text(visit, sent, name) for name in FILES}
    documents = {name: FILES[name].from_toml(text) for name, text in texts.items() if text}
    return DryRunCreate(
        until=form.until,
        catalog_version=form.catalog_version,
        reprice=form.reprice,
        only=form.only,
        **documents,
    )


def _text(visit: Visit, sent: Mapping[str, str], name: str) -> str:
    """Return the text that is pasted, or that of the file; raises `InvalidInput` where there are both."""
    pasted, uploaded = sent.get(name, "").strip(), file_text(visit.request, f"{name}_file").strip()
    if pasted and uploaded:
        raise InvalidInput(f"The {FILES[name].noun} is pasted and uploaded; choose one of them.", field=name)
    return pasted or uploaded


async def _form(visit: Visit, values: Mapping[str, str], shown: Shown) -> Response:
    fields = fields_of(DryRunForm, values, await _terms(visit))
    return visit.page(
        "dry_run_form.html",
        status=shown.status,
        address=f"{HERE}/make",
        tried=[one for one in fields if one.name in _TRIED],
        filters=[one for one in fields if one.name not in _TRIED],
        files=[(name, held.noun, values.get(name, "")) for name, held in FILES.items()],
        shown=shown,
        key=given_key(visit.request) or new_key(),
    )


async def _terms(visit: Visit) -> FormTerms:
    catalogs = visit.services.repositories.catalogs
    tiers = tuple((await catalogs.current(visit.org_id)).tiers)
    versions = tuple(str(one.version) for one in await catalogs.versions(visit.org_id))
    choices = {"tier": tiers, "reprice_tier": tiers, "catalog_version": versions}
    return FormTerms("USD", choices, labels=_LABELS)


async def _shown(  # noqa: PLR0913  (each is a part of the page's address)
    visit: Visit, dry_run: DryRunRef, shown: Shown, *, after: str = "", debts_after: str = "", watched: bool = False
) -> Response:
    record = await visit.services.repositories.dry_runs.get(dry_run)
    results, plans, debts = visit.services.dry_run_results, None, None
    if record.result is not None:
        plans = await results.plans(dry_run, Paging(limit=AT_ONCE, after=after or None))
        debts = await results.debts(dry_run, Paging(limit=AT_ONCE, after=debts_after or None))
    page = visit.page(
        "dry_run.html",
        status=shown.status,
        run=record,
        result=record.result,
        plans=plans,
        debts=debts,
        watched=watched,
        shown=shown,
    )
    if watched and record.status.goes_on:
        page.headers["Refresh"] = f"{SECONDS}; url={HERE}/{record.dry_run_id}?watch=yes"
    return page


def _to(record: DryRunRecord) -> Response:
    watch = "?watch=yes" if record.status.goes_on else ""
    return RedirectResponse(f"{HERE}/{record.dry_run_id}{watch}", HTTPStatus.SEE_OTHER)
