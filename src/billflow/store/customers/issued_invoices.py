"""What another system issues for plans in a parallel run, taken in as it comes (rules 41.2)."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import exists, select

from billflow.domain.errors import BillingError, Refused
from billflow.models.contracts.customers import ChangeContext
from billflow.models.contracts.imports import (
    ImportKind,
    ImportOutcome,
    ImportRecord,
    InvoiceLineOpening,
    InvoiceOpening,
)
from billflow.models.contracts.parallel_runs import IssuedInvoices
from billflow.models.tables import BillingAccountRow, CustomerPlan, CustomerRow
from billflow.store.audit.recorder import Recorder, recorder_of
from billflow.store.customers.imported_objects import imported_id, note_imported
from billflow.store.customers.opening_invoices import write_opening_invoice
from billflow.store.customers.transactions import not_erased
from billflow.store.session.database import Repository, advisory_lock
from billflow.store.session.rows import as_id

Issued = tuple[InvoiceOpening, Sequence[InvoiceLineOpening]]


class PostgresIssuedInvoiceRepository(Repository):
    """What other systems issued, in PostgreSQL; every method is safe to repeat."""

    async def is_compared(self, org_id: str, stripe_customer_id: str) -> bool:
        """Tell whether a customer of Stripe's ever had a plan in a parallel run."""
        mine = BillingAccountRow.customer_id == CustomerPlan.customer_id
        is_this = BillingAccountRow.stripe_customer_id == stripe_customer_id
        query = select(exists().where(mine, is_this, CustomerPlan.parallel_run_since.is_not(None)))
        async with self.database.unit_of_work(org_id) as session:
            return bool(await session.scalar(query))

    async def take(self, org_id: str, asked: IssuedInvoices, change: ChangeContext) -> tuple[ImportRecord, ...]:
        """Take in each invoice in a transaction of its own, and say what became of it."""
        records = []
        for invoice in asked.invoices:
            lines = [line for line in asked.invoice_lines if line.invoice == invoice.external_id]
            about: dict[str, Any] = {"kind": ImportKind.INVOICE, "external_id": invoice.external_id}
            try:
                async with self.database.unit_of_work(org_id) as session:
                    recorder = recorder_of(session, as_id(org_id, "organization"), change)
                    records.append(ImportRecord(**about, **await _take(recorder, (invoice, lines))))
            except BillingError as error:
                why: dict[str, Any] = {"code": error.code, "message": str(error), "field": error.field}
                records.append(ImportRecord(**about, outcome=ImportOutcome.REFUSED, **why))
        return tuple(records)


async def _take(recorder: Recorder, issued: Issued) -> dict[str, Any]:
    session, invoice = recorder.session, issued[0]
    # A webhook and a command may bring the same one at once.
    await advisory_lock(session, f"import/{recorder.org_id}/{invoice.external_id}")
    plan_id = await imported_id(session, ImportKind.PLAN, invoice.plan or "")
    if plan_id is None:
        message = f"No plan was imported as {invoice.plan!r}; name the plan's external id."
        raise Refused(message, code="plan_not_imported", field="plan")
    customer = await _customer_of(recorder, plan_id)
    known = await imported_id(session, ImportKind.INVOICE, invoice.external_id)
    row, outcome = await write_opening_invoice(session, customer, issued, known, plan_id)
    if outcome is ImportOutcome.IMPORTED:
        note_imported(recorder, ImportKind.INVOICE, invoice.external_id, row.id)
    await session.flush()
    mapped = {"total": row.total, "currency": row.currency, "status": row.status}
    return {"outcome": outcome, "id": str(row.id), "mapped": mapped}


async def _customer_of(recorder: Recorder, plan_id: UUID) -> CustomerRow:
    query = select(CustomerRow).join(CustomerPlan, CustomerPlan.customer_id == CustomerRow.id)
    return not_erased((await recorder.session.scalars(query.where(CustomerPlan.id == plan_id))).one())
