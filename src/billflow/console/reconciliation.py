"""Reconciliation in the console: a run that somebody begins, and the repair of one finding."""

import asyncio
from http import HTTPStatus

from fastapi import APIRouter, Response
from fastapi.responses import RedirectResponse

from billflow.api.changes import change_by
from billflow.api.routes.reconciliation import PATIENCE
from billflow.console.actions import Action, Shown, key_in, preview_of, reason_in, shown_action
from billflow.console.forms import FormTerms, fields_of, read_form
from billflow.console.pages import BASE, words
from billflow.console.security import ConsoleRoute, FormHere
from billflow.console.visits import SupportVisit, Visit, VisitHere
from billflow.domain.errors import BillingError, Refused
from billflow.domain.reconciliation import Repair
from billflow.models.contracts.reconciliation import FindingRecord, ReconciliationCreate, RepairInput
from billflow.pages.confirmations import WHY

BACK = f"{BASE}/operate#findings"
_TERMS = FormTerms("USD", {})

SENTENCES = {
    Repair.RECORD_STATE: "What Stripe says of the invoice is written down: that it is paid, void or uncollectible.",
    Repair.COLLECT: "The invoice is handed to its collection, which issues it where that is still to be done.",
    Repair.VOID: "What our records have voided is voided at Stripe, or its draft deleted there.",
    Repair.DELETE_DRAFTS: "The drafts at Stripe are deleted beside the invoice that counts.",
    Repair.START_PLAN: "The plan's workflow is started from the records.",
    Repair.WAKE_PLAN: "The plan's workflow looks at the records anew.",
    Repair.REPLACE_CUSTOMER: "The customer that Stripe has lost is made there anew, with its balance and invoices.",
    Repair.REPLACE_INVOICE: "The unpaid invoice that Stripe has lost is issued there anew.",
}
"""What each repair does."""

router = APIRouter(route_class=ConsoleRoute, prefix="/operate/reconciliation")


@router.get("/start")
async def show_start(visit: VisitHere) -> Response:
    """Show the form of a run to begin; once it is filled in, what it would do."""
    fields = fields_of(ReconciliationCreate, visit.query, _TERMS)
    if not visit.query:
        return shown_action(visit, _starting(), fields)
    try:
        asked = read_form(ReconciliationCreate, visit.query, _TERMS)
    except BillingError as error:
        return shown_action(visit, _starting(), fields, Shown(problem=error))
    return shown_action(visit, _starting(), fields, _would(*_start_sentences(asked)))


@router.post("/start")
async def start_run(visit: SupportVisit, sent: FormHere) -> Response:
    """Begin a run, once for each form however often that is sent."""
    try:
        key, change = key_in(sent), change_by(visit.principal, reason_in(sent))
        asked = read_form(ReconciliationCreate, sent, _TERMS)
        await visit.services.reconciliation.start(visit.org_id, asked, key, change)
    except BillingError as error:
        fields = fields_of(ReconciliationCreate, sent, _TERMS)
        return shown_action(visit, _starting(), fields, Shown(problem=error, reason=sent.get(WHY, "")))
    return RedirectResponse(BACK, HTTPStatus.SEE_OTHER)


@router.get("/{reconciliation_run_id}/findings/{finding_id}")
async def show_repair(visit: VisitHere, reconciliation_run_id: str, finding_id: str) -> Response:
    """Show what repairing a finding does."""
    finding = await _finding(visit, wanted := _wanted(visit, reconciliation_run_id, finding_id))
    if finding.repaired_at is not None:
        return RedirectResponse(BACK, HTTPStatus.SEE_OTHER)
    if finding.repair is None:
        problem = Refused("Billflow can't repair this by itself; a person has to look.", code="not_repairable")
        return shown_action(visit, _repairing(wanted, finding), (), Shown(problem=problem))
    again = [f"The last try failed: {finding.problem}"] if finding.problem else []
    return shown_action(visit, _repairing(wanted, finding), (), _would(SENTENCES[finding.repair], *again))


@router.post("/{reconciliation_run_id}/findings/{finding_id}")
async def repair_finding(visit: SupportVisit, reconciliation_run_id: str, finding_id: str, sent: FormHere) -> Response:
    """Repair a finding; one that is repaired already stays so, however often the form is sent."""
    wanted = _wanted(visit, reconciliation_run_id, finding_id)
    finding = await _finding(visit, wanted)
    try:
        change = change_by(visit.principal, reason_in(sent))
        async with asyncio.timeout(PATIENCE):
            done = await visit.services.reconciliation.repair(wanted, change)
        if done.repaired_at is None:
            raise Refused(done.problem or "It was not repaired.", code="not_repaired")
    except BillingError as error:
        problem = Shown(problem=error, reason=sent.get(WHY, ""))
        return shown_action(visit, _repairing(wanted, finding), (), problem)
    return RedirectResponse(BACK, HTTPStatus.SEE_OTHER)


def _starting() -> Action:
    described = "Compare the billing database, Stripe and the workflows; it goes on in the background."
    return Action("Compare now", described, f"{BASE}/operate/reconciliation/start", "Reconciliation", BACK)


def _start_sentences(asked: ReconciliationCreate) -> list[str]:
    which = f"invoices of the last {asked.days} days and unpaid ones" if asked.days else "all invoices"
    repairs = "what is safe to repair is repaired" if asked.repair else "nothing is changed"
    return [f"It compares {which}, customers, plans and workflows; {repairs}."]


def _repairing(wanted: RepairInput, finding: FindingRecord) -> Action:
    address = f"{BASE}/operate/reconciliation/{wanted.reconciliation_run_id}/findings/{wanted.finding_id}"
    return Action("Repair the finding", finding.message, address, words(finding.kind).capitalize(), BACK)


def _would(*sentences: str) -> Shown:
    return Shown(preview_of(sentences))


def _wanted(visit: Visit, run_id: str, finding_id: str) -> RepairInput:
    return RepairInput(org_id=visit.org_id, reconciliation_run_id=run_id, finding_id=finding_id)


async def _finding(visit: Visit, wanted: RepairInput) -> FindingRecord:
    return await visit.services.repositories.reconciliation.finding(wanted)
