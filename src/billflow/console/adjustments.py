"""What is done to an invoice: refund, credit, void, issue again, write off, mark paid; each with its preview."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from uuid import uuid4

from fastapi import APIRouter, Response
from fastapi.responses import RedirectResponse

from billflow.api.changes import change_by
from billflow.api.routes.adjustments import Adjustment
from billflow.console.actions import Action, Shown, key_in, preview_of, reason_in, shown_action
from billflow.console.adjustment_previews import (
    mark_paid_preview,
    money_of,
    preview_credit,
    preview_refund,
    void_preview,
    write_off_preview,
)
from billflow.console.forms import FormTerms, fields_of, read_form
from billflow.console.pages import BASE
from billflow.console.reissues import LONGEST_MEMO, preview_reissue, refunded_by, reissue, reissue_form
from billflow.console.security import ConsoleRoute, FormHere
from billflow.console.visits import SupportVisit, Visit, VisitHere
from billflow.domain.adjustments import InvoiceMoney
from billflow.domain.currencies import format_amount
from billflow.domain.errors import BillingError, NotFound
from billflow.errors import Forbidden
from billflow.models.contracts.adjustments import (
    CreditNoteCreate,
    CreditNoteInput,
    OutOfBandPaymentCreate,
    OutOfBandPaymentInput,
    RefundCreate,
    RefundInput,
    VoidInput,
)
from billflow.models.contracts.base import RequestModel
from billflow.models.contracts.console import StatedReason
from billflow.models.contracts.invoices import InvoiceStatus
from billflow.models.contracts.keys import KeyNamespace
from billflow.models.contracts.records import InvoiceDetail
from billflow.pages.confirmations import WHY

router = APIRouter(route_class=ConsoleRoute)


class VoidForm(RequestModel):
    """Void an open invoice. Unless it is waived, what it billed is to be issued again."""

    waived: bool = False


class WriteOffForm(RequestModel):
    """Give an open invoice up as uncollectible; its customer may still pay it."""


Asked = Any
Done = Callable[[Adjustment, InvoiceDetail, Asked, str], Awaitable[object]]
Previewed = Callable[[Adjustment, InvoiceDetail, Asked], Awaitable[list[str]]]


def _of_money(preview: Callable[[InvoiceMoney, Asked], list[str]]) -> Previewed:
    """Return a preview that asks for nothing but how the invoice's money stands."""

    async def previewed(_: Adjustment, invoice: InvoiceDetail, asked: Asked) -> list[str]:
        return preview(money_of(invoice), asked)

    return previewed


def _always(kind: type[Any]) -> Callable[[InvoiceDetail], type[Any]]:
    return lambda _: kind


@dataclass(frozen=True)
class AdjustmentKindForm:
    """One way to adjust an invoice: its form, what it would do, and how it is done."""

    title: str
    description: str
    kind_of: Callable[[InvoiceDetail], type[Any]]
    preview: Previewed
    do: Done


async def _refund(adjustment: Adjustment, __: InvoiceDetail, asked: RefundCreate, _: str) -> object:
    return await adjustment.services.adjustments.refund(await adjustment.input(RefundInput, **asked.model_dump()))


async def _credit(adjustment: Adjustment, __: InvoiceDetail, asked: CreditNoteCreate, _: str) -> object:
    return await adjustment.services.adjustments.credit(await adjustment.input(CreditNoteInput, **asked.model_dump()))


async def _void(adjustment: Adjustment, __: InvoiceDetail, asked: VoidForm, reason: str) -> object:
    how = {"to": InvoiceStatus.VOID, "reason": reason[:LONGEST_MEMO], "waived": asked.waived}
    return await adjustment.services.adjustments.void(await adjustment.input(VoidInput, **how))


