"""A customer's account from the rows: its invoices, what was adjusted of them, and what its balance got and gave."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.account_facts import AccountFacts, BalanceChange, ChargedInvoice, CreditedInvoice, RefundedInvoice
from billflow.domain.statement import statement
from billflow.models.contracts.customers import CustomerRef
from billflow.models.contracts.statements import StatementRecord
from billflow.models.tables import CreditNoteRow, CreditRow, CustomerRow, InvoiceRow, RefundRow
from billflow.models.tables.base import Identified
from billflow.store.adjustments.records import results_of
from billflow.store.customers.billing_accounts import default_account
from billflow.store.customers.invoiced_lines import NO_LINES, CustomerLines, invoiced_lines
from billflow.store.customers.opening_invoices import as_charged, opening_invoices
from billflow.store.customers.transactions import customer_read
from billflow.store.invoices.replacements import clock_of_customer
from billflow.store.session.database import Repository
from billflow.store.session.rows import as_record

Row = TypeVar("Row", bound=Identified)

_NOTE_KEY = "credit-note/"
"""How the step key of a credit begins that a credit note put onto the balance."""


class PostgresStatementQueries(Repository):
    """Statements of account; nothing here writes. Unknown ids raise `NotFound`."""

    async def statement(
        self, ref: CustomerRef, since: datetime | None, until: datetime | None, now: datetime
    ) -> StatementRecord:
        """Return the customer's account over `[since, until)`, a part for each currency; raises `InvalidInput`."""
        async with customer_read(self.database, ref) as (customer, session):
            facts = await account_facts(session, customer)
            return StatementRecord(
                customer_id=str(customer.id),
                customer_name=customer.name,
                since=since,
                until=until,
                at=await clock_of_customer(session, customer.id) or now,
                accounts=tuple(statement(account, since, until) for account in facts),
            )


async def account_facts(
    session: AsyncSession, customer: CustomerRow, *, with_lines: bool = False
) -> list[AccountFacts]:
    """Load all that happened to the customer's account, in each currency; *with_lines* also each line."""
    mine = select(InvoiceRow.id).where(InvoiceRow.customer_id == customer.id)
    invoices = await _all(session, InvoiceRow, InvoiceRow.customer_id == customer.id, InvoiceRow.issued_at)
    changes = await _all(session, CreditRow, CreditRow.customer_id == customer.id, CreditRow.at)
    notes = await _all(session, CreditNoteRow, CreditNoteRow.invoice_id.in_(mine), CreditNoteRow.at)
    refunds = await _all(session, RefundRow, RefundRow.invoice_id.in_(mine), RefundRow.at)
    known = await results_of(session, notes, refunds)
    notes, refunds = list(filter(known.counts, notes)), list(filter(known.counts, refunds))
    on_balance, noted = {row.step_key: row.amount for row in changes}, {f"{_NOTE_KEY}{note.id}" for note in notes}
    lines = await invoiced_lines(session, customer) if with_lines else NO_LINES
    openings = await opening_invoices(session, customer)
    currencies = {
        *(row.currency for row in invoices),
        *(row.currency for row in changes),
        *(one.currency for one in openings),
    }
    if not currencies:
        currencies.add((await default_account(session, customer.id)).currency)
    return [
        AccountFacts(
            currency=currency,
            invoices=[
                *(as_charged(row) for row in openings if row.currency == currency),
                *(
                    as_record(ChargedInvoice, row, lines=lines.charged.get(row.id, ()), taken_over_at=None)
                    for row in invoices
                    if row.currency == currency
                ),
            ],
            notes=[_note(row, known.number(row), on_balance, lines) for row in notes if row.currency == currency],
            refunds=[_refund(row, known.number(row)) for row in refunds if row.currency == currency],
            balance=[_change(row) for row in changes if row.currency == currency and row.step_key not in noted],
        )
        for currency in sorted(currencies)
    ]


async def _all(session: AsyncSession, table: type[Row], which: ColumnElement[bool], order: Any) -> list[Row]:
    return list(await session.scalars(select(table).where(which).order_by(order, table.id)))


def _note(
    note: CreditNoteRow, number: str | None, on_balance: Mapping[str, int], lines: CustomerLines
) -> CreditedInvoice:
    return CreditedInvoice(
        invoice_id=str(note.invoice_id),
        number=number,
        at=note.at,
        before_payment=note.before_payment,
        refunded=note.refund_amount,
        to_balance=on_balance.get(f"{_NOTE_KEY}{note.id}", 0),
        tax=sum(note.taxes.values()),
        lines=lines.credited.get(note.id, {}),
        reason=note.reason.value,
        memo=note.memo,
    )


def _refund(refund: RefundRow, number: str | None) -> RefundedInvoice:
    return RefundedInvoice(
        invoice_id=str(refund.invoice_id),
        number=number,
        at=refund.at,
        amount=refund.amount,
        by_note=refund.credit_note_id is not None,
        tax=sum(refund.taxes.values()),
        reason=refund.reason.value if refund.reason else None,
        memo=refund.out_of_band_reference,
    )


def _change(row: CreditRow) -> BalanceChange:
    """Return what changed the balance; what a credit note put there that does not count any more is a credit."""
    of_invoice = row.invoice_id is not None and not row.step_key.startswith(_NOTE_KEY)
    return BalanceChange(
        at=row.at, amount=row.amount, invoice_id=str(row.invoice_id) if of_invoice else None, reason=row.reason
    )
