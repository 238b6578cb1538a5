"""What is done to invoices: pay now, refund, credit, void, give up (rules 28)."""

from http import HTTPStatus
from typing import Any

from fastapi import APIRouter
from pydantic import ConfigDict, Field

from billflow.api.fields import KeyHere, RequestModel
from billflow.api.principal import Principal, PrincipalHere, SupportHere
from billflow.api.requests import CheckedRoute
from billflow.api.services import Services, ServicesHere
from billflow.api.views import InvoiceDetailResponse, ResponseModel
from billflow.domain.adjustments import CreditReason, RefundMethod, RefundReason
from billflow.models.contracts.adjustments import (
    Amount,
    CreditNoteInput,
    CreditNoteRecord,
    InvoiceAdjustments,
    LineCredit,
    Memo,
    OutOfBandPaymentInput,
    Reference,
    RefundInput,
    RefundRecord,
    VoidInput,
)
from billflow.models.contracts.invoices import CollectionOutcome, InvoiceStatus
from billflow.models.contracts.keys import NamespacedKey
from billflow.models.contracts.records import InvoiceDetail

router = APIRouter(prefix="/invoices/{invoice_id}", tags=["invoices"], route_class=CheckedRoute)


class RefundCreate(RequestModel):
    """How much to refund, in minor units; without an amount all that is left.

    With an `out_of_band_reference` it was given outside Stripe already, and is recorded.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [{"amount": 500, "reason": "requested_by_customer"}]})

    amount: Amount | None = None
    reason: RefundReason | None = None
    out_of_band_reference: Reference | None = None


class OutOfBandPaymentCreate(RequestModel):
    """What a payment outside Stripe is known by."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reference": "SEPA 2026-11-28 NOTPROVIDED"}]})

    reference: Reference


class CreditNoteLineCreate(RequestModel):
    """A line to credit, whole or in part."""

    line_id: str = Field(max_length=100)
    amount: Amount | None = None


class CreditNoteCreate(RequestModel):
    """What to credit: an amount, some lines, or all that is left; what was paid goes to the card or the balance."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"amount": 500, "refund_method": "balance"}]})

    amount: Amount | None = None
    lines: list[CreditNoteLineCreate] = Field(default_factory=list, max_length=250)
    refund_method: RefundMethod = RefundMethod.REFUND
    reason: CreditReason = CreditReason.ORDER_CHANGE
    memo: Memo | None = None


class InvoiceClosureCreate(RequestModel):
    """Why the invoice is closed."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "billed by mistake"}]})

    reason: Memo | None = None


class PaymentAttemptResponse(ResponseModel):
    """What came of collecting, and the invoice as it stands now."""

    outcome: CollectionOutcome
    invoice: InvoiceDetailResponse


@router.get("/adjustments")
async def show_adjustments(invoice_id: str, services: ServicesHere, principal: PrincipalHere) -> InvoiceAdjustments:
    """List the invoice's credit notes and refunds, and what is left to pay, to credit and to refund."""
    return await services.repositories.adjustments.of_invoice(principal.org_id, invoice_id)


@router.post("/pay")
async def pay_invoice(invoice_id: str, services: ServicesHere, principal: PrincipalHere) -> PaymentAttemptResponse:
    """Collect an open invoice now: charge the card, or send it again."""
    outcome = await services.invoices.pay(principal.org_id, invoice_id)
    invoice = await services.queries.invoices.get(principal.org_id, invoice_id)
    return PaymentAttemptResponse(outcome=outcome, invoice=InvoiceDetailResponse.model_validate(invoice.model_dump()))


@router.post("/refund", status_code=HTTPStatus.CREATED)
async def refund_invoice(
    invoice_id: str, services: ServicesHere, principal: SupportHere, key: KeyHere, asked: RefundCreate | None = None
) -> RefundRecord:
    """Refund to the card, never more than was paid; or record a refund made outside Stripe."""
    who = await _ask(services, principal, invoice_id, key)
    return await services.adjustments.refund(RefundInput(**who, **(asked or RefundCreate()).model_dump()))


@router.post("/credit-notes", status_code=HTTPStatus.CREATED)
async def credit_invoice(
    invoice_id: str, services: ServicesHere, principal: SupportHere, key: KeyHere, asked: CreditNoteCreate | None = None
) -> CreditNoteRecord:
    """Credit an invoice: first what is still to be paid, then what was paid."""
    who, wanted = await _ask(services, principal, invoice_id, key), asked or CreditNoteCreate()
    lines = tuple(LineCredit(line_id=line.line_id, amount=line.amount) for line in wanted.lines)
    return await services.adjustments.credit(
        CreditNoteInput(**who, **wanted.model_dump(exclude={"lines"}), lines=lines)
    )


@router.post("/void", response_model=InvoiceDetailResponse)
async def void_invoice(
    invoice_id: str,
    services: ServicesHere,
    principal: SupportHere,
    key: KeyHere,
    why: InvoiceClosureCreate | None = None,
) -> InvoiceDetail:
    """Void an open invoice."""
    who = await _ask(services, principal, invoice_id, key)
    return await services.adjustments.void(VoidInput(**who, to=InvoiceStatus.VOID, reason=why.reason if why else None))


@router.post("/mark-paid", response_model=InvoiceDetailResponse)
async def mark_invoice_paid(
    invoice_id: str, services: ServicesHere, principal: SupportHere, key: KeyHere, paid: OutOfBandPaymentCreate
) -> InvoiceDetail:
    """Mark an invoice paid that was paid outside Stripe, by bank transfer for instance."""
    who = await _ask(services, principal, invoice_id, key)
    return await services.adjustments.mark_paid(OutOfBandPaymentInput(**who, reference=paid.reference))


@router.post("/mark-uncollectible", response_model=InvoiceDetailResponse)
async def mark_invoice_uncollectible(
    invoice_id: str,
    services: ServicesHere,
    principal: SupportHere,
    key: KeyHere,
    why: InvoiceClosureCreate | None = None,
) -> InvoiceDetail:
    """Give an open invoice up; its customer may still pay it."""
    who = await _ask(services, principal, invoice_id, key)
    reason = why.reason if why else None
    return await services.adjustments.void(VoidInput(**who, to=InvoiceStatus.UNCOLLECTIBLE, reason=reason))


async def _ask(services: Services, principal: Principal, invoice_id: str, key: NamespacedKey) -> dict[str, Any]:
    return {
        "org_id": principal.org_id,
        "invoice_id": invoice_id,
        "key": key,
        "actor": principal.actor,
        "request_id": principal.request_id,
        "at": await services.adjustments.now_of(principal.org_id, invoice_id),
    }
