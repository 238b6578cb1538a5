"""The statement of a customer's account, in its language."""

from collections.abc import Iterator
from datetime import timedelta

from billflow.documents.content import DocumentContent, content_in
from billflow.documents.document import InvoiceDocument
from billflow.documents.parties import buyer_lines, seller_block
from billflow.documents.tables import Column, DocumentTable, TableRow
from billflow.domain.account_events import StatementEntry, StatementEntryKind
from billflow.domain.calendar import Period
from billflow.domain.invoicing.draft import LineKind
from billflow.domain.statement import AccountStatement
from billflow.models.contracts.customers import Buyer
from billflow.models.contracts.documents import Seller
from billflow.models.contracts.statements import StatementRecord


def compose_statement(stated: StatementRecord, buyer: Buyer, seller: Seller) -> InvoiceDocument:
    """Write a statement in its customer's language: each entry, and what the closing balance is made of."""
    content = content_in(buyer.language)
    tables = (table for account in stated.accounts for table in _tables(account, content))
    return InvoiceDocument(
        language=str(content.locale).replace("_", "-"),
        title=content.words.statement,
        seller=seller_block(seller, content),
        bill_to=content.words.bill_to,
        buyer=tuple(buyer_lines(buyer, content)),
        facts=tuple(_facts(stated, content)),
        columns=(),
        lines=(),
        totals=(),
        after_refunds=(),
        tables=tuple(tables),
        note=None,
        pay_here=None,
        pay_url=None,
        page_words=content.words.page,
    )


def _facts(stated: StatementRecord, content: DocumentContent) -> Iterator[tuple[str, str]]:
    begins = [entry.at for account in stated.accounts for entry in account.entries[:1]]
    end = stated.until or stated.at + timedelta(microseconds=1)
    start = stated.since or min((*begins, end))
    yield content.words.period, content.span(Period(start, max(start, end)))
    yield content.words.issued, content.day(stated.at)


def _tables(account: AccountStatement, content: DocumentContent) -> Iterator[DocumentTable]:
    words, currency = content.words, account.currency
    columns = (
        Column(words.issued, 24, right=False),
        Column(words.document, 58, right=False),
        Column(words.charges, 26),
        Column(words.credits_and_payments, 40),
        Column(words.balance, 26),
    )
    raised = account.charges + account.refunds
    sums = (content.bare_amount(raised, currency), content.bare_amount(account.credits + account.payments, currency))
    opening = TableRow(("", words.opening_balance, "", "", content.bare_amount(account.opening_balance, currency)))
    closing = TableRow(
        ("", words.closing_balance, *sums, content.bare_amount(account.closing_balance, currency)), bold=True
    )
    rows = (_row(entry, currency, content) for entry in account.entries)
    yield DocumentTable(currency, columns, (opening, *rows, closing))
    if account.invoices or account.credit_on_account:
        yield _composition(account, content)


def _row(entry: StatementEntry, currency: str, content: DocumentContent) -> TableRow:
    words = content.words
    titles = {
        StatementEntryKind.INVOICE: words.invoice,
        StatementEntryKind.CREDIT_NOTE: words.credit_note,
        StatementEntryKind.CREDIT: words.credited if entry.invoice_id else words.titles[LineKind.CREDIT_TO_BALANCE],
        StatementEntryKind.VOID: words.void,
        StatementEntryKind.WRITE_OFF: words.write_off,
        StatementEntryKind.PAYMENT: words.payment,
        StatementEntryKind.REFUND: words.refund,
    }
    of = entry.invoice_number or entry.invoice_id
    documents = [entry.number or (of if entry.kind is StatementEntryKind.INVOICE else None)]
    if entry.kind is not StatementEntryKind.INVOICE and of:
        documents.append(f"{words.invoice} {of}" if entry.number else of)
    what = ", ".join((" ".join(filter(None, (titles[entry.kind], documents[0]))), *filter(None, documents[1:])))
    amount = content.bare_amount(abs(entry.amount), currency)
    amounts = (amount, "") if entry.amount >= 0 else ("", amount)
    return TableRow((content.short_day(entry.at), what, *amounts, content.bare_amount(entry.balance, currency)))


def _composition(account: AccountStatement, content: DocumentContent) -> DocumentTable:
    words, currency = content.words, account.currency
    columns = (
        Column(words.document, 84, right=False),
        Column(words.due, 50),
        Column(f"{words.still_due} ({currency})", 40),
    )
    rows = [
        TableRow(
            (
                f"{words.invoice} {invoice.number or invoice.invoice_id}",
                content.short_day(invoice.due_at),
                content.bare_amount(invoice.still_due, currency),
            )
        )
        for invoice in account.invoices
    ]
    if account.credit_on_account:
        rows.append(TableRow((words.credit_on_account, "", content.bare_amount(-account.credit_on_account, currency))))
    total = TableRow((words.closing_balance, "", content.bare_amount(account.closing_balance, currency)), bold=True)
    return DocumentTable(words.made_of, columns, (*rows, total))
