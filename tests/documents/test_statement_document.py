"""A statement of account on paper: every entry with the balance after it, and what the closing balance is made of."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from billflow.documents.pdf import render_pdf
from billflow.documents.statement_document import compose_statement
from billflow.domain.account_facts import AccountFacts, BalanceChange, ChargedInvoice, CreditedInvoice, RefundedInvoice
from billflow.domain.statement import statement
from billflow.models.contracts.statements import StatementRecord
from tests.documents.samples import ISSUED, SELLER, buyer
from tests.documents.test_pdf_and_html import PAGE_WIDTH, pages
from tests.sizes import further

DAY = timedelta(days=1)


def charged(number: str, at: datetime) -> ChargedInvoice:
    """Return an invoice."""
    return ChargedInvoice(invoice_id=number, number=number, total=1_050_000, issued_at=at, due_at=ISSUED)


def facts(months: int = 1) -> AccountFacts:
    """Return an account with so many paid invoices, and then one that is due, one written off and one void."""
    paid = [
        replace(charged(f"ACME-{n:04d}", at), amount_paid=1_050_000, paid_at=at + DAY)
        for n in range(months)
        for at in (ISSUED + n * 30 * DAY,)
    ]
    due, lost, void = (charged(name, ISSUED + months * 30 * DAY) for name in ("DUE", "LOST", "VOID"))
    lost = replace(lost, written_off_at=lost.issued_at + DAY)
    void = replace(void, voided_at=void.issued_at + 2 * DAY)
    return AccountFacts(
        currency="CHF",
        invoices=[*paid, due, lost, void],
        notes=[
            CreditedInvoice(
                invoice_id="ACME-0000", number="CN-000001", at=ISSUED + 2 * DAY, refunded=700, to_balance=300
            )
        ],
        refunds=[
            RefundedInvoice(invoice_id="ACME-0000", number="RF-000001", at=ISSUED + 2 * DAY, amount=700, by_note=True),
            RefundedInvoice(invoice_id="ACME-0000", number="RF-000002", at=ISSUED + 3 * DAY, amount=200, by_note=False),
        ],
        balance=[BalanceChange(at=ISSUED + 4 * DAY, amount=2500, reason="for the vendor alone")],
    )


def record(months: int = 1) -> StatementRecord:
    """Return the statement of that account."""
    at = ISSUED + timedelta(days=30 * months + 10)
    return StatementRecord(
        customer_id="customer",
        customer_name="Muster GmbH",
        since=None,
        until=None,
        at=at,
        accounts=(statement(facts(months)),),
    )


def test_each_entry_says_what_it_is_and_the_sums_lead_to_the_closing_balance() -> None:
    account, made_of = compose_statement(record(), buyer("en-US"), SELLER).tables

    assert [(row.cells[1], *row.cells[2:]) for row in account.rows] == [
        ("Opening balance", "", "", "0.00"),
        ("Invoice ACME-0000", "10,500.00", "", "10,500.00"),
        ("Payment, ACME-0000", "", "10,500.00", "0.00"),
        ("Credit note CN-000001, Invoice ACME-0000", "", "10.00", "-10.00"),
        ("Refund RF-000001, Invoice ACME-0000", "7.00", "", "-3.00"),
        ("Credited RF-000002, Invoice ACME-0000", "", "2.00", "-5.00"),
        ("Refund RF-000002, Invoice ACME-0000", "2.00", "", "-3.00"),
        ("Credit to your balance", "", "25.00", "-28.00"),
        ("Invoice DUE", "10,500.00", "", "10,472.00"),
        ("Invoice LOST", "10,500.00", "", "20,972.00"),
        ("Invoice VOID", "10,500.00", "", "31,472.00"),
        ("Written off, LOST", "", "10,500.00", "20,972.00"),
        ("Voided, VOID", "", "10,500.00", "10,472.00"),
        ("Closing balance", "42,009.00", "31,537.00", "10,472.00"),
    ]
    assert [row.cells for row in made_of.rows] == [
        ("Invoice DUE", "Mar 1, 2026", "10,500.00"),
        ("Credit on account", "", "-28.00"),
        ("Closing balance", "", "10,472.00"),
    ]
    for table in (account, made_of):
        assert sum(column.width for column in table.columns) == PAGE_WIDTH


@pytest.mark.parametrize(
    ("language", "title"),
    [
        ("de-DE", "Kontoauszug"),
        *further(
            ("en-US", "Statement of account"),
            ("fr-FR", "Relevé de compte"),
            ("it-IT", "Estratto conto"),
        ),
    ],
)
def test_a_long_statement_goes_on_over_pages_in_every_language(language: str, title: str) -> None:
    document = compose_statement(record(24), buyer(language), SELLER)

    assert document.title == title
    assert pages(render_pdf(document, ISSUED)) > 2


def test_why_support_granted_a_credit_is_not_printed() -> None:
    assert "vendor" not in str(compose_statement(record(), buyer("en-US"), SELLER))
