"""What is credited or refunded of an invoice takes its tax along, to the cent, in whatever parts and order."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billflow.domain.adjustments import InvoiceMoney, RefundMethod, credit_note, refund, taxes_in
from billflow.domain.errors import Refused

LINES = {"licenses": 2997, "storage": 1000, "coupon": -300}
ADDED = InvoiceMoney(
    status="paid",
    total=3697 + 185 + 369,
    amount_due=3697 + 185 + 369,
    amount_paid=3697 + 185 + 369,
    lines=LINES | {"gst": 185, "qst": 369},
    taxes={"gst": 185, "qst": 369},
)
CONTAINED = replace(
    ADDED, total=3697, amount_due=3697, amount_paid=3697, lines=LINES | {"gst": 0}, taxes={"gst": 277}, inclusive=True
)


def adjusted(invoice: InvoiceMoney, amount: int, taxes: Mapping[str, int], lines: Mapping[str, int]) -> InvoiceMoney:
    def plus(before: Mapping[str, int], more: Mapping[str, int]) -> dict[str, int]:
        return {key: before.get(key, 0) + more.get(key, 0) for key in {*before, *more}}

    return replace(
        invoice,
        credited=invoice.credited + amount,
        credited_lines=plus(invoice.credited_lines, lines),
        taxes_back=plus(invoice.taxes_back, taxes),
    )


@given(
    invoice=st.sampled_from([ADDED, CONTAINED]),
    parts=st.lists(st.tuples(st.sampled_from(["", "licenses", "storage"]), st.integers(1, 700)), max_size=12),
)
def test_all_parts_together_credit_the_tax_of_the_invoice(invoice: InvoiceMoney, parts: list[tuple[str, int]]) -> None:
    standing = invoice
    for line, amount in parts:
        try:
            note = credit_note(standing, None if line else amount, {line: amount} if line else {}, RefundMethod.BALANCE)
        except Refused:
            continue
        assert sum(note.taxes.values()) <= note.amount
        if line and not invoice.inclusive:
            assert note.amount == amount + sum(note.taxes.values()) == sum(note.lines.values())
        standing = adjusted(standing, note.amount, note.taxes, note.lines)
        for tax_line, tax in invoice.taxes.items():
            back = standing.taxes_back.get(tax_line, 0)
            net_share = tax * standing.credited / invoice.total
            assert 0 <= back <= tax
            assert abs(back - net_share) <= 2
    if standing.creditable:
        rest = credit_note(standing, None, {}, RefundMethod.BALANCE)
        standing = adjusted(standing, rest.amount, rest.taxes, rest.lines)
    assert standing.taxes_back == invoice.taxes
    assert standing.creditable == 0


def test_a_line_is_credited_with_its_tax_and_a_tax_line_only_with_its_lines() -> None:
    note = credit_note(ADDED, None, {"storage": None}, RefundMethod.BALANCE)
    assert note.lines == {"storage": 1000, "gst": 50, "qst": 100}
    assert note.amount == 1150
    with pytest.raises(Refused) as refused:
        credit_note(ADDED, None, {"gst": None}, RefundMethod.BALANCE)
    assert refused.value.code == "line_not_creditable"


def test_a_refund_contains_its_part_of_the_tax() -> None:
    amount = refund(ADDED, 1000)
    assert taxes_in(ADDED, amount) == {"gst": 44, "qst": 87}
    assert taxes_in(ADDED, ADDED.total) == ADDED.taxes
    assert taxes_in(ADDED, 1) == {"gst": 0, "qst": 0}


def test_half_of_a_line_takes_its_own_tax_whatever_was_credited_of_the_others() -> None:
    note = credit_note(ADDED, None, {"storage": 500}, RefundMethod.BALANCE)

    assert (note.amount, note.lines) == (575, {"storage": 500, "gst": 25, "qst": 50})
    assert note.taxes == {"gst": 25, "qst": 50}
    least = credit_note(ADDED, None, {"storage": 1}, RefundMethod.BALANCE)
    assert (least.amount, least.lines, least.taxes) == (1, {"storage": 1}, {})


def test_a_note_over_an_amount_contains_its_share_of_each_tax() -> None:
    assert credit_note(ADDED, 1000, {}, RefundMethod.BALANCE).taxes == {"gst": 44, "qst": 87}
    assert credit_note(CONTAINED, None, {"storage": 500}, RefundMethod.BALANCE).lines == {"storage": 500}


def test_tax_goes_back_in_steps_of_its_currency() -> None:
    dinars = replace(
        ADDED,
        currency="KWD",
        total=5000,
        amount_due=5000,
        amount_paid=5000,
        lines={"a": 4620, "vat": 380},
        taxes={"vat": 380},
    )

    assert taxes_in(dinars, 1000) == {"vat": 80}
    assert taxes_in(dinars, 5000) == {"vat": 380}


def test_of_an_invoice_over_nothing_no_tax_goes_back() -> None:
    nothing = replace(
        ADDED, total=0, amount_due=0, amount_paid=0, lines={"a": 10, "b": -10, "vat": 0}, taxes={"vat": 0}
    )

    assert taxes_in(nothing, 0) == {}


def test_of_one_minor_unit_that_is_tax_all_goes_back() -> None:
    least = replace(CONTAINED, total=1, amount_due=1, amount_paid=1, lines={"a": 1, "vat": 0}, taxes={"vat": 1})

    assert taxes_in(least, 1) == {"vat": 1}
