"""What is done to invoices: pay now, refund, credit, void, give up (rules 28)."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any, TypeVar

from fastapi import Depends
from pydantic import ConfigDict

from billflow.api.fields import KeyHere
from billflow.api.principal import Principal, PrincipalHere
from billflow.api.routers import api_router
from billflow.api.services import Services, ServicesHere
from billflow.domain.scopes import Scope
from billflow.models.contracts.adjustment_responses import (
    CreditNoteResponse,
    InvoiceAdjustmentsResponse,
    RefundResponse,
)
from billflow.models.contracts.adjustments import (
    AdjustmentInput,
    CreditNoteCreate,
    CreditNoteInput,
    CreditNoteRecord,
    Memo,
    OutOfBandPaymentCreate,
    OutOfBandPaymentInput,
    RefundCreate,
    RefundInput,
    RefundRecord,
    VoidInput,
)
from billflow.models.contracts.base import RequestModel
from billflow.models.contracts.invoices import InvoiceStatus
from billflow.models.contracts.keys import NamespacedKey
from billflow.models.contracts.previews import ReissuePreviewResponse
from billflow.models.contracts.records import InvoiceDetail
from billflow.models.contracts.reissues import ReissueCreate, ReissueInput
from billflow.models.contracts.responses import InvoiceDetailResponse, PaymentAttemptResponse

router = api_router("invoices", "/invoices/{invoice_id}")

Input = TypeVar("Input", bound=AdjustmentInput)


class InvoiceVoidCreate(RequestModel):
    """Why the invoice is voided, and whether what it billed is waived: nothing is to be billed in its place."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "billed by mistake", "waived": True}]})

    reason: Memo | None = None
    waived: bool = False


class InvoiceClosureCreate(RequestModel):
    """Why the invoice is closed."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "billed by mistake"}]})

    reason: Memo | None = None


@dataclass(frozen=True)
class Adjustment:
    """Who of support adjusts which invoice, under which key."""

    invoice_id: str
    services: Services
    principal: Principal
    key: NamespacedKey

    async def input(self, kind: type[Input], **asked: Any) -> Input:
        """Return what is asked for, as of the invoice's own time."""
        org_id, request_id = self.principal.org_id, self.principal.request_id
        at = await self.services.adjustments.now_of(org_id, self.invoice_id)
        who = {"org_id": org_id, "invoice_id": self.invoice_id, "actor": self.principal.actor}
        return kind.model_validate({**who, "request_id": request_id, "key": self.key, "at": at, **asked})


async def _adjustment(invoice_id: str, services: ServicesHere, principal: PrincipalHere, key: KeyHere) -> Adjustment:
    return Adjustment(invoice_id, services, principal, key)


AdjustmentHere = Annotated[Adjustment, Depends(_adjustment), Scope.SUPPORT]


@router.get("/adjustments")
async def show_adjustments(
    invoice_id: str, services: ServicesHere, principal: PrincipalHere
) -> InvoiceAdjustmentsResponse:
    """List the invoice's credit notes and refunds, and what is left to pay, to credit and to refund."""
    found = await services.repositories.adjustments.of_invoice(principal.org_id, invoice_id)
    return InvoiceAdjustmentsResponse.of(found)


@router.post("/pay")
async def pay_invoice(invoice_id: str, services: ServicesHere, principal: PrincipalHere) -> PaymentAttemptResponse:
    """Collect an open invoice now: charge the card, or send it again."""
    outcome = await services.invoices.pay(principal.org_id, invoice_id)
    invoice = await services.queries.invoices.get(principal.org_id, invoice_id)
    return PaymentAttemptResponse.of({"outcome": outcome, "invoice": invoice})


@router.post("/refund", status_code=HTTPStatus.CREATED, response_model=RefundResponse)
async def refund_invoice(
    adjustment: AdjustmentHere, services: ServicesHere, asked: RefundCreate | None = None
) -> RefundRecord:
    """Refund to the card, never more than was paid; or record a refund made outside Stripe."""
    wanted = asked.model_dump() if asked else {}
    return await services.adjustments.refund(await adjustment.input(RefundInput, **wanted))


@router.post("/credit-notes", status_code=HTTPStatus.CREATED, response_model=CreditNoteResponse)
async def credit_invoice(
    adjustment: AdjustmentHere, services: ServicesHere, asked: CreditNoteCreate | None = None
) -> CreditNoteRecord:
    """Credit an invoice: first what is still to be paid, then what was paid."""
    wanted = asked.model_dump() if asked else {}
    return await services.adjustments.credit(await adjustment.input(CreditNoteInput, **wanted))


@router.post("/void", response_model=InvoiceDetailResponse)
async def void_invoice(
    adjustment: AdjustmentHere, services: ServicesHere, why: InvoiceVoidCreate | None = None
) -> InvoiceDetail:
    """Void an open invoice; unless it is waived, what it billed is to be issued again."""
    wanted = why.model_dump() if why else {}
    return await services.adjustments.void(await adjustment.input(VoidInput, to=InvoiceStatus.VOID, **wanted))


@router.post("/reissue", status_code=HTTPStatus.CREATED, response_model=InvoiceDetailResponse)
async def reissue_invoice(
    adjustment: AdjustmentHere, services: ServicesHere, asked: ReissueCreate | None = None
) -> InvoiceDetail:
    """Issue an invoice again in its place, as it is or corrected: an open one is voided, a paid one is credited."""
    wanted = asked.model_dump() if asked else {}
    return await services.adjustments.reissue(await adjustment.input(ReissueInput, **wanted))


@router.post("/reissue/preview")
async def preview_reissue(
    adjustment: AdjustmentHere, services: ServicesHere, asked: ReissueCreate | None = None
) -> ReissuePreviewResponse:
    """Say what issuing an invoice again would come to, by the code that would do it; nothing is written."""
    wanted = asked.model_dump() if asked else {}
    preview = await services.repositories.reissues.preview(await adjustment.input(ReissueInput, **wanted))
    return ReissuePreviewResponse.of_reissue(preview)


@router.post("/mark-paid", response_model=InvoiceDetailResponse)
async def mark_invoice_paid(
    adjustment: AdjustmentHere, services: ServicesHere, paid: OutOfBandPaymentCreate
) -> InvoiceDetail:
    """Mark an invoice paid that was paid outside Stripe, by bank transfer for instance."""
    asked = await adjustment.input(OutOfBandPaymentInput, reference=paid.reference)
    return await services.adjustments.mark_paid(asked)


@router.post("/mark-uncollectible", response_model=InvoiceDetailResponse)
async def mark_invoice_uncollectible(
    adjustment: AdjustmentHere, services: ServicesHere, why: InvoiceClosureCreate | None = None
) -> InvoiceDetail:
    """Give an open invoice up; its customer may still pay it."""
    wanted = why.model_dump() if why else {}
    return await services.adjustments.void(await adjustment.input(VoidInput, to=InvoiceStatus.UNCOLLECTIBLE, **wanted))
