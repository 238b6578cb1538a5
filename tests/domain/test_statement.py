"""A statement of account ties to the invoices, whatever happened to them and wherever it begins and ends."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billflow.domain.account_events import StatementEntryKind
from billflow.domain.adjustments import RefundMethod
from billflow.domain.errors import BillingError, InvalidInput
from billflow.domain.statement import AccountStatement, statement
from tests.domain.account_life import BEGIN, AccountLife

amounts = st.integers(1, 9000)
parts = st.none() | amounts
acts = st.lists(
    st.one_of(
        st.tuples(st.just("issue"), st.integers(0, 9000)),
        st.tuples(st.just("grant"), amounts),
        st.tuples(st.sampled_from(["pay", "void", "write_off"])),
        st.tuples(st.just("refund"), parts),
        st.tuples(st.just("credit"), parts, st.sampled_from(RefundMethod)),
        st.tuples(st.just("reissue"), st.integers(0, 9000)),
    ).flatmap(lambda act: st.tuples(st.just(act), st.integers(0, 5), st.sampled_from([0, 0, 1, 86_400]))),
    min_size=1,
    max_size=25,
)


def lived(chosen: list[tuple[tuple[Any, ...], int, int]]) -> AccountLife:
    """Return the account after all that the domain allowed of what was chosen."""
    life = AccountLife()
    life.issue(5000)
    for (name, *given_), n, seconds in chosen:
        life.passes(seconds)
        of = [] if name in ("issue", "grant") else [n % len(life.invoices)]
        try:
            getattr(life, name)(*of, *given_)
        except BillingError:
            continue
    life.passes(1)
    return life


def adds_up(account: AccountStatement) -> bool:
    """Tell whether opening, sums, entries and closing say the same."""
    moved = account.charges - account.credits - account.payments + account.refunds
    due = sum(invoice.still_due for invoice in account.invoices) - account.credit_on_account
    return account.opening_balance + moved == account.closing_balance == due and moved == sum(
        e.amount for e in account.entries
    )


@given(chosen=acts)
def test_the_closing_balance_is_what_is_still_due_less_the_credit_on_account(
    chosen: list[tuple[tuple[Any, ...], int, int]],
) -> None:
    life = lived(chosen)

    account = statement(life.facts)

    assert adds_up(account)
    assert {invoice.invoice_id: invoice.still_due for invoice in account.invoices} == life.still_due
    assert (account.opening_balance, account.credit_on_account) == (0, life.on_account)
    assert account.charges == sum(invoice.total for invoice in life.invoices)
    assert account.refunds == sum(money.refunded for money in life.money)
    assert account.payments == sum(money.amount_paid for money in life.money)


@given(chosen=acts, cuts=st.tuples(st.integers(-1, 90_000), st.integers(-1, 90_000)))
def test_each_statement_opens_where_the_one_before_closed(
    chosen: list[tuple[tuple[Any, ...], int, int]], cuts: tuple[int, int]
) -> None:
    facts, whole = (life := lived(chosen)).facts, statement(life.facts)
    first, second = (BEGIN + timedelta(seconds=cut) for cut in sorted(cuts))

    pieces = [statement(facts, None, first), statement(facts, first, second), statement(facts, second)]

    assert all(map(adds_up, pieces))
    assert [piece.opening_balance for piece in pieces] == [0, pieces[0].closing_balance, pieces[1].closing_balance]
    assert pieces[2].closing_balance == whole.closing_balance
    assert [entry for piece in pieces for entry in piece.entries] == list(whole.entries)


def kinds(life: AccountLife) -> list[tuple[StatementEntryKind, int]]:
    """Return what the account's entries are, and over how much."""
    return [(entry.kind, entry.amount) for entry in statement(life.facts).entries]


def test_a_refund_without_a_credit_note_credits_what_it_pays_back() -> None:
    life = lived([(("pay",), 0, 1), (("refund", 1000), 0, 1)])

    assert kinds(life)[1:] == [
        (StatementEntryKind.PAYMENT, -5000),
        (StatementEntryKind.CREDIT, -1000),
        (StatementEntryKind.REFUND, 1000),
    ]


def test_what_was_written_off_is_due_again_as_far_as_it_is_paid() -> None:
    life = lived([(("write_off",), 0, 1), (("credit", 1000, RefundMethod.REFUND), 0, 1), (("pay",), 0, 1)])

    assert kinds(life)[1:] == [
        (StatementEntryKind.WRITE_OFF, -5000),
        (StatementEntryKind.WRITE_OFF, 1000),
        (StatementEntryKind.CREDIT_NOTE, -1000),
        (StatementEntryKind.WRITE_OFF, 4000),
        (StatementEntryKind.PAYMENT, -4000),
    ]


def test_what_is_voided_or_written_off_in_the_moment_of_a_credit_note_is_the_rest() -> None:
    for closing in ("void", "write_off"):
        life = lived([(("credit", 300, RefundMethod.REFUND), 0, 1), ((closing,), 0, 0)])

        assert [amount for _, amount in kinds(life)] == [5000, -300, -4700]


def test_a_void_invoice_that_is_paid_all_the_same_is_charged_again() -> None:
    life = lived([(("grant", 700), 0, 1), (("issue", 1000), 0, 1), (("void",), 1, 1), (("pay",), 1, 1)])

    assert kinds(life)[1:] == [
        (StatementEntryKind.CREDIT, -700),
        (StatementEntryKind.INVOICE, 1000),
        (StatementEntryKind.VOID, -1000),
        (StatementEntryKind.VOID, 1000),
        (StatementEntryKind.PAYMENT, -300),
    ]
    assert statement(life.facts).closing_balance == 5000


def test_what_is_too_little_to_charge_is_owed_on_the_account() -> None:
    account = statement(lived([(("pay",), 0, 1), (("issue", 30), 0, 1)]).facts)

    assert (account.closing_balance, account.credit_on_account, account.invoices) == (30, -30, ())


def test_a_period_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(InvalidInput, match="since lies after until") as refused:
        statement(AccountLife().facts, BEGIN, BEGIN - timedelta(days=1))
    assert refused.value.field == "since"
