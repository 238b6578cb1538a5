"""Invoices and credit notes of the samples, taxed as steps tax them."""

from dataclasses import replace
from decimal import Decimal

from billflow.domain.invoicing.draft import Line
from billflow.domain.invoicing.tax import with_tax
from billflow.domain.tax.policy import TaxCategory, TaxMode, Taxpayer, TaxPolicy, TaxRate
from billflow.models.contracts.adjustments import CreditNoteRecord
from billflow.models.contracts.records import InvoiceDetail, LineRecord
from billflow.models.contracts.tax import tax_records
from tests.documents.samples import ISSUED, invoice


def rate(country: str, percent: str, **changes: object) -> TaxRate:
    """Return a rate."""
    plain = TaxRate(country=country, percent=Decimal(percent), name="VAT")
    return replace(plain, **changes)  # type: ignore[arg-type]


POLICY = TaxPolicy(
    mode=TaxMode.OWN_RATES,
    rates=(
        rate("DE", "19"),
        rate("FR", "20"),
        rate("CH", "8.1", inclusive=True),
        rate("IE", "0"),
        rate("NO", "0", exemption="Article 132 (1) (i)"),
        rate("CA", "5", name="GST"),
        rate("CA", "9.975", name="QST", region="QC", adds_to_country=True),
    ),
    oss=True,
    reverse_charge=True,
    home="DE",
)
AT_19 = Taxpayer(country="DE")
CONTAINED = Taxpayer(country="CH")
REVERSED = Taxpayer(country="FR", vat_number="FR83404833048")
EXEMPT = Taxpayer(country="DE", is_exempt=True)
EXEMPT_BY_LAW = Taxpayer(country="NO")
ZERO = Taxpayer(country="IE")
NOWHERE = Taxpayer(country="US")
TWICE = Taxpayer(country="CA", region="QC")


def line_record(n: int, line: Line) -> LineRecord:
    """Return a line as an invoice has it, under a number."""
    return LineRecord(
        line_id=f"line-{n}",
        n=n,
        kind=line.kind,
        description=line.description,
        quantity=line.quantity,
        unit_amount=line.unit_amount,
        amount=line.amount,
        period_start=line.derivation.period.start,
        period_end=line.derivation.period.end,
        derivation=line.derivation,
        entries=line.entries,
        tax=line.tax,
        applied_tax=line.applied,
    )


def taxed(who: Taxpayer, shown: InvoiceDetail | None = None) -> InvoiceDetail:
    """Return an invoice, that of the samples in euros unless another is named, as that customer is taxed."""
    plain = shown or invoice("EUR")
    billed = with_tax([one.line for one in plain.lines], POLICY.treatment(who, ISSUED), plain.currency)
    rows = tuple(line_record(n, line) for n, line in enumerate(billed, 1))
    total, taxes = sum(row.amount for row in rows), tax_records(billed)
    sums = {"total": total, "still_due": total - plain.balance_applied, "tax": sum(one.tax for one in taxes)}
    return plain.model_copy(update={"lines": rows, "taxes": taxes, **sums})


def credited(note: CreditNoteRecord, of: InvoiceDetail, amount: int) -> CreditNoteRecord:
    """Return a credit note over an amount with the tax in it, of an invoice with one rate."""
    [applied] = of.taxes
    tax = round(applied.tax * amount / of.total)
    record = applied.model_copy(update={"base": amount - tax, "tax": tax})
    lines = of.lines[:2] if applied.category is TaxCategory.STANDARD else ()
    shown = amount if applied.inclusive else amount - tax
    parts = (shown - 1, 1)
    made = tuple(
        old.model_copy(update={"line_id": line.line_id, "amount": part})
        for old, line, part in zip(note.lines, lines, parts, strict=False)
    )
    return note.model_copy(update={"amount": amount, "currency": of.currency, "taxes": (record,), "lines": made})
