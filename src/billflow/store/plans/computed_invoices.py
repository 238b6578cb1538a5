"""What another system bills of a plan in a parallel run, as a step computes it: rows to compare, and nothing else."""

from uuid import uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.invoicing.draft import InvoiceDraft, Line
from billflow.domain.step import Outcome
from billflow.models.tables import ComputedInvoiceLineRow, ComputedInvoiceRow, CustomerPlan
from billflow.store.invoices.drafts import line_values


def write_computed(session: AsyncSession, outcome: Outcome, plan: CustomerPlan, step_key: str) -> None:
    """Write the drafts of a step that another system issues in our place (rules 41.1)."""
    for draft in outcome.invoices:
        if draft.parallel_run:
            invoice = _invoice_row(draft, plan, step_key)
            session.add_all([invoice, *(_line_row(line, invoice, n) for n, line in enumerate(draft.lines, 1))])


def _invoice_row(draft: InvoiceDraft, plan: CustomerPlan, step_key: str) -> ComputedInvoiceRow:
    return ComputedInvoiceRow(
        id=uuid4(),
        org_id=plan.org_id,
        plan_id=plan.id,
        customer_id=plan.customer_id,
        kind=draft.kind,
        currency=draft.currency,
        total=draft.total,
        tax=draft.tax,
        tax_inclusive=draft.tax_inclusive,
        automatic_tax=draft.automatic_tax,
        invoice_date=draft.at,
        step_key=step_key,
    )


def _line_row(line: Line, invoice: ComputedInvoiceRow, n: int) -> ComputedInvoiceLineRow:
    return ComputedInvoiceLineRow(
        id=uuid4(),
        org_id=invoice.org_id,
        computed_invoice_id=invoice.id,
        n=n,
        **line_values(line),
    )
