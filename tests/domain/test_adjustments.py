"""Crediting, refunding, voiding: whatever the order, no more goes out than came in."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billflow.domain.adjustments import (
    InvoiceMoney,
    RefundMethod,
    check_mark_paid,
    check_pay,
    check_uncollectible,
    check_void,
    credit_note,
    kept,
    refund,
)
from billflow.domain.errors import BillingError, InvalidInput, NotFound, Refused

OPEN = InvoiceMoney(status="open", total=8000, amount_due=8000, lines={"a": 5000, "b": 3000})
PAID = replace(OPEN, status="paid", amount_paid=8000)
REFUND_METHODS = {"note to the card": RefundMethod.REFUND, "note to the balance": RefundMethod.BALANCE}
ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("pay"), st.none()),
        st.tuples(st.just("refund"), st.none() | st.integers(-5, 9000)),
        st.tuples(st.sampled_from(["note to the card", "note to the balance"]), st.none() | st.integers(-5, 9000)),
        st.tuples(st.just("refund fails"), st.none()),
    ),
    max_size=12,
)


def act(invoice: InvoiceMoney, name: str, amount: int | None) -> InvoiceMoney:
    """Do one thing to the invoice, as the records would."""
    if name == "pay":
        check_pay(invoice.status)
        return replace(invoice, status="paid", amount_paid=invoice.amount_paid + invoice.remaining)
    if name == "refund":
        return replace(invoice, refunded=invoice.refunded + refund(invoice, amount))
    if name == "refund fails":
        return replace(invoice, refunded=invoice.refunded_by_notes)
    note = credit_note(invoice, amount, {}, REFUND_METHODS[name])
    credited = replace(
        invoice,
        credited=invoice.credited + note.amount,
        credited_before_payment=invoice.credited_before_payment + note.before_payment,
        refunded=invoice.refunded + note.refund,
        refunded_by_notes=invoice.refunded_by_notes + note.refund,
    )
    return replace(credited, status="paid") if credited.status == "open" and not credited.remaining else credited


def test_what_a_note_put_onto_the_balance_is_not_refunded_as_well() -> None:
    paid = InvoiceMoney(status="paid", total=1000, amount_due=1000, amount_paid=1000, credited=400)
    assert refund(paid, None) == 600
    with pytest.raises(Refused) as too_much:
        refund(paid, 601)
    assert too_much.value.code == "refund_exceeds_payment"


@given(total=st.integers(1, 9000), from_balance=st.integers(0, 4000), acts=ACTS)
def test_no_sequence_refunds_more_than_was_paid_or_credits_more_than_was_billed(
    total: int, from_balance: int, acts: list[tuple[str, int | None]]
) -> None:
    due = max(total - from_balance, 0)
    invoice = InvoiceMoney(status="open" if due else "paid", total=total, amount_due=due)
    for name, amount in acts:
        try:
            invoice = act(invoice, name, amount)
        except BillingError:
            continue
        assert 0 <= invoice.refunded <= invoice.amount_paid
        assert invoice.credited + invoice.refunded - invoice.refunded_by_notes <= total
        assert invoice.amount_paid + invoice.remaining + invoice.credited_before_payment == due


@given(amount=st.integers(1, 8000), refund_method=st.sampled_from(RefundMethod), paid=st.booleans())
def test_the_parts_of_a_note_add_up_to_it(amount: int, refund_method: RefundMethod, paid: bool) -> None:
    note = credit_note(PAID if paid else OPEN, amount, {}, refund_method)

    assert note.before_payment + note.refund + note.balance == note.amount == amount
    assert (note.before_payment == 0) is paid


@pytest.mark.parametrize(
    ("invoice", "refund_method", "parts"),
    [
        (PAID, RefundMethod.REFUND, (0, 8000, 0)),
        (PAID, RefundMethod.BALANCE, (0, 0, 8000)),
        (OPEN, RefundMethod.BALANCE, (8000, 0, 0)),
        (replace(OPEN, amount_paid=3000), RefundMethod.REFUND, (5000, 3000, 0)),
        (replace(OPEN, amount_paid=3000), RefundMethod.BALANCE, (5000, 0, 3000)),
        (replace(PAID, refunded=7999), RefundMethod.REFUND, (0, 1, 0)),
        (replace(PAID, amount_due=0, amount_paid=0), RefundMethod.REFUND, (0, 0, 8000)),
    ],
)
def test_a_note_lowers_what_is_open_and_the_rest_goes_where_it_was_asked_to_go(
    invoice: InvoiceMoney, refund_method: RefundMethod, parts: tuple[int, int, int]
) -> None:
    note = credit_note(invoice, None, {}, refund_method)

    assert (note.before_payment, note.refund, note.balance) == parts


@pytest.mark.parametrize(
    ("status", "open_amount"),
    [("draft", 4500), ("open", 4500), ("uncollectible", 4500), ("paid", 0), ("void", 0)],
)
def test_what_is_still_to_be_paid_is_what_neither_a_payment_nor_a_note_has_lowered(
    status: str, open_amount: int
) -> None:
    invoice = replace(OPEN, status=status, amount_due=7000, amount_paid=2000, credited=900, credited_before_payment=500)

    assert invoice.remaining == open_amount
    assert invoice.still_due == (0 if status == "uncollectible" else open_amount)
    assert replace(invoice, refunded=300).net_paid == 1700
    assert replace(invoice, amount_paid=6500).remaining == 0
    assert replace(invoice, amount_paid=6501).remaining == 0


@pytest.mark.parametrize(
    ("changes", "refundable", "creditable"),
    [
        ({}, 8000, 8000),
        ({"credited": 3000}, 5000, 5000),
        ({"credited": 3000, "refunded": 3000, "refunded_by_notes": 3000}, 5000, 5000),
        ({"refunded": 3000}, 5000, 5000),
        ({"credited": 3000, "refunded": 4000, "refunded_by_notes": 1000}, 2000, 2000),
        ({"amount_paid": 2000, "amount_due": 2000}, 2000, 8000),
        ({"amount_paid": 2000, "amount_due": 2000, "refunded": 500}, 1500, 7500),
    ],
)
def test_what_can_be_refunded_was_paid_and_what_can_be_credited_was_billed(
    changes: dict[str, int], refundable: int, creditable: int
) -> None:
    invoice = replace(PAID, **changes)  # type: ignore[arg-type]

    assert (invoice.refundable, invoice.creditable) == (refundable, creditable)


def test_the_last_minor_unit_can_be_refunded() -> None:
    assert refund(replace(PAID, refunded=7999), None) == 1
    assert refund(replace(PAID, refunded=7999), 1) == 1


def test_what_the_balance_had_paid_for_goes_back_to_the_balance() -> None:
    half_by_balance = replace(PAID, amount_due=3000, amount_paid=3000)

    note = credit_note(half_by_balance, None, {}, RefundMethod.REFUND)

    assert (note.refund, note.balance) == (3000, 5000)


def test_a_line_is_credited_whole_or_in_part_but_only_once() -> None:
    half = credit_note(PAID, None, {"b": 1000}, RefundMethod.BALANCE)
    rest = credit_note(
        replace(PAID, credited=1000, credited_lines={"b": 1000}), None, {"b": None}, RefundMethod.BALANCE
    )

    assert (half.amount, rest.amount) == (1000, 2000)
    with pytest.raises(Refused, match="Nothing of that line"):
        credit_note(replace(PAID, credited=3000, credited_lines={"b": 3000}), None, {"b": None}, RefundMethod.BALANCE)


def test_bad_requests_are_told_what_would_do() -> None:
    with pytest.raises(Refused, match=r"At most USD 80 \(8000 minor units\)"):
        refund(PAID, 8001)
    with pytest.raises(InvalidInput, match="at least 1"):
        refund(PAID, 0)
    with pytest.raises(Refused, match="Nothing of this invoice is left to refund"):
        refund(OPEN, None)
    with pytest.raises(NotFound, match="no line 'c'"):
        credit_note(PAID, None, {"c": None}, RefundMethod.REFUND)
    with pytest.raises(InvalidInput, match="not both"):
        credit_note(PAID, 1, {"a": 1}, RefundMethod.REFUND)
    with pytest.raises(Refused, match="void can't be credited"):
        credit_note(replace(OPEN, status="void"), None, {}, RefundMethod.REFUND)


def test_more_than_is_left_of_an_invoice_is_refused_with_its_field_and_what_is_left() -> None:
    for method in RefundMethod:
        with pytest.raises(Refused) as too_much:
            credit_note(PAID, 8001, {}, method)
        assert (too_much.value.code, too_much.value.field) == ("credit_exceeds_invoice", "amount")
        assert too_much.value.message == "At most USD 80 (8000 minor units) can be credited."
    with pytest.raises(Refused) as nothing:
        credit_note(replace(PAID, credited=8000), None, {}, RefundMethod.BALANCE)
    assert nothing.value.code == "nothing_to_credit"
    with pytest.raises(Refused) as not_paid:
        refund(PAID, 8001)
    assert (not_paid.value.code, not_paid.value.field) == ("refund_exceeds_payment", "amount")


def test_what_was_paid_outside_stripe_is_refunded_outside_stripe_only() -> None:
    by_transfer = replace(PAID, out_of_band="transfer 7")

    assert refund(by_transfer, 3000, out_of_band=True) == 3000
    with pytest.raises(Refused) as refused:
        refund(by_transfer, 3000)
    assert refused.value.code == "paid_out_of_band"
    with pytest.raises(Refused) as credited:
        credit_note(by_transfer, 3000, {}, RefundMethod.REFUND)
    assert credited.value.code == "paid_out_of_band"
    assert credit_note(by_transfer, 3000, {}, RefundMethod.BALANCE).balance == 3000
    assert refund(PAID, 3000, out_of_band=True) == 3000


@pytest.mark.parametrize("status", ["draft", "open", "uncollectible"])
def test_what_is_open_or_was_given_up_may_still_be_paid(status: str) -> None:
    check_mark_paid(replace(OPEN, status=status))


@pytest.mark.parametrize("status", ["paid", "void"])
def test_what_is_paid_or_void_is_not_marked_as_paid(status: str) -> None:
    with pytest.raises(Refused, match=f"Only what is open can be paid, this invoice is {status}"):
        check_mark_paid(replace(OPEN, status=status))


@pytest.mark.parametrize(
    ("invoice", "message"),
    [
        (PAID, "Only an open invoice can be voided, this one is paid; refund it instead."),
        (
            replace(OPEN, amount_paid=1),
            "Only an open invoice can be voided, this one is open and partly paid; credit what is left instead.",
        ),
        (replace(OPEN, status="void"), "Only an open invoice can be voided, this one is void."),
        (replace(OPEN, status="uncollectible"), "Only an open invoice can be voided, this one is uncollectible."),
    ],
)
def test_who_may_not_void_reads_what_to_do_instead(invoice: InvoiceMoney, message: str) -> None:
    with pytest.raises(Refused) as refused:
        check_void(invoice)

    assert refused.value.message == message


def test_who_may_not_collect_reads_why() -> None:
    with pytest.raises(Refused) as refused:
        check_pay("uncollectible")

    assert refused.value.message == "Only an open invoice is collected, this one is uncollectible."


@pytest.mark.parametrize("status", ["paid", "void", "uncollectible"])
def test_only_an_open_invoice_is_voided_given_up_or_collected(status: str) -> None:
    check_void(OPEN)
    check_uncollectible(OPEN)
    check_pay(OPEN.status)
    for check in (check_void, check_uncollectible, lambda invoice: check_pay(invoice.status)):
        with pytest.raises(Refused, match="Only an open invoice"):
            check(replace(OPEN, status=status))


def test_a_draft_is_voided_or_given_up_as_well_but_not_once_a_part_is_paid() -> None:
    draft = replace(OPEN, status="draft")

    check_void(draft)
    check_uncollectible(draft)
    with pytest.raises(Refused, match="Only an open invoice can be marked uncollectible, this one is paid"):
        check_uncollectible(PAID)
    for status in ("draft", "open"):
        with pytest.raises(Refused, match="Only an open invoice can be voided"):
            check_void(replace(OPEN, status=status, amount_paid=1))


def test_one_minor_unit_can_be_credited_and_no_more_than_a_line_has_left() -> None:
    last = replace(PAID, credited=2999, credited_lines={"b": 2999})

    assert credit_note(last, None, {"b": None}, RefundMethod.BALANCE).amount == 1
    assert credit_note(PAID, None, {"b": 3000}, RefundMethod.BALANCE).amount == 3000
    assert credit_note(PAID, None, {"b": None}, RefundMethod.BALANCE).lines == {"b": 3000}
    with pytest.raises(Refused) as too_much:
        credit_note(last, None, {"b": 2}, RefundMethod.BALANCE)
    assert (too_much.value.code, too_much.value.field) == ("credit_exceeds_line", "amount")
    assert too_much.value.message == "At most USD 0.01 (1 minor units) can be credited."


def test_of_an_invoice_over_nothing_nothing_is_kept_or_lost() -> None:
    free = replace(PAID, total=0, amount_due=0, amount_paid=0, lines={"a": 2000, "b": -2000})
    one = replace(PAID, total=1, amount_due=1, amount_paid=1, refunded=1, lines={"a": 1})

    assert kept(free) == free.lines
    assert kept(one) == {"a": 0}


@pytest.mark.parametrize(
    ("changes", "left"),
    [
        ({}, {"a": 5000, "b": 3000}),
        ({"credited": 1000, "credited_lines": {"a": 1000}}, {"a": 4000, "b": 3000}),
        ({"refunded": 2000}, {"a": 3750, "b": 2250}),
        ({"credited": 1000, "credited_lines": {"a": 1000}, "refunded": 3500}, {"a": 2000, "b": 1500}),
        ({"refunded": 8000}, {"a": 0, "b": 0}),
    ],
)
def test_what_is_kept_of_each_line_is_less_what_went_back(changes: dict[str, Any], left: dict[str, int]) -> None:
    assert kept(replace(PAID, **changes)) == left


@given(
    charge=st.integers(1, 9000),
    change=st.integers(-9000, -1),
    acts=st.lists(st.tuples(st.sampled_from(["a", "b", "", "refund"]), st.integers(1, 9000)), max_size=6),
)
def test_whatever_goes_back_of_a_charge_that_an_end_date_lowered_all_that_is_left_is_kept(
    charge: int, change: int, acts: list[tuple[str, int]]
) -> None:
    total = max(charge + change, 0)
    lines = {"a": charge, "b": change, "c": total - charge - change}  # c puts onto the balance what is below 0
    invoice = replace(PAID, total=total, amount_due=total, amount_paid=total, lines=lines)
    for what, amount in acts:
        try:
            if what == "refund":
                invoice = replace(invoice, refunded=invoice.refunded + refund(invoice, amount))
                continue
            named = {what: amount} if what else {}
            note = credit_note(invoice, None if what else amount, named, RefundMethod.BALANCE)
        except Refused:
            continue
        credited = {line: invoice.credited_lines.get(line, 0) + note.lines.get(line, 0) for line in lines}
        invoice = replace(invoice, credited=invoice.credited + note.amount, credited_lines=credited)

    assert sum(kept(invoice).values()) == invoice.creditable >= 0
