"""Issuing an invoice again: what takes its place, and what can't be (rules 28.1)."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billflow.domain.adjustments import InvoiceMoney, RefundMethod
from billflow.domain.calendar import Period
from billflow.domain.coupons import CouponUse
from billflow.domain.errors import BillingError, NotFound, Refused
from billflow.domain.invoicing.coupons import amount_off, percent_off
from billflow.domain.invoicing.draft import InvoiceKind, Line, LineKind, PaymentTerms
from billflow.domain.invoicing.explain import explain
from billflow.domain.invoicing.reissue import InvoiceToReplace, LineCorrection, Reissue, ReissueTerms, reissue
from billflow.domain.invoicing.rules import flat_discount_line, instalment
from billflow.domain.money import MAX_PRICE
from billflow.domain.plan import CollectionMethod, Schedule
from billflow.domain.proration import Derivation, prorated
from billflow.domain.seats import MAX_LICENSES
from billflow.domain.settings import DEFAULT_SETTINGS

MONTH = Period(datetime(2027, 3, 1, tzinfo=UTC), datetime(2027, 4, 1, tzinfo=UTC))
HALF = Period(datetime(2027, 3, 16, tzinfo=UTC), MONTH.end)
CARD = PaymentTerms(CollectionMethod.CHARGE_AUTOMATICALLY, auto_advance=True)
RENEWAL = Line(
    LineKind.RENEWAL,
    "Cloud Standard - renewal",
    Derivation(price=800, quantity=10, period=MONTH, percent_off="20"),
    (4,),
)
ADDED = Line(
    LineKind.ADDITIONAL_LICENSES,
    "Additional Cloud Standard license",
    prorated(800, 2, charged=HALF, cycle=MONTH),
    (2, 3),
)
MOVED = Line(
    LineKind.END_DATE_CHANGE,
    "end date moved",
    replace(ADDED.derivation, quantity=1, numerator=0, less=413, period=HALF),
    adjusts=2,
)


def old(*lines: Line, currency: str = "USD", **more: Any) -> InvoiceToReplace:
    """Return an open invoice of these lines, whose ids count from a."""
    named = dict(zip("abcdefgh", lines, strict=False))
    total = sum(line.amount for line in lines)
    status = more.pop("status", "open")
    paid = total if status == "paid" else more.pop("amount_paid", 0)
    money = InvoiceMoney(
        status=status,
        total=total,
        amount_due=total,
        amount_paid=paid,
        currency=currency,
        lines={name: line.amount for name, line in named.items()},
        out_of_band=more.pop("out_of_band", None),
        credited=more.pop("credited", 0),
    )
    kind = more.pop("kind", InvoiceKind.RECURRING)
    return InvoiceToReplace(kind=kind, money=money, lines=named, statement_descriptor="CLOUD STANDARD", **more)


def again(replaced: InvoiceToReplace, months_left: int = 0, **more: Any) -> Reissue:
    """Issue it again on 10 March, with corrections by line: price and licenses."""
    corrections = {
        name: LineCorrection(price=price, licenses=licenses)
        for name, (price, licenses) in more.pop("corrected", {}).items()
    }
    at = datetime(2027, 3, 10, tzinfo=UTC)
    return reissue(replaced, ReissueTerms(at=at, terms=CARD, months_left=months_left, corrections=corrections, **more))


def test_an_open_invoice_is_voided_and_its_lines_are_issued_again_as_they_are() -> None:
    decided = again(old(RENEWAL, ADDED))

    assert (decided.voids, decided.note) == (True, None)
    assert decided.draft.lines == (RENEWAL, ADDED)
    assert (decided.draft.kind, decided.draft.at) == (InvoiceKind.RECURRING, datetime(2027, 3, 10, tzinfo=UTC))
    assert decided.replaced_lines == ("a", "b")


def test_a_corrected_line_keeps_its_share_and_says_what_it_was() -> None:
    decided = again(old(RENEWAL, ADDED), corrected={"a": (None, 8), "b": (700, None)})

    renewal, added = decided.draft.lines
    assert (renewal.amount, added.unit_amount, added.amount) == (8 * 800, 361, 722)  # 700 x 16/31 = 361.29
    assert "corrected, 10 x USD 8 before" in explain(renewal, "USD").sentence
    assert "corrected, 2 x USD 8 before" in explain(added, "USD").sentence
    assert (renewal.derivation.percent_off, added.derivation.percent_off) == ("20", None)


def test_no_license_of_a_line_makes_it_cost_nothing() -> None:
    assert again(old(RENEWAL, ADDED), corrected={"b": (None, 0)}).draft.total == RENEWAL.amount


@given(yearly=st.integers(0, MAX_PRICE), part=st.integers(0, 11))
def test_the_part_of_a_yearly_price_is_that_of_the_corrected_one(yearly: int, part: int) -> None:
    billed = instalment(120_000, Schedule.MONTHLY, part, MONTH, DEFAULT_SETTINGS)
    line = Line(LineKind.FIXED_PRICE_RENEWAL, "Cloud Plus - renewal", billed)

    [corrected] = again(old(line), corrected={"a": (yearly, None)}).draft.lines

    assert corrected.amount == instalment(yearly, Schedule.MONTHLY, part, MONTH, DEFAULT_SETTINGS).amount


@pytest.mark.parametrize(
    ("left", "price", "amounts"),
    [(3, None, [700, -700]), (3, 3000, [6000, -2000]), (0, None, [700])],
    ids=["as it was", "more of it used", "no month left"],
)
def test_the_flat_discount_takes_what_it_may_of_the_new_charges(
    left: int, price: int | None, amounts: list[int]
) -> None:
    renewal = Line(LineKind.RENEWAL, "Basic - renewal", Derivation(price=350, quantity=2, period=MONTH))
    discount = flat_discount_line(2000, 1, MONTH, "USD", at_most=700)

    decided = again(old(renewal, discount, flat_discount_months=1), left, corrected={"a": (price, None)})

    assert [line.amount for line in decided.draft.lines] == amounts
    assert decided.draft.flat_discount_months == (1 if left else 0)


OFF = Line(LineKind.COUPON, "Coupon SPRING25: 25% off", percent_off(2500, RENEWAL, "USD", "month 2 of 3"))
OFF_ADDED = Line(LineKind.COUPON, "Coupon SPRING25: 25% off", percent_off(2500, ADDED, "USD", None))
USE = CouponUse("redemption", 1)


def test_a_coupon_takes_its_percentage_of_the_corrected_lines() -> None:
    invoice = old(RENEWAL, OFF, ADDED, OFF_ADDED, coupon_use=USE)

    found = again(invoice, corrected={"a": (None, 8), "c": (400, None)})

    assert [line.amount for line in found.draft.lines] == [6400, -1600, 412, -103]
    assert found.draft.coupon_use == USE


def test_an_amount_off_is_never_more_than_the_corrected_line() -> None:
    off = Line(LineKind.COUPON, "Coupon SPRING25: USD 50 off", amount_off(5000, RENEWAL, "USD", "once"))

    found = again(old(RENEWAL, off, coupon_use=USE), corrected={"a": (None, 2)})

    assert [line.amount for line in found.draft.lines] == [1600, -1600]


def test_a_cycle_has_no_discount_where_the_coupons_months_were_used_elsewhere() -> None:
    invoice = old(RENEWAL, OFF, ADDED, OFF_ADDED, coupon_use=USE, status="void")

    found = again(invoice, has_coupon=False)

    assert [line.amount for line in found.draft.lines] == [8000, 826, -206]
    assert found.draft.coupon_use is None


def test_a_discount_follows_its_line_and_is_not_corrected_itself() -> None:
    with pytest.raises(Refused) as refusal:
        again(old(RENEWAL, OFF, coupon_use=USE), corrected={"b": (1, None)})

    assert refusal.value.code == "line_not_correctable"


@pytest.mark.parametrize("method", RefundMethod)
def test_what_was_paid_is_credited_whole(method: RefundMethod) -> None:
    decided = again(old(RENEWAL, ADDED, status="paid", credited=500), refund_method=method)

    left = RENEWAL.amount + ADDED.amount - 500
    assert decided.note is not None
    to_card = left if method is RefundMethod.REFUND else 0
    assert (decided.voids, decided.note.refund, decided.note.balance) == (False, to_card, left - to_card)


def test_of_a_paid_invoice_that_was_refunded_nothing_is_credited() -> None:
    assert again(old(RENEWAL, status="paid", credited=RENEWAL.amount)).note is None


def test_a_void_invoice_is_issued_again_and_nothing_else_happens() -> None:
    decided = again(old(RENEWAL, status="void"))
    assert (decided.voids, decided.note, decided.draft.total) == (False, None, RENEWAL.amount)


@pytest.mark.parametrize(
    ("replaced", "code", "field", "way_out"),
    [
        (old(RENEWAL, status="draft"), "invoice_not_reissuable", "invoice_id", "try again when it is open"),
        (old(RENEWAL, status="uncollectible"), "invoice_not_reissuable", "invoice_id", "credit it"),
        (old(RENEWAL, status="void", replaced_by="8a30"), "already_reissued", "invoice_id", "correct that one"),
        (old(RENEWAL, status="paid", replaced_by="8a30"), "already_reissued", "invoice_id", "as 8a30"),
        (old(RENEWAL, kind=InvoiceKind.PURCHASE), "invoice_not_reissuable", "invoice_id", "start the plan again"),
        (
            old(RENEWAL, kind=InvoiceKind.TRIAL_PURCHASE, status="void"),
            "invoice_not_reissuable",
            "invoice_id",
            "start the plan again",
        ),
        (old(RENEWAL, amount_paid=100), "invoice_not_reissuable", "invoice_id", "credit what is left"),
    ],
    ids=["draft", "given up", "void and replaced", "paid and replaced", "purchase", "trial", "paid in part"],
)
def test_what_can_not_be_issued_again_is_refused_with_the_way_out(
    replaced: InvoiceToReplace, code: str, field: str | None, way_out: str
) -> None:
    with pytest.raises(Refused, match=way_out) as refused:
        again(replaced)
    assert (refused.value.code, refused.value.field) == (code, field)


def test_what_was_paid_outside_stripe_goes_to_the_balance_and_to_no_card() -> None:
    replaced = old(RENEWAL, status="paid", out_of_band="SEPA 1")
    with pytest.raises(Refused, match="refund_method balance"):
        again(replaced, refund_method=RefundMethod.REFUND)
    assert again(replaced).note is not None


@pytest.mark.parametrize(
    ("lines", "corrected", "field", "way_out"),
    [
        ((RENEWAL,), {"a": (-1, None)}, "price", "between 0 and"),
        ((RENEWAL,), {"a": (MAX_PRICE + 1, None)}, "price", "between 0 and"),
        ((RENEWAL,), {"a": (None, -1)}, "licenses", "between 0 and"),
        ((RENEWAL,), {"a": (None, MAX_LICENSES + 1)}, "licenses", "between 0 and"),
        ((RENEWAL,), {"z": (1, None)}, "lines", "no line 'z'"),
        ((RENEWAL, MOVED), {"b": (1, None)}, "lines", "correct those"),
        ((RENEWAL, MOVED), {"a": (None, 0)}, "lines", "grant the rest as a credit"),
        ((RENEWAL,), {"a": (None, MAX_LICENSES)}, "lines", "one charge is at most"),
    ],
)
def test_a_correction_that_is_none_names_the_field_and_the_way_out(
    lines: tuple[Line, ...], corrected: dict[str, tuple[int | None, int | None]], field: str | None, way_out: str
) -> None:
    with pytest.raises(BillingError, match=way_out) as refused:
        again(old(*lines), corrected=corrected)
    assert refused.value.field == field


def test_a_fixed_price_has_no_licenses_to_correct() -> None:
    line = Line(LineKind.FIXED_PRICE_RENEWAL, "Plus", Derivation(price=120_000, quantity=1, period=MONTH))
    with pytest.raises(Refused, match="correct its price") as refused:
        again(old(line), corrected={"a": (None, 3)})
    assert refused.value.field == "licenses"


def test_a_price_is_a_multiple_of_the_currencys_step() -> None:
    line = Line(LineKind.RENEWAL, "Standard", Derivation(price=8000, quantity=1, period=MONTH, step=10))
    with pytest.raises(BillingError, match="multiple of 10 minor units") as refused:
        again(old(line, currency="KWD"), corrected={"a": (8005, None)})
    assert refused.value.field == "price"


def test_a_line_of_another_invoice_is_not_found() -> None:
    with pytest.raises(NotFound):
        again(old(RENEWAL), corrected={"z": (1, None)})
