"""What an operator looks at: what is on hold, findings, what is sold and how it is billed, keys, endpoints, the log."""

from datetime import UTC, datetime

from fastapi import APIRouter, Response

from billflow.api.routes.audit import AuditQuery
from billflow.console.forms import FormTerms, fields_of, read_form
from billflow.console.security import ConsoleRoute
from billflow.console.visits import AdminVisit, Visit, VisitHere
from billflow.domain.errors import NotFound
from billflow.models.contracts.catalog import CatalogDocument
from billflow.models.contracts.catalog_changes import changes_between
from billflow.models.contracts.reconciliation import ReconciliationReport
from billflow.models.contracts.records import Paging, PlanFilter

AT_ONCE = 50
_AUDIT_FILTERS = ("actor", "action", "subject_type", "subject_id", "since")
_TERMS = FormTerms("USD", {})

router = APIRouter(route_class=ConsoleRoute, prefix="/operate")


@router.get("")
async def show_operate(visit: VisitHere) -> Response:
    """Show the plans on hold, and what the newest reconciliation found."""
    wanted = PlanFilter(needs_attention=True)
    on_hold = await visit.services.queries.plans.search(visit.org_id, wanted, Paging(limit=AT_ONCE))
    return visit.page("operate.html", on_hold=on_hold, report=await newest_report(visit))


async def newest_report(visit: Visit) -> ReconciliationReport | None:
    """Return what the newest reconciliation found, None before the first."""
    try:
        return await visit.services.repositories.reconciliation.report(visit.org_id, None)
    except NotFound:
        return None


@router.get("/terms")
async def show_terms(visit: VisitHere) -> Response:
    """Show what is sold, by whom, how it is taxed, and how unpaid invoices are collected."""
    repositories, org_id = visit.services.repositories, visit.org_id
    version, catalog = await repositories.catalogs.version(org_id)
    return visit.page(
        "terms.html",
        version=version,
        catalog=catalog,
        versions=await repositories.catalogs.versions(org_id),
        seller=await repositories.sellers.get(org_id),
        tax=await repositories.taxes.get(org_id, datetime.now(UTC)),
        dunning=await repositories.dunning.policy(org_id),
    )


@router.get("/catalog/{version}")
async def show_catalog_version(visit: VisitHere, version: int) -> Response:
    """Show what a version of the catalogue changed of the one before it."""
    catalogs = visit.services.repositories.catalogs
    shown, document = await catalogs.version(visit.org_id, version)
    before = (await catalogs.version(visit.org_id, version - 1))[1] if version > 1 else CatalogDocument(tier={})
    return visit.page("catalog_version.html", version=shown, changes=changes_between(before, document))


@router.get("/keys")
async def show_keys(visit: AdminVisit) -> Response:
    """Show who may call the API."""
    keys = await visit.services.repositories.api_keys.list(visit.org_id)
    return visit.page("keys.html", keys=keys, now=datetime.now(UTC))


@router.get("/endpoints")
async def show_endpoints(visit: AdminVisit, after: str = "") -> Response:
    """Show where events are sent."""
    found = await visit.services.webhooks.endpoints.list(visit.org_id, Paging(limit=AT_ONCE, after=after or None))
    return visit.page("endpoints.html", found=found)


@router.get("/endpoints/{endpoint_id}")
async def show_endpoint(visit: AdminVisit, endpoint_id: str, after: str = "") -> Response:
    """Show an endpoint, and the attempts to deliver to it, the newest first."""
    endpoint = await visit.services.webhooks.endpoints.get(visit.org_id, endpoint_id)
    paging = Paging(limit=AT_ONCE, after=after or None)
    found = await visit.services.repositories.deliveries.list(visit.org_id, endpoint_id, paging)
    return visit.page("endpoint.html", endpoint=endpoint, found=found)


@router.get("/audit")
async def show_audit(visit: AdminVisit) -> Response:
    """Show the audit log, the newest entries first, as far as the filters say."""
    asked = read_form(AuditQuery, visit.query, _TERMS)
    found = await visit.services.queries.audit.list(visit.org_id, asked, Paging(limit=AT_ONCE, after=asked.after))
    fields = {field.name: field for field in fields_of(AuditQuery, visit.query, _TERMS)}
    chosen = {name: visit.query[name] for name in _AUDIT_FILTERS if visit.query.get(name)}
    return visit.page("audit.html", found=found, fields=[fields[name] for name in _AUDIT_FILTERS], chosen=chosen)


@router.get("/audit/verify")
async def verify_audit(visit: AdminVisit) -> Response:
    """Compute every hash of the audit log again, hold it against its signed roots, and show where it breaks."""
    return visit.page("audit_verdict.html", verdict=await visit.services.audit_roots.verify(visit.org_id))


@router.get("/audit/roots")
async def show_audit_roots(visit: AdminVisit, after: str = "") -> Response:
    """Show what was signed of the audit log, the newest first, and the public keys that check it."""
    roots = visit.services.audit_roots
    found = await roots.search(visit.org_id, Paging(limit=AT_ONCE, after=after or None))
    return visit.page("audit_roots.html", found=found, keys=roots.public_keys())
