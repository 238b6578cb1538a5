"""One account told twice: the postings and the entries of everything that can happen to an invoice, by exact values."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from billflow.domain.account_facts import (
    AccountFacts,
    BalanceChange,
    ChargedInvoice,
    CreditedInvoice,
    InvoicedLine,
    RefundedInvoice,
)
from billflow.domain.adjustments import RefundMethod
from billflow.domain.calendar import Period
from billflow.domain.invoicing.draft import LineKind
from billflow.domain.journal import journal
from billflow.domain.postings import by_month
from billflow.domain.statement import DueInvoice, statement
from tests.domain.account_life import BEGIN
from tests.domain.builders import DAY
from tests.domain.test_statement import kinds, lived

JANUARY = Period(BEGIN, BEGIN + 31 * DAY)
DUE = BEGIN + 9 * DAY


def a_line(name: str, kind: LineKind, net: int, period: Period = JANUARY) -> InvoicedLine:
    return InvoicedLine(line_id=name, kind=kind, net=net, period=period)


PAID = ChargedInvoice(
    invoice_id="1",
    number="R-1",
    total=4165,
    tax=665,
    issued_at=BEGIN,
    due_at=BEGIN,
    amount_paid=4165,
    paid_at=BEGIN + DAY,
    out_of_band_reference="transfer 7",
    lines=(a_line("a", LineKind.RENEWAL, 3000), a_line("b", LineKind.ITEM, 500, Period(BEGIN, BEGIN))),
)
VOID = ChargedInvoice(
    invoice_id="2",
    number="R-2",
    total=1000,
    issued_at=BEGIN + 2 * DAY,
    due_at=DUE,
    voided_at=BEGIN + 3 * DAY,
    lines=(a_line("c", LineKind.RENEWAL, 1200), a_line("d", LineKind.COUPON, -200)),
)
WRITTEN_OFF = ChargedInvoice(
    invoice_id="3",
    number="R-3",
    total=700,
    issued_at=BEGIN + 4 * DAY,
    due_at=DUE,
    written_off_at=BEGIN + 40 * DAY,
    lines=(a_line("e", LineKind.CREDIT_TO_BALANCE, 700),),
)
FACTS = AccountFacts(
    currency="EUR",
    invoices=[PAID, VOID, WRITTEN_OFF],
    notes=[
        CreditedInvoice(
            invoice_id="1",
            number="CN-1",
            at=BEGIN + 5 * DAY,
            refunded=595,
            to_balance=595,
            tax=190,
            lines={"a": 1000},
            reason="order_change",
            memo="fewer",
        )
    ],
    refunds=[
        RefundedInvoice(invoice_id="1", number="RF-1", at=BEGIN + 5 * DAY, amount=595, by_note=True, reason="x"),
        RefundedInvoice(
            invoice_id="1", number="RF-2", at=BEGIN + 6 * DAY, amount=357, by_note=False, tax=57, memo="sorry"
        ),
    ],
    balance=[
        BalanceChange(at=BEGIN + 4 * DAY, amount=-100, invoice_id="3"),
        BalanceChange(at=BEGIN + 7 * DAY, amount=250, reason="outage"),
    ],
)


def test_the_journal_of_the_account() -> None:
    posted = [
        ((one.at - BEGIN) // DAY, one.kind.value, one.debit.value, one.credit.value, one.amount, one.number)
        for one in journal(FACTS)
    ]

    assert posted == [
        (0, "invoice", "receivables", "deferred_revenue", 3000, "R-1"),
        (0, "invoice", "receivables", "revenue", 500, "R-1"),
        (0, "invoice", "receivables", "tax", 665, "R-1"),
        (1, "payment", "cash", "receivables", 4165, "R-1"),
        (2, "invoice", "receivables", "deferred_revenue", 1200, "R-2"),
        (2, "invoice", "deferred_revenue", "receivables", 200, "R-2"),
        (3, "void", "deferred_revenue", "receivables", 1200, "R-2"),
        (3, "void", "receivables", "deferred_revenue", 200, "R-2"),
        (4, "invoice", "receivables", "credits_granted", 700, "R-3"),
        (4, "credit_applied", "customer_credit", "receivables", 100, "R-3"),
        (5, "credit_note", "deferred_revenue", "receivables", 1000, "CN-1"),
        (5, "credit_note", "tax", "receivables", 190, "CN-1"),
        (5, "credit_note", "receivables", "customer_credit", 595, "CN-1"),
        (5, "refund", "receivables", "cash", 595, "RF-1"),
        # 300 net of what is left of the lines, 2000 and 500
        (6, "credit", "deferred_revenue", "receivables", 240, "RF-2"),
        (6, "credit", "revenue", "receivables", 60, "RF-2"),
        (6, "credit", "tax", "receivables", 57, "RF-2"),
        (6, "refund", "receivables", "cash", 357, "RF-2"),
        (7, "credit", "credits_granted", "customer_credit", 250, None),
        # what is earned by the end of January, and what is not after all
        (30, "revenue", "deferred_revenue", "revenue", 3000, "R-1"),
        (30, "revenue", "deferred_revenue", "revenue", 1200, "R-2"),
        (30, "revenue", "revenue", "deferred_revenue", 200, "R-2"),
        (30, "revenue", "revenue", "deferred_revenue", 1200, "R-2"),
        (30, "revenue", "deferred_revenue", "revenue", 200, "R-2"),
        (30, "revenue", "revenue", "deferred_revenue", 1000, "CN-1"),
        (30, "revenue", "revenue", "deferred_revenue", 240, "RF-2"),
        (40, "write_off", "write_offs", "receivables", 600, "R-3"),
    ]
    assert [one.invoice_id for one in journal(FACTS)][::13] == ["1", "1", "3"]


def posted_at(facts: AccountFacts, day: int) -> list[tuple[str, str, str, int]]:
    found = [one for one in journal(facts) if (one.at - BEGIN) // DAY == day]
    return [(one.kind.value, one.debit.value, one.credit.value, one.amount) for one in found]


def test_what_is_void_is_the_rest_of_each_line_and_comes_back_as_it_was_billed() -> None:
    note = replace(FACTS.notes[0], refunded=0, to_balance=0, before_payment=1190)
    partly = replace(PAID, amount_paid=0, paid_at=None, voided_at=BEGIN + 8 * DAY)
    all_the_same = replace(VOID, paid_at=BEGIN + 6 * DAY, amount_paid=1000)

    assert posted_at(AccountFacts(currency="EUR", invoices=[partly], notes=[note]), 8) == [
        ("void", "deferred_revenue", "receivables", 2000),
        ("void", "revenue", "receivables", 500),
        ("void", "tax", "receivables", 475),
    ]
    assert posted_at(AccountFacts(currency="EUR", invoices=[all_the_same]), 6) == [
        ("void", "receivables", "deferred_revenue", 1200),
        ("void", "deferred_revenue", "receivables", 200),
        ("payment", "cash", "receivables", 1000),
    ]


def test_a_refund_of_more_than_is_left_of_the_lines_is_taken_off_as_they_were_billed() -> None:
    whole = replace(FACTS.notes[0], refunded=4165, to_balance=0, tax=665, lines={"a": 3000, "b": 500})
    more = RefundedInvoice(invoice_id="1", number="RF-3", at=BEGIN + 6 * DAY, amount=350, by_note=False)
    without_lines = replace(PAID, lines=(), tax=0)

    assert posted_at(AccountFacts(currency="EUR", invoices=[PAID], notes=[whole], refunds=[more]), 6) == [
        ("credit", "deferred_revenue", "receivables", 300),
        ("credit", "revenue", "receivables", 50),
        ("refund", "receivables", "cash", 350),
    ]
    assert posted_at(AccountFacts(currency="EUR", invoices=[without_lines], refunds=[more, more]), 6) == [
        ("credit", "revenue", "receivables", 350),
        ("refund", "receivables", "cash", 350),
        ("credit", "revenue", "receivables", 350),
        ("refund", "receivables", "cash", 350),
    ]


def test_the_statement_of_the_account() -> None:
    account = statement(FACTS)

    assert [
        (
            (one.at - BEGIN) // DAY,
            one.kind.value,
            one.amount,
            one.balance,
            (one.invoice_id, one.invoice_number, one.number),
            one.reason,
            one.memo,
        )
        for one in account.entries
    ] == [
        (0, "invoice", 4165, 4165, ("1", "R-1", "R-1"), None, None),
        (1, "payment", -4165, 0, ("1", "R-1", None), None, "transfer 7"),
        (2, "invoice", 1000, 1000, ("2", "R-2", "R-2"), None, None),
        (3, "void", -1000, 0, ("2", "R-2", None), None, None),
        (4, "invoice", 700, 700, ("3", "R-3", "R-3"), None, None),
        (5, "credit_note", -1190, -490, ("1", "R-1", "CN-1"), "order_change", "fewer"),
        (5, "refund", 595, 105, ("1", "R-1", "RF-1"), "x", None),
        (6, "credit", -357, -252, ("1", "R-1", "RF-2"), None, "sorry"),
        (6, "refund", 357, 105, ("1", "R-1", "RF-2"), None, "sorry"),
        (7, "credit", -250, -145, (None, None, None), "outage", None),
        (40, "write_off", -600, -745, ("3", "R-3", None), None, None),
    ]
    sums = (account.charges, account.credits, account.payments, account.refunds)
    assert (account.currency, sums) == ("EUR", (5865, 3397, 4165, 952))
    assert (account.opening_balance, account.closing_balance, account.credit_on_account) == (0, -745, 745)
    assert account.invoices == ()
    assert statement(FACTS, None, BEGIN + 5 * DAY).invoices == (
        DueInvoice(invoice_id="3", number="R-3", due_at=DUE, still_due=600),
    )


def test_what_a_note_is_still_to_refund_is_due_to_the_customer_and_nothing_paid_is_no_entry() -> None:
    noted = AccountFacts(currency="EUR", invoices=[PAID], notes=FACTS.notes)
    by_balance = replace(VOID, voided_at=None, paid_at=BEGIN + 3 * DAY)

    assert statement(noted).invoices == (DueInvoice(invoice_id="1", number="R-1", due_at=BEGIN, still_due=-595),)
    entries = statement(AccountFacts(currency="EUR", invoices=[by_balance])).entries
    assert [(one.kind.value, one.amount) for one in entries] == [("invoice", 1000)]


def test_what_was_written_off_is_due_again_to_the_last_minor_unit_and_void_with_the_rest() -> None:
    life = lived([(("write_off",), 0, 1), (("credit", 1, RefundMethod.REFUND), 0, 1), (("void",), 0, 1)])

    assert [(kind.value, amount) for kind, amount in kinds(life)] == [
        ("invoice", 5000),
        ("write_off", -5000),
        ("write_off", 1),
        ("credit_note", -1),
        ("write_off", 4999),
        ("void", -4999),
    ]


def test_a_month_ends_at_midnight_whenever_in_it_a_period_began() -> None:
    midnight = datetime(2026, 2, 1, tzinfo=UTC)
    span = timedelta(seconds=29, microseconds=500_000)
    instant = timedelta(microseconds=1)

    earned = list(by_month(1001, Period(midnight - span, midnight + span)))

    assert earned == [(midnight - instant, 501), (midnight + span - instant, 500)]
    assert {type(amount) for _, amount in earned} == {int}
