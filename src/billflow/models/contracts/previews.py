"""What is not done yet: invoices to come, and what a command or an adjustment would change and bill."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Self

from pydantic import Field

from billflow.domain.discounts import Discount, DiscountKind, Preview, PriceComparison
from billflow.domain.invoicing.draft import InvoiceDraft, InvoiceKind
from billflow.domain.invoicing.reissue import Reissue
from billflow.domain.plan import CutoverStatus, PlanStatus, Schedule
from billflow.domain.preview import Forecast, invoices_of, newest_entries
from billflow.domain.step import Outcome
from billflow.models.contracts.base import Contract, Moment
from billflow.models.contracts.explanations import LineExplanation, explained
from billflow.models.contracts.plans import PlanState
from billflow.models.contracts.responses import ResponseModel

_CHANGING = (
    "tier",
    "schedule",
    "status",
    "licenses",
    "licenses_at_next_renewal",
    "next_invoice_date",
    "end_date",
    "cutover_at",
    "cutover_status",
)
"""What of a plan a preview shows before and after."""


class InvoicePreview(ResponseModel):
    """An invoice that is not made yet; amounts in minor units of `currency`.

    With `automatic_tax` they are net: Stripe adds the tax when it gets the invoice.
    """

    kind: InvoiceKind
    issued_at: Moment
    currency: str
    total: int
    automatic_tax: bool = False
    lines: list[LineExplanation]

    @classmethod
    def of_draft(cls, draft: InvoiceDraft) -> Self:
        """Return an invoice as it would be made."""
        return cls(
            kind=draft.kind,
            issued_at=draft.at,
            currency=draft.currency,
            total=draft.total,
            automatic_tax=draft.automatic_tax,
            lines=explained(draft.lines, draft.currency),
        )


class AddOnPreview(ResponseModel):
    """How many units of an add-on the plan would hold, and renew with, at `price` each and cycle."""

    add_on: str
    quantity: int
    quantity_at_next_renewal: int
    price: int

    @classmethod
    def of_outcome(cls, outcome: Outcome) -> list[Self]:
        """Return the add-ons of a step, by their newest entries."""
        return [
            cls(
                add_on=code,
                quantity=entry.licenses,
                quantity_at_next_renewal=entry.licenses_at_next_renewal,
                price=entry.price or 0,
            )
            for code, entry in newest_entries(outcome)[1].items()
        ]


class PlanPreview(ResponseModel):
    """A plan as it would be; licenses are empty where nothing changes them."""

    tier: str
    schedule: Schedule
    status: PlanStatus
    licenses: int | None
    licenses_at_next_renewal: int | None
    next_invoice_date: Moment | None
    end_date: Moment | None
    cutover_at: Moment | None = None
    cutover_status: CutoverStatus | None = None

    @classmethod
    def of_outcome(cls, outcome: Outcome) -> Self:
        """Return the plan of a step as it would be."""
        newest, _ = newest_entries(outcome)
        return cls(
            tier=outcome.plan.tier,
            schedule=outcome.plan.schedule,
            status=outcome.plan.status,
            licenses=newest.licenses if newest else None,
            licenses_at_next_renewal=newest.licenses_at_next_renewal if newest else None,
            next_invoice_date=outcome.plan.next_invoice_date,
            end_date=outcome.plan.end_date,
            cutover_at=outcome.plan.cutover_at,
            cutover_status=outcome.plan.cutover_status,
        )


class DiscountPreview(ResponseModel):
    """A discount as it would go on; `ends_at` begins the first cycle without it, if nothing else changes.

    One that is `waiting` takes nothing off the plan, because it is for another tier or currency.
    """

    kind: DiscountKind
    name: str = Field(examples=["Spring (SPRING25)"])
    off: str = Field(examples=["25% off"])
    months_left: int | None
    ends_at: Moment | None
    waiting: bool


class PricePreview(ResponseModel):
    """What a license and cycle costs before and after a change, in minor units, and what is billed next.

    A price is the plan's after the percentage of a coupon, and empty at a fixed price. An invoice is empty where none
    is to come.
    """

    price_before: int | None = None
    price_after: int | None = None
    next_invoice_before: InvoicePreview | None = None
    next_invoice_after: InvoicePreview | None = None
    discounts: list[DiscountPreview]

    @classmethod
    def of_comparison(cls, found: PriceComparison) -> Self:
        """Return a comparison as it is shown."""
        before, following = found.next_invoice_before, found.next_invoice_after
        return cls(
            price_before=found.price_before,
            price_after=found.price_after,
            next_invoice_before=InvoicePreview.of_draft(before) if before else None,
            next_invoice_after=InvoicePreview.of_draft(following) if following else None,
            discounts=[DiscountPreview.of(one) for one in found.discounts],
        )


class PreviewResponse(ResponseModel):
    """What a command would answer, `credit`, what the customer would be owed for it, and `price`, in minor units.

    `add_ons` are those that change, or that a cycle begins with, of the plan that goes on.
    What is agreed with a customer that has no live plan is shown without a `plan`.
    """

    plan: PlanPreview | None
    invoices: list[InvoicePreview]
    successor: PlanPreview | None
    add_ons: list[AddOnPreview]
    credit: int
    currency: str | None
    price: PricePreview

    @classmethod
    def of_preview(cls, found: Preview) -> Self:
        """Return what a step would come to."""
        outcome = found.outcome
        return cls(
            plan=PlanPreview.of_outcome(outcome),
            invoices=list(map(InvoicePreview.of_draft, invoices_of(outcome))),
            successor=PlanPreview.of_outcome(outcome.successor) if outcome.successor else None,
            add_ons=AddOnPreview.of_outcome(outcome.successor or outcome),
            credit=outcome.credit,
            currency=outcome.plan.currency,
            price=PricePreview.of_comparison(found.comparison),
        )

    @classmethod
    def of_terms(cls, found: Preview | None, discounts: Iterable[Discount]) -> Self:
        """Return what other terms of a customer would come to, of one that may have no live plan."""
        if found is not None:
            return cls.of_preview(found)
        price = PricePreview(discounts=[DiscountPreview.of(one) for one in discounts])
        return cls(plan=None, invoices=[], successor=None, add_ons=[], credit=0, currency=None, price=price)


class PlanChange(Contract):
    """One value of a plan that a command changes, as text; null is none."""

    field: str = Field(examples=["status"])
    before: str | None = Field(examples=["active"])
    after: str = Field(examples=["downgrade_at_end_of_cycle"])

    @classmethod
    def between(cls, plan: PlanState, preview: PreviewResponse) -> tuple[Self, ...]:
        """Return what of a plan is otherwise after a preview's command."""
        then = preview.plan
        pairs = [(name, getattr(plan, name), getattr(then, name)) for name in _CHANGING] if then else []
        changed = [(name, now, later) for name, now, later in pairs if later is not None and now != later]
        return tuple(cls(field=name, before=_as_text(now), after=str(_as_text(later))) for name, now, later in changed)