async def _write_off(adjustment: Adjustment, __: InvoiceDetail, _: WriteOffForm, reason: str) -> object:
    how = {"to": InvoiceStatus.UNCOLLECTIBLE, "reason": reason[:LONGEST_MEMO]}
    return await adjustment.services.adjustments.void(await adjustment.input(VoidInput, **how))


async def _mark_paid(adjustment: Adjustment, __: InvoiceDetail, asked: OutOfBandPaymentCreate, _: str) -> object:
    paid = await adjustment.input(OutOfBandPaymentInput, reference=asked.reference)
    return await adjustment.services.adjustments.mark_paid(paid)


KINDS: Mapping[str, AdjustmentKindForm] = {
    "refund": AdjustmentKindForm(
        "Refund",
        "Refund to the card, never more than was paid; all that is left without an amount. With a reference it was "
        "given outside Stripe already, and is recorded.",
        _always(RefundCreate),
        _of_money(preview_refund),
        _refund,
    ),
    "credit": AdjustmentKindForm(
        "Credit",
        "Credit an invoice: first what is still to be paid, then what was paid; all that is left without an amount. "
        "The customer reads the memo.",
        _always(CreditNoteCreate),
        _of_money(preview_credit),
        _credit,
    ),
    "void": AdjustmentKindForm("Void", VoidForm.__doc__ or "", _always(VoidForm), _of_money(void_preview), _void),
    "reissue": AdjustmentKindForm(
        "Issue again",
        "Issue the invoice again in its place, as it is or with other prices and licenses for its lines, in their "
        "order: an open one is voided, of a paid one what was paid goes to the balance or back to the card.",
        reissue_form,
        preview_reissue,
        reissue,
    ),
    "write-off": AdjustmentKindForm(
        "Write off",
        WriteOffForm.__doc__ or "",
        _always(WriteOffForm),
        _of_money(write_off_preview),
        _write_off,
    ),
    "mark-paid": AdjustmentKindForm(
        "Mark paid",
        "Mark an open invoice paid that was paid outside Stripe, by bank transfer for instance.",
        _always(OutOfBandPaymentCreate),
        _of_money(mark_paid_preview),
        _mark_paid,
    ),
}
"""Every way to adjust an invoice by its name in addresses."""

_OF_STATUS: Mapping[str, frozenset[InvoiceStatus]] = {
    "refund": frozenset({InvoiceStatus.PAID, InvoiceStatus.OPEN}),
    "credit": frozenset({InvoiceStatus.OPEN, InvoiceStatus.PAID, InvoiceStatus.UNCOLLECTIBLE}),
    "void": frozenset({InvoiceStatus.DRAFT, InvoiceStatus.OPEN}),
    "reissue": frozenset({InvoiceStatus.OPEN, InvoiceStatus.PAID}),
    "write-off": frozenset({InvoiceStatus.OPEN}),
    "mark-paid": frozenset({InvoiceStatus.OPEN, InvoiceStatus.UNCOLLECTIBLE}),
}


@dataclass(frozen=True)
class AdjustmentForm:
    """An adjustment of one kind, by its name in addresses, of one invoice."""

    name: str
    invoice: InvoiceDetail

    @property
    def named(self) -> AdjustmentKindForm:
        """Return what the name stands for."""
        return KINDS[self.name]

    @property
    def kind(self) -> type[Any]:
        """Return what is asked for about this invoice."""
        return self.named.kind_of(self.invoice)

    @property
    def terms(self) -> FormTerms:
        """Return what the form's fields go by."""
        return FormTerms(self.invoice.currency, {})

    @property
    def action(self) -> Action:
        """Return it as it is titled."""
        invoice = self.invoice
        called = invoice.number or f"invoice {invoice.invoice_id[:8]}"
        return Action(
            title=self.named.title,
            description=self.named.description,
            address=f"{BASE}/invoices/{invoice.invoice_id}/{self.name}",
            about=f"{called} over {format_amount(invoice.total, invoice.currency)}, {invoice.customer_name}",
            back=f"{BASE}/invoices/{invoice.invoice_id}",
        )


