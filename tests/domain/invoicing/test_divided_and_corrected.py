"""What parts of an invoice, and lines that are issued again, keep of the discounts, periods and steps they had."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from billflow.domain.adjustments import RefundMethod
from billflow.domain.coupons import CouponUse
from billflow.domain.errors import Refused
from billflow.domain.invoicing.coupons import amount_off, percent_off
from billflow.domain.invoicing.draft import InvoiceDraft, InvoiceKind, Line, LineKind
from billflow.domain.invoicing.parts import draft_in_parts
from billflow.domain.invoicing.rules import flat_discount_line, instalment
from billflow.domain.plan import Schedule
from billflow.domain.proration import Derivation
from billflow.domain.settings import DEFAULT_SETTINGS
from billflow.domain.tax.policy import TAXED_BY_STRIPE, UNTAXED, TaxCategory, Treatment
from tests.domain.invoicing.test_reissue import ADDED, CARD, HALF, MONTH, RENEWAL, again, old
from tests.domain.tax.test_amounts import DE

USE = CouponUse("redemption", 2)


def test_the_first_part_alone_uses_up_the_months_of_discounts() -> None:
    line = Line(LineKind.RENEWAL, "Plan", Derivation(price=60_000_000, quantity=3, period=MONTH), (1,))
    draft = InvoiceDraft(
        kind=InvoiceKind.RECURRING,
        at=datetime(2027, 3, 1, tzinfo=UTC),
        currency="USD",
        lines=(line,),
        terms=CARD,
        statement_descriptor="PLAN",
        flat_discount_months=2,
        coupon_use=USE,
    )

    parts = draft_in_parts(draft, UNTAXED)

    assert [(one.total, one.flat_discount_months, one.coupon_use) for one in parts] == [
        (60_000_000, 2, USE),
        (60_000_000, 0, None),
        (60_000_000, 0, None),
    ]


def test_a_part_of_a_line_is_not_corrected_by_itself() -> None:
    part = replace(RENEWAL, derivation=replace(RENEWAL.derivation, note="part 1 of 2"))

    with pytest.raises(Refused, match="correct those") as refused:
        again(old(part), corrected={"a": (None, 3)})
    assert refused.value.code == "line_not_correctable"


@pytest.mark.parametrize(
    "off",
    [
        replace(percent_off(2500, RENEWAL, "USD", None), period=HALF),
        replace(percent_off(2500, RENEWAL, "USD", None), price=-RENEWAL.amount - 1),
        replace(amount_off(500, RENEWAL, "USD", None), period=HALF),
    ],
    ids=["another period", "another amount", "an amount off, of another period"],
)
def test_what_a_coupon_took_off_several_lines_stays_as_it_is(off: Derivation) -> None:
    coupon = Line(LineKind.COUPON, "Coupon SPRING25", off)

    found = again(old(RENEWAL, coupon), corrected={"a": (None, 5)})

    assert [line.amount for line in found.draft.lines] == [4000, coupon.amount]


@pytest.mark.parametrize(
    "off", [percent_off(2500, RENEWAL, "USD", "month 2 of 3"), amount_off(500, RENEWAL, "USD", "month 2 of 3")]
)
def test_a_discount_that_is_taken_anew_says_of_which_month_it_is(off: Derivation) -> None:
    found = again(old(RENEWAL, Line(LineKind.COUPON, "Coupon SPRING25", off)), corrected={"a": (None, 5)})

    assert found.draft.lines[1].derivation.note == "month 2 of 3"


def test_a_flat_discount_that_is_taken_anew_is_of_the_same_period() -> None:
    discount = flat_discount_line(200, 2, MONTH, "USD", at_most=8000)

    found = again(old(RENEWAL, discount, flat_discount_months=2), months_left=1)

    assert [(line.amount, line.derivation.period) for line in found.draft.lines] == [(8000, MONTH), (-200, MONTH)]


def test_a_part_of_a_yearly_price_is_corrected_in_steps_of_the_currency_and_for_the_same_month() -> None:
    billed = instalment(185_460, Schedule.MONTHLY, 7, MONTH, DEFAULT_SETTINGS, step=10)
    line = Line(LineKind.FIXED_PRICE_RENEWAL, "Plus - renewal", billed)

    [corrected] = again(old(line, currency="KWD"), corrected={"a": (100_000, None)}).draft.lines

    assert (corrected.amount, corrected.derivation.period) == (8_330, MONTH)
    assert corrected.derivation.note == ("instalment 8 of 12, which add up exactly, corrected, 1 x KWD 185.460 before")


def test_a_corrected_price_is_no_longer_so_much_below_the_list_price() -> None:
    [dearer] = again(old(RENEWAL), corrected={"a": (900, None)}).draft.lines
    [fewer] = again(old(RENEWAL), corrected={"a": (800, 5)}).draft.lines

    assert (dearer.derivation.percent_off, fewer.derivation.percent_off) == (None, "20")


def test_a_tax_line_is_computed_anew_and_replaces_none() -> None:
    standard = Treatment(category=TaxCategory.STANDARD, rates=(DE,))

    found = again(old(RENEWAL, ADDED, currency="EUR"), treatment=standard)

    kinds = [line.kind for line in found.draft.lines]
    assert kinds == [LineKind.RENEWAL, LineKind.ADDITIONAL_LICENSES, LineKind.TAX]
    assert found.replaced_lines == ("a", "b", None)


def test_what_stripe_is_to_tax_is_issued_again_net_and_without_what_it_put_onto_the_balance() -> None:
    credit = Line(LineKind.CREDIT_TO_BALANCE, "Credit to the balance", Derivation(price=100, quantity=1, period=MONTH))

    for treatment, lines in ((TAXED_BY_STRIPE, (RENEWAL,)), (UNTAXED, (RENEWAL, credit))):
        draft = again(old(RENEWAL, credit), treatment=treatment).draft
        assert (draft.lines, draft.automatic_tax) == (lines, treatment is TAXED_BY_STRIPE)
        assert draft.statement_descriptor == "CLOUD STANDARD"


def test_a_purchase_that_was_paid_is_issued_again_and_an_open_one_is_not() -> None:
    assert not again(old(RENEWAL, kind=InvoiceKind.PURCHASE, status="paid")).voids
    with pytest.raises(Refused, match="is open and bought a plan"):
        again(old(RENEWAL, kind=InvoiceKind.PURCHASE))


def test_the_last_minor_unit_of_a_paid_invoice_is_credited_when_it_is_issued_again() -> None:
    decided = again(old(RENEWAL, status="paid", credited=RENEWAL.amount - 1), refund_method=RefundMethod.BALANCE)

    assert decided.note is not None
    assert decided.note.balance == 1