def _as_text(value: object) -> str | None:
    if value is None:
        return None
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if isinstance(value, datetime) else str(value)


class RefusalResponse(ResponseModel):
    """Why the plan would need attention."""

    code: str
    message: str


class ForecastResponse(ResponseModel):
    """The next invoices, fewer where the plan ends; `on_hold` is what would hold it back, `ends_at` its end."""

    invoices: list[InvoicePreview]
    on_hold: RefusalResponse | None
    ends_at: Moment | None

    @classmethod
    def of_forecast(cls, found: Forecast) -> Self:
        """Return a forecast as it is shown."""
        on_hold = RefusalResponse(code=found.on_hold.code, message=found.on_hold.message) if found.on_hold else None
        return cls(invoices=list(map(InvoicePreview.of_draft, found.invoices)), on_hold=on_hold, ends_at=found.ends_at)


class CreditNotePreview(ResponseModel):
    """The note that would credit what was paid, and where its money would go."""

    amount: int
    refund_amount: int
    balance_amount: int


class ReissuePreviewResponse(ResponseModel):
    """What issuing an invoice again would come to: what becomes of the old one, and the new one."""

    voids: bool = Field(description="The old invoice is open and would be voided.")
    credit_note: CreditNotePreview | None
    invoice: InvoicePreview

    @classmethod
    def of_reissue(cls, decided: Reissue) -> Self:
        """Return what was decided as it is shown."""
        note, invoice = decided.note, InvoicePreview.of_draft(decided.draft)
        if note is None:
            return cls(voids=decided.voids, credit_note=None, invoice=invoice)
        credited = CreditNotePreview(amount=note.amount, refund_amount=note.refund, balance_amount=note.balance)
        return cls(voids=decided.voids, credit_note=credited, invoice=invoice)
