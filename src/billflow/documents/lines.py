"""The lines of an invoice as they are printed; where a tax applies, with its rate, the tax and the gross amount."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from billflow.documents.content import DocumentContent
from billflow.documents.tables import TableRow
from billflow.domain.invoicing.draft import NOT_TAXED, LineKind
from billflow.domain.invoicing.explain import explain
from billflow.domain.tax.policy import TaxCategory
from billflow.models.contracts.records import InvoiceDetail, LineRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentLine:
    """One line: its title, what it is for and how it came about, its numbers, and the sum of all down to it.

    `taxed` are rate, tax and gross amount, where the table has columns for them; `amount` is net then.
    """

    title: str
    period: str
    derivation: str
    quantity: str
    each: str
    amount: str
    taxed: tuple[str, ...] = ()
    running: str | None = None

    @property
    def row(self) -> TableRow:
        """Return it as a row of a table."""
        return TableRow(
            (self.title, self.quantity, self.each, self.amount, *self.taxed),
            tuple(filter(None, (self.period, self.derivation))),
            running=self.running,
        )


def columns_of(invoice: InvoiceDetail, content: DocumentContent) -> tuple[str, ...]:
    """Return the heads of the table of lines: those of tax too where one applies."""
    words = content.words
    if not _is_taxed(invoice):
        return words.what, words.quantity, words.each, words.amount
    return words.what, words.quantity, words.each, words.net, words.rate, words.tax, words.gross


def lines_of(invoice: InvoiceDetail, content: DocumentContent) -> Iterator[DocumentLine]:
    """Yield the lines in their order, without those of the tax, which is in each and in the sums."""
    running, is_taxed = 0, _is_taxed(invoice)
    for line in (one for one in invoice.lines if one.kind is not LineKind.TAX):
        explained = explain(line.line, invoice.currency)
        net, gross = _net_and_gross(line, invoice)
        running += gross
        yield DocumentLine(
            title=content.title(explained),
            period=content.span(explained.period),
            derivation=content.derivation(explained),
            quantity=content.number(line.quantity),
            each=content.amount(line.unit_amount, invoice.currency),
            amount=content.amount(net, invoice.currency),
            taxed=tuple(_taxed(line, gross, invoice, content)) if is_taxed else (),
            running=content.amount(running, invoice.currency),
        )


def _is_taxed(invoice: InvoiceDetail) -> bool:
    return any(one.category is not TaxCategory.NONE for one in invoice.taxes)


def _net_and_gross(line: LineRecord, invoice: InvoiceDetail) -> tuple[int, int]:
    if any(one.inclusive for one in invoice.taxes):
        return line.amount - line.tax, line.amount
    return line.amount, line.amount + line.tax


def _taxed(line: LineRecord, gross: int, invoice: InvoiceDetail, content: DocumentContent) -> Iterator[str]:
    """Yield the rate, which is all rates together, the tax, and the gross amount; what is no price has no tax."""
    if line.kind in NOT_TAXED:
        yield from ("", "")
    else:
        yield content.percent(sum((Decimal(one.percent) for one in invoice.taxes), Decimal()) / 100)
        yield content.amount(line.tax, invoice.currency)
    yield content.amount(gross, invoice.currency)