def offered_adjustments(invoice: InvoiceDetail) -> list[tuple[str, str]]:
    """Return what may be done to an invoice in its status: name and title."""
    return [(name, one.title) for name, one in KINDS.items() if invoice.status in _OF_STATUS[name]]


@router.get("/invoices/{invoice_id}/{adjustment}")
async def show_adjustment(visit: VisitHere, invoice_id: str, adjustment: str) -> Response:
    """Show the form of an adjustment; once it is sent, what it would do."""
    form = await _form(visit, invoice_id, adjustment)
    fields = fields_of(form.kind, visit.query, form.terms)
    if not visit.query and fields:
        return shown_action(visit, form.action, fields)
    try:
        asked = read_form(form.kind, visit.query, form.terms)
        unsent = Adjustment(invoice_id, visit.services, visit.principal, KeyNamespace.CONSOLE.key(uuid4().hex))
        sentences = await form.named.preview(unsent, form.invoice, asked)
    except BillingError as error:
        return shown_action(visit, form.action, fields, Shown(problem=error))
    return shown_action(visit, form.action, fields, Shown(preview_of(sentences)))


@router.post("/invoices/{invoice_id}/{adjustment}")
async def adjust_invoice(visit: SupportVisit, invoice_id: str, adjustment: str, sent: FormHere) -> Response:
    """Adjust the invoice, once for each form however often that is sent, and go back to it."""
    form = await _form(visit, invoice_id, adjustment)
    try:
        await _adjust(visit, form, sent)
    except BillingError as error:
        fields = fields_of(form.kind, sent, form.terms)
        return shown_action(visit, form.action, fields, Shown(problem=error, reason=sent.get(WHY, "")))
    return RedirectResponse(f"{BASE}/invoices/{invoice_id}?done={adjustment}", HTTPStatus.SEE_OTHER)


async def _adjust(visit: Visit, form: AdjustmentForm, sent: Mapping[str, str]) -> None:
    key, reason, asked = key_in(sent), reason_in(sent), read_form(form.kind, sent, form.terms)
    invoice = form.invoice
    adjustment = Adjustment(invoice.invoice_id, visit.services, visit.principal, key)
    check_limit(visit, invoice, asked)
    if form.named.do is reissue:
        check_refundable(visit, invoice.currency, await refunded_by(adjustment, invoice, asked))
    why = StatedReason(
        org_id=visit.org_id,
        customer_id=invoice.customer_id,
        subject=("invoice", invoice.invoice_id),
        action=f"console.{form.name.replace('-', '_')}",
        key=key,
    )
    await visit.services.repositories.reasons.record(why, change_by(visit.principal, reason))
    await form.named.do(adjustment, invoice, asked, reason)


def check_limit(visit: Visit, invoice: InvoiceDetail, asked: Asked) -> None:
    """Raise `Forbidden` where somebody refunds or credits more than the role may."""
    if isinstance(asked, RefundCreate | CreditNoteCreate):
        wanted = money_of(invoice).creditable if asked.amount is None else asked.amount
        check_refundable(visit, invoice.currency, wanted)


def check_refundable(visit: Visit, currency: str, wanted: int) -> None:
    """Raise `Forbidden` where somebody gives more back than the role may; *wanted* is in minor units of *currency*."""
    most = visit.console.refund_limits.get(visit.role)
    if most is not None and wanted > most:
        written = format_amount(most, currency)
        message = f"Your role, {visit.role}, may refund or credit at most {written} at once; ask somebody who may more."
        raise Forbidden(message, code="over_refund_limit")


async def _form(visit: Visit, invoice_id: str, adjustment: str) -> AdjustmentForm:
    if adjustment not in KINDS:
        raise NotFound("There is no such page; the invoice's own shows what can be done to it.")
    return AdjustmentForm(adjustment, await visit.services.queries.invoices.get(visit.org_id, invoice_id))
