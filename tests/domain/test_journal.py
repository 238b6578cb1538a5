"""The journal balances, and ties to statement and invoices to the cent, whatever happened to an account."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from billflow.domain.account_facts import (
    OPENING_BALANCE,
    AccountFacts,
    BalanceChange,
    ChargedInvoice,
    InvoicedLine,
)
from billflow.domain.calendar import Period
from billflow.domain.invoicing.draft import LineKind
from billflow.domain.journal import journal
from billflow.domain.postings import JournalAccount, Posting, PostingKind, by_month, spread
from billflow.domain.statement import statement
from tests.domain.account_life import BEGIN
from tests.domain.test_statement import acts, lived

DAY = timedelta(days=1)


def with_lines(facts: AccountFacts) -> AccountFacts:
    """Return the account with lines and tax: a sixth is tax, and a discount or an item is on every second invoice."""
    invoices = {invoice.invoice_id: charged(invoice, n) for n, invoice in enumerate(facts.invoices)}
    tax = {one.invoice_id: (one.tax, one.total) for one in invoices.values()}

    def part(invoice_id: str, amount: int) -> int:
        whole, total = tax[invoice_id]
        return amount * whole // total if total else 0

    return replace(
        facts,
        invoices=list(invoices.values()),
        notes=[replace(note, tax=part(note.invoice_id, note.amount)) for note in facts.notes],
        refunds=[replace(one, tax=part(one.invoice_id, one.amount)) for one in facts.refunds],
    )


def charged(invoice: ChargedInvoice, n: int) -> ChargedInvoice:
    """Return an invoice with its lines."""
    tax, period = invoice.total // 6, Period(invoice.issued_at - 40 * DAY, invoice.issued_at + n * 100 * DAY)
    net, more = invoice.total - tax, (300, -300) if n % 2 else ()
    amounts = [(LineKind.RENEWAL, net), *zip((LineKind.ITEM, LineKind.FLAT_DISCOUNT), more, strict=False)]
    lines = (
        InvoicedLine(line_id=f"{invoice.invoice_id}/{k}", kind=kind, net=amount, period=period)
        for k, (kind, amount) in enumerate(amounts)
    )
    return replace(invoice, tax=tax, lines=tuple(lines))


def balances(postings: list[Posting]) -> Counter[JournalAccount]:
    """Return what each account holds: debits less credits."""
    held: Counter[JournalAccount] = Counter()
    for posting in postings:
        held[posting.debit] += posting.amount
        held[posting.credit] -= posting.amount
    return held


def owed(postings: list[Posting]) -> int:
    """Return what the customer owes by the journal."""
    held = balances(postings)
    return held[JournalAccount.RECEIVABLES] + held[JournalAccount.CUSTOMER_CREDIT]


@given(chosen=acts, seconds=st.integers(-1, 90_000))
def test_receivables_less_customer_credit_are_the_balance_of_the_statement_at_any_moment(
    chosen: list[tuple[tuple[object, ...], int, int]], seconds: int
) -> None:
    facts, until = with_lines(lived(chosen).facts), BEGIN + timedelta(seconds=seconds)
    postings = journal(facts)

    assert all(posting.amount > 0 and posting.debit is not posting.credit for posting in postings)
    assert postings == sorted(postings, key=lambda posting: posting.at)
    assert owed([one for one in postings if one.at < until]) == statement(facts, None, until).closing_balance
    assert owed(postings) == statement(facts).closing_balance


@given(chosen=acts)
def test_in_the_end_everything_that_was_billed_and_not_credited_is_earned_or_tax(
    chosen: list[tuple[tuple[object, ...], int, int]],
) -> None:
    facts = with_lines(lived(chosen).facts)
    stated, held = statement(facts), balances(journal(facts))

    granted = sum(change.amount for change in facts.balance if change.invoice_id is None)
    written_off = held[JournalAccount.WRITE_OFFS]
    assert held[JournalAccount.DEFERRED_REVENUE] == 0
    assert held[JournalAccount.CREDITS_GRANTED] == granted
    assert held[JournalAccount.CASH] == stated.payments - stated.refunds
    kept = stated.charges - stated.credits + granted + written_off
    assert -held[JournalAccount.REVENUE] - held[JournalAccount.TAX] == kept
    if not facts.notes and not facts.refunds and not any(invoice.voided_at for invoice in facts.invoices):
        assert -held[JournalAccount.TAX] == sum(invoice.tax for invoice in facts.invoices)
    assert sum(held.values()) == 0


@given(
    amount=st.integers(-(10**9), 10**9),
    minutes=st.integers(0, 15_000_000),
    days=st.integers(1, 800),
)
def test_what_is_earned_by_month_adds_up_and_lies_in_its_month(amount: int, minutes: int, days: int) -> None:
    start = BEGIN - timedelta(minutes=minutes)
    period = Period(start, start + days * DAY)

    months = list(by_month(amount, period))

    assert sum(part for _, part in months) == amount
    assert all(period.start <= at < period.end for at, _ in months)
    assert len({(at.year, at.month) for at, _ in months}) == len(months)
    assert all(abs(part) <= abs(amount) for _, part in months)


@given(amount=st.integers(-9000, 9000), weights=st.lists(st.integers(-500, 5000), min_size=1, max_size=6))
def test_what_is_spread_adds_up(amount: int, weights: list[int]) -> None:
    named = {str(n): weight for n, weight in enumerate(weights)}

    assert sum(spread(amount, named).values()) in ((amount,) if sum(weights) else (0,))
    assert spread(sum(weights), named) == (
        {key: weight for key, weight in named.items() if weight} if sum(weights) else {}
    )


def test_a_year_bought_in_march_is_earned_by_its_days() -> None:
    begun = datetime(2026, 3, 17, tzinfo=UTC)
    line = InvoicedLine(
        line_id="line", kind=LineKind.RENEWAL, net=36_500, period=Period(begun, begun.replace(year=2027))
    )
    invoice = ChargedInvoice(
        invoice_id="1", number="INV-1", total=43_435, tax=6_935, issued_at=begun, due_at=begun, lines=(line,)
    )

    postings = journal(AccountFacts(currency="EUR", invoices=[invoice]))

    assert [(one.debit, one.credit, one.amount) for one in postings[:2]] == [
        (JournalAccount.RECEIVABLES, JournalAccount.DEFERRED_REVENUE, 36_500),
        (JournalAccount.RECEIVABLES, JournalAccount.TAX, 6_935),
    ]
    earned = [(one.at.month, one.amount) for one in postings[2:]]
    assert [*earned[:3], earned[-1]] == [(3, 1_500), (4, 3_000), (5, 3_100), (3, 1_600)]
    assert len(earned) == 13
    assert {one.kind for one in postings[2:]} == {PostingKind.REVENUE}


_MOMENTS = st.integers(-90_000, 90_000)


@st.composite
def taken_over(draw: st.DrawFn) -> ChargedInvoice:
    """Draw an invoice of another system: open, paid in all or part, void or written off, before or after the import."""
    issued, total = BEGIN + timedelta(seconds=draw(_MOMENTS)), draw(st.integers(0, 9_000))
    status = draw(st.sampled_from(["open", "paid", "void", "uncollectible"]))
    later = issued + timedelta(seconds=draw(st.integers(0, 90_000)))
    part = 0 if status == "open" and draw(st.booleans()) else draw(st.integers(0, total))
    paid = total if status == "paid" else part
    return ChargedInvoice(
        invoice_id=f"old-{draw(st.uuids())}",
        number="OLD-1",
        total=total,
        issued_at=issued,
        due_at=issued,
        amount_paid=paid,
        paid_at=later if status == "paid" else issued if paid else None,
        voided_at=later if status == "void" else None,
        written_off_at=later if status == "uncollectible" else None,
        taken_over_at=BEGIN + timedelta(seconds=draw(_MOMENTS)),
    )


@given(
    chosen=acts,
    old=st.lists(taken_over(), max_size=4),
    credit=st.integers(0, 5_000),
    seconds=st.integers(0, 200_000),
)
def test_invoices_that_were_taken_over_tie_to_the_statement_from_the_import_on(
    chosen: list[tuple[tuple[object, ...], int, int]], old: list[ChargedInvoice], credit: int, seconds: int
) -> None:
    facts = with_lines(lived(chosen).facts)
    imported = max([BEGIN, *(one.taken_over_at for one in old if one.taken_over_at)])
    brought = BalanceChange(at=imported, amount=credit, reason=OPENING_BALANCE)
    facts = replace(facts, invoices=[*facts.invoices, *old], balance=[*facts.balance, brought])
    postings, until = journal(facts), imported + timedelta(seconds=seconds, microseconds=1)

    assert owed([one for one in postings if one.at < until]) == statement(facts, None, until).closing_balance
    assert owed(postings) == statement(facts).closing_balance
    of_old = {one.invoice_id for one in old}
    kinds = {one.kind for one in postings if one.invoice_id in of_old}
    assert kinds <= {PostingKind.OPENING_BALANCE, PostingKind.PAYMENT, PostingKind.VOID, PostingKind.WRITE_OFF}
    touched = {account for one in postings if one.invoice_id in of_old for account in (one.debit, one.credit)}
    assert not touched & {JournalAccount.REVENUE, JournalAccount.DEFERRED_REVENUE, JournalAccount.TAX}


def test_an_open_invoice_that_was_taken_over_is_paid_void_or_written_off_later() -> None:
    def old(name: str, **became: Any) -> ChargedInvoice:
        terms = {"total": 4_800, "issued_at": BEGIN, "due_at": BEGIN, "taken_over_at": BEGIN + DAY}
        return ChargedInvoice(invoice_id=name, number=name, **{**terms, **became})

    later = BEGIN + 9 * DAY
    facts = AccountFacts(
        currency="EUR",
        invoices=[
            old("paid before", amount_paid=4_800, paid_at=BEGIN + DAY),
            old("paid", amount_paid=4_800, paid_at=later),
            old("void", amount_paid=800, paid_at=BEGIN, voided_at=later),
            old("written off", written_off_at=later),
        ],
        balance=[BalanceChange(at=BEGIN + DAY, amount=700, reason=OPENING_BALANCE)],
    )

    posted = [(one.number, one.kind.value, one.debit.value, one.credit.value, one.amount) for one in journal(facts)]

    assert posted == [
        ("paid", "opening_balance", "receivables", "opening_balances", 4_800),
        ("void", "opening_balance", "receivables", "opening_balances", 4_000),
        ("written off", "opening_balance", "receivables", "opening_balances", 4_800),
        (None, "opening_balance", "opening_balances", "customer_credit", 700),
        ("void", "void", "opening_balances", "receivables", 4_000),
        ("written off", "write_off", "write_offs", "receivables", 4_800),
        ("paid", "payment", "cash", "receivables", 4_800),
    ]
