"""Issuing an invoice again in place of another one, with the same lines or corrected ones (rules 28.1)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from billflow.domain.adjustments import CreditNote, InvoiceMoney, RefundMethod, credit_note
from billflow.domain.coupons import CouponUse
from billflow.domain.currencies import CURRENCIES, format_amount, in_steps
from billflow.domain.errors import InvalidInput, NotFound, Refused
from billflow.domain.invoicing.coupons import BEGINS, anew
from billflow.domain.invoicing.draft import (
    ADDITIONS,
    InvoiceDraft,
    InvoiceKind,
    Line,
    LineKind,
    PaymentTerms,
    chargeable,
)
from billflow.domain.invoicing.rules import discountable, flat_discount_line, instalment
from billflow.domain.invoicing.tax import with_tax
from billflow.domain.money import check_price
from billflow.domain.plan import Schedule
from billflow.domain.proration import Derivation
from billflow.domain.seats import MAX_LICENSES
from billflow.domain.settings import DEFAULT_SETTINGS, BillingSettings
from billflow.domain.tax.policy import UNTAXED, Treatment

_BY_UNIT = (LineKind.INITIAL_UPGRADE, LineKind.RENEWAL, LineKind.ITEM, LineKind.ADD_ON, *ADDITIONS)
_FIXED_PRICE = (LineKind.FIXED_PRICE_UPGRADE, LineKind.FIXED_PRICE_RENEWAL)
_INSTALMENT = re.compile(r"instalment (?P<n>\d+) of 12")


@dataclass(frozen=True, slots=True, kw_only=True)
class LineCorrection:
    """What a line is billed at instead; None leaves it.

    `price` is that of a license for a cycle, the yearly fixed price, or that of a unit of an item or add-on, in minor
    units; `licenses`, or units of these, may be 0.
    """

    price: int | None = None
    licenses: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceToReplace:
    """An invoice that is to be issued again: its lines by their ids, in order, and how its money stands."""

    kind: InvoiceKind
    money: InvoiceMoney
    lines: Mapping[str, Line]
    statement_descriptor: str
    flat_discount_months: int = 0
    coupon_use: CouponUse | None = None
    replaced_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReissueTerms:
    """How it is issued again: when, on which terms, and how many discounted months the customer has for it.

    `has_coupon` tells that what the old invoice used of a coupon is there for the new one. `refund_method` says where
    what was paid goes, `treatment` which tax applies on the day of the old invoice to the customer as it is now.
    """

    at: datetime
    terms: PaymentTerms
    months_left: int
    has_coupon: bool = True
    refund_method: RefundMethod = RefundMethod.BALANCE
    corrections: Mapping[str, LineCorrection] = field(default_factory=dict)
    settings: BillingSettings = DEFAULT_SETTINGS
    treatment: Treatment = UNTAXED


@dataclass(frozen=True, slots=True, kw_only=True)
class Reissue:
    """What takes the place of an invoice: `replaced_lines` are the ids of the lines that those of `draft` replace.

    A tax line is computed anew and replaces none.

    The old invoice is voided where `voids` says so; where it was paid, `note` credits what is left of it.
    """

    draft: InvoiceDraft
    replaced_lines: tuple[str | None, ...]
    voids: bool
    note: CreditNote | None


def reissue(old: InvoiceToReplace, asked: ReissueTerms) -> Reissue:
    """Return what takes the place of *old*; raises `Refused`, `InvalidInput` or `NotFound` (rules 28.1)."""
    check_reissue(old)
    months = min(old.flat_discount_months, asked.months_left)
    lines = _lines(old, asked, months)
    if asked.treatment.by_stripe:
        lines = {line_id: line for line_id, line in lines.items() if line.kind is not LineKind.CREDIT_TO_BALANCE}
    taxed = with_tax(lines.values(), asked.treatment, old.money.currency)
    draft = InvoiceDraft(
        kind=InvoiceKind.RECURRING,
        at=asked.at,
        currency=old.money.currency,
        lines=tuple(taxed),
        terms=asked.terms,
        statement_descriptor=old.statement_descriptor,
        flat_discount_months=months,
        coupon_use=old.coupon_use if asked.has_coupon else None,
        automatic_tax=asked.treatment.by_stripe,
    )
    if draft.total < 0:
        raise Refused(
            f"The new invoice would be over {format_amount(draft.total, draft.currency)}; correct it to at least 0, "
            "and grant the rest as a credit.",
            code="total_below_zero",
            field="lines",
        )
    try:
        chargeable(draft)
    except Refused as error:
        error.field = "lines"
        raise
    return Reissue(
        draft=draft,
        replaced_lines=_replaced(lines, taxed),
        voids=old.money.status == "open",
        note=_note(old.money, asked.refund_method),
    )


def _replaced(lines: Mapping[str, Line], taxed: Sequence[Line]) -> tuple[str | None, ...]:
    """Return what each of the *taxed* lines replaces, which come in the order of *lines*."""
    ids = (line_id for line_id, line in lines.items() if line.kind is not LineKind.TAX)
    return tuple(None if line.kind is LineKind.TAX else next(ids) for line in taxed)


def check_reissue(old: InvoiceToReplace) -> None:
    """Raise `Refused` unless the invoice is open, paid, or void with nothing in its place (rules 28.1)."""
    status = old.money.status
    if old.replaced_by is not None:
        message = f"The invoice was issued again already, as {old.replaced_by}; correct that one."
        raise Refused(message, code="already_reissued", field="invoice_id")
    if status == "draft":
        raise _not_reissuable("The invoice is still on its way to Stripe; try again when it is open, or void it first.")
    if status == "uncollectible":
        raise _not_reissuable("The invoice was given up as uncollectible; credit it, or mark it paid when it is.")
    if status != "paid" and old.kind is not InvoiceKind.RECURRING:
        raise _not_reissuable(f"The invoice is {status} and bought a plan; start the plan again on the right terms.")
    if status == "open" and old.money.amount_paid:
        raise _not_reissuable("A part of the invoice was paid; credit what is left of it instead.")


def _not_reissuable(message: str) -> Refused:
    return Refused(message, code="invoice_not_reissuable", field="invoice_id")


def _note(money: InvoiceMoney, method: RefundMethod) -> CreditNote | None:
    """Return the note over all that is left of a paid invoice, if anything is."""
    if money.status != "paid" or money.in_whole_steps(money.creditable) <= 0:
        return None
    return credit_note(money, None, {}, method)


def _lines(old: InvoiceToReplace, asked: ReissueTerms, months: int) -> dict[str, Line]:
    if strange := asked.corrections.keys() - old.lines.keys():
        raise NotFound(f"The invoice has no line {min(strange)!r}.", field="lines")
    lines = {
        line_id: _corrected(line, asked.corrections.get(line_id), old.money.currency, asked.settings)
        for line_id, line in old.lines.items()
    }
    lines = _with_coupon(old, lines, asked)
    if lines == old.lines and months == old.flat_discount_months:
        return lines
    charged = discountable(lines.values())
    return {
        line_id: replace(line, derivation=_discount(line, months, old.money.currency, charged))
        if line.kind is LineKind.FLAT_DISCOUNT
        else line
        for line_id, line in lines.items()
        if months or line.kind is not LineKind.FLAT_DISCOUNT
    }


def _with_coupon(old: InvoiceToReplace, lines: dict[str, Line], asked: ReissueTerms) -> dict[str, Line]:
    """Take of each corrected line what its coupon says (rules 34.3); a discount of several parts stays as it is."""
    kept = dict(lines)
    for line_id, line in lines.items():
        if line.kind is not LineKind.COUPON or (base := _discounted_by(old, line_id)) is None:
            continue
        if lines[base].kind in BEGINS and not asked.has_coupon:
            del kept[line_id]
        else:
            kept[line_id] = replace(line, derivation=anew(line.derivation, lines[base], old.money.currency))
    return kept


def _discounted_by(old: InvoiceToReplace, line_id: str) -> str | None:
    """Return the line that a coupon's line follows and discounts, None where it was divided into several."""
    before = list(old.lines)[: list(old.lines).index(line_id)]
    if not before:
        return None
    d, base = old.lines[line_id].derivation, old.lines[before[-1]]
    of_base = d.denominator == 1 or d.price == -base.amount
    return before[-1] if of_base and d.period == base.derivation.period else None


