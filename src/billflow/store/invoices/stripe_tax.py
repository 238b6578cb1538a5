"""Keep the tax that Stripe has computed for an invoice: as lines, and as shares of the lines that were there."""

from collections.abc import Mapping, Sequence

from pydantic import TypeAdapter
from sqlalchemy import update

from billflow.domain.invoicing.draft import Line
from billflow.domain.invoicing.stripe_tax import ComputedTax, taxed_by_stripe
from billflow.domain.proration import Derivation
from billflow.models.tables import InvoiceLineRow, InvoiceRow
from billflow.store.audit.recorder import Recorder
from billflow.store.invoices.digests import named_with_tax
from billflow.store.invoices.drafts import line_row
from billflow.store.invoices.lines import lines_of

_DERIVATION = TypeAdapter(Derivation)


async def keep_tax(recorder: Recorder, invoice: InvoiceRow, taxes: Mapping[str, Sequence[ComputedTax]] | None) -> None:
    """Write what Stripe added to an invoice, once: tax lines, shares, and the total with it (rules 37.5).

    *taxes* are by the ids of our lines; None where Stripe wasn't asked. The audit log names the invoice with its tax.
    """
    if invoice.tax_known or taxes is None:
        return
    session = recorder.session
    rows = await lines_of(session, invoice.id)
    lines = {str(row.id): Line(row.kind, row.description, _DERIVATION.validate_python(row.derivation)) for row in rows}
    taxed = taxed_by_stripe(lines, taxes)
    for row, line in zip(rows, taxed, strict=False):
        if line.tax:
            await session.execute(update(InvoiceLineRow).where(InvoiceLineRow.id == row.id).values(tax=line.tax))
    of_rates = taxed[len(rows) :]
    added = [line_row(line, invoice, n) for n, line in enumerate(of_rates, len(rows) + 1)]
    session.add_all(added)
    invoice.total = sum(line.amount for line in taxed)
    invoice.tax = sum(line.tax for line in of_rates)
    invoice.tax_inclusive = any(line.applied is not None and line.applied.inclusive for line in of_rates)
    invoice.tax_known = True
    named = named_with_tax(invoice, [*rows, *added])
    detail = {"customer_id": str(invoice.customer_id), "invoices": [named]}
    recorder.audit("invoice.taxed", ("invoice", invoice.id), detail=detail)
