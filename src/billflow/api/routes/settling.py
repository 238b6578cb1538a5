"""What is done to invoices: pay now, refund, credit, void, give up (billflow rules 16)."""

from http import HTTPStatus
from typing import Any

from fastapi import APIRouter
from pydantic import ConfigDict, Field

from billflow.api.caller import Caller, CallerHere, SupportHere
from billflow.api.fields import Asked, KeyHere
from billflow.api.requests import CheckedRoute
from billflow.api.services import Services, ServicesHere
from billflow.api.views import InvoiceInFull, Shown
from billflow.domain.settling import CreditReason, GiveBack, RefundReason
from billflow.models.contracts.invoices import CollectionOutcome, InvoiceStatus
from billflow.models.contracts.records import InvoiceDetail
from billflow.models.contracts.settling import (
    Amount,
    CreditNoteAsk,
    CreditNoteRecord,
    LineCredit,
    Memo,
    RefundAsk,
    RefundRecord,
    Settlements,
    VoidAsk,
)

router = APIRouter(prefix="/invoices/{invoice_id}", tags=["invoices"], route_class=CheckedRoute)


class RefundAsked(Asked):
    """How much to give back, in minor units; without an amount all that is left."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"amount": 500, "reason": "requested_by_customer"}]})

    amount: Amount | None = None
    reason: RefundReason | None = None


class LineAsked(Asked):
    """A line to credit, whole or in part."""

    line_id: str = Field(max_length=100)
    amount: Amount | None = None


class CreditNoteAsked(Asked):
    """What to credit: an amount, some lines, or all that is left; what was paid goes to the card or the balance."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"amount": 500, "give_back": "balance"}]})

    amount: Amount | None = None
    lines: list[LineAsked] = Field(default_factory=list, max_length=250)
    give_back: GiveBack = GiveBack.REFUND
    reason: CreditReason = CreditReason.ORDER_CHANGE
    memo: Memo | None = None


class WhyClosed(Asked):
    """Why the invoice is closed."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "billed by mistake"}]})

    reason: Memo | None = None


class PaymentTried(Shown):
    """What came of collecting, and the invoice as it stands now."""

    outcome: CollectionOutcome
    invoice: InvoiceInFull


@router.get("/settlements")
async def show_settlements(invoice_id: str, services: ServicesHere, caller: CallerHere) -> Settlements:
    """List the invoice's credit notes and refunds, and what is left to pay, to credit and to refund."""
    return await services.invoices.settlements(caller.org_id, invoice_id)


@router.post("/pay")
async def pay_invoice(invoice_id: str, services: ServicesHere, caller: CallerHere) -> PaymentTried:
    """Collect an open invoice now: charge the card, or send it again."""
    outcome = await services.invoices.pay(caller.org_id, invoice_id)
    invoice = await services.archive.invoice(caller.org_id, invoice_id)
    return PaymentTried(outcome=outcome, invoice=InvoiceInFull.model_validate(invoice.model_dump()))


@router.post("/refund", status_code=HTTPStatus.CREATED)
async def refund_invoice(
    invoice_id: str, services: ServicesHere, caller: SupportHere, key: KeyHere, asked: RefundAsked | None = None
) -> RefundRecord:
    """Give money back to the card, never more than was paid."""
    who = await _ask(services, caller, invoice_id, key)
    return await services.invoices.refund(RefundAsk(**who, **(asked or RefundAsked()).model_dump()))


@router.post("/credit-notes", status_code=HTTPStatus.CREATED)
async def credit_invoice(
    invoice_id: str, services: ServicesHere, caller: SupportHere, key: KeyHere, asked: CreditNoteAsked | None = None
) -> CreditNoteRecord:
    """Credit an invoice: first what is still to be paid, then what was paid."""
    who, wanted = await _ask(services, caller, invoice_id, key), asked or CreditNoteAsked()
    lines = tuple(LineCredit(line_id=line.line_id, amount=line.amount) for line in wanted.lines)
    return await services.invoices.credit_note(
        CreditNoteAsk(**who, **wanted.model_dump(exclude={"lines"}), lines=lines)
    )


@router.post("/void", response_model=InvoiceInFull)
async def void_invoice(
    invoice_id: str, services: ServicesHere, caller: SupportHere, key: KeyHere, why: WhyClosed | None = None
) -> InvoiceDetail:
    """Void an open invoice."""
    who = await _ask(services, caller, invoice_id, key)
    return await services.invoices.close(VoidAsk(**who, to=InvoiceStatus.VOID, reason=why.reason if why else None))


@router.post("/mark-uncollectible", response_model=InvoiceInFull)
async def give_up_invoice(
    invoice_id: str, services: ServicesHere, caller: SupportHere, key: KeyHere, why: WhyClosed | None = None
) -> InvoiceDetail:
    """Give an open invoice up; its customer may still pay it."""
    who = await _ask(services, caller, invoice_id, key)
    reason = why.reason if why else None
    return await services.invoices.close(VoidAsk(**who, to=InvoiceStatus.UNCOLLECTIBLE, reason=reason))


async def _ask(services: Services, caller: Caller, invoice_id: str, key: str) -> dict[str, Any]:
    return {
        "org_id": caller.org_id,
        "invoice_id": invoice_id,
        "key": key,
        "actor": caller.actor,
        "request_id": caller.request_id,
        "at": await services.invoices.now_of(caller.org_id, invoice_id),
    }