def _discount(line: Line, months: int, currency: str, charged: int) -> Derivation:
    d = line.derivation
    return flat_discount_line(-d.price, months, d.period, currency, at_most=charged).derivation


def _corrected(line: Line, wanted: LineCorrection | None, currency: str, settings: BillingSettings) -> Line:
    if wanted is None or wanted == LineCorrection():
        return line
    _check(line, wanted, currency)
    d = line.derivation
    price = d.price if wanted.price is None else wanted.price
    quantity = d.quantity if wanted.licenses is None else wanted.licenses
    note = f"corrected, {d.quantity} x {format_amount(d.price, currency)} before"
    changed = _instalment(d, price, currency, settings) or replace(d, price=price, quantity=quantity)
    notes = ", ".join(one for one in (changed.note, note) if one)
    return replace(
        line, derivation=replace(changed, note=notes, percent_off=d.percent_off if price == d.price else None)
    )


def _instalment(d: Derivation, yearly: int, currency: str, settings: BillingSettings) -> Derivation | None:
    """Return the same part of another yearly price, None where the line is no part of one (rules 13)."""
    found = _INSTALMENT.search(d.note or "")
    if found is None:
        return None
    step = CURRENCIES[currency].step
    return instalment(yearly, Schedule.MONTHLY, int(found["n"]) - 1, d.period, settings, step=step)


def _check(line: Line, wanted: LineCorrection, currency: str) -> None:
    if line.kind not in (*_BY_UNIT, *_FIXED_PRICE) or (line.derivation.note or "").startswith("part "):
        message = f"The line {line.description!r} follows from others and can't be corrected; correct those."
        raise Refused(message, code="line_not_correctable", field="lines")
    if line.kind in _FIXED_PRICE and wanted.licenses is not None:
        message = f"The line {line.description!r} has a fixed price, whatever the licenses; correct its price."
        raise Refused(message, code="line_not_correctable", field="licenses")
    if wanted.licenses is not None and not 0 <= wanted.licenses <= MAX_LICENSES:
        raise InvalidInput(f"licenses must lie between 0 and {MAX_LICENSES}.", field="licenses")
    if wanted.price is not None:
        check_price(wanted.price, "price")
        in_steps(wanted.price, currency, "price")
