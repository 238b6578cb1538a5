"""The tax on documents: what it is rate by rate, and the sentences that a tax office asks for."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from billflow.documents.content import DocumentContent
from billflow.domain.tax.policy import TaxCategory
from billflow.models.contracts.tax import TaxRecord


def tax_sums(taxes: Sequence[TaxRecord], currency: str, content: DocumentContent) -> Iterator[tuple[str, str]]:
    """Yield the net amount and each tax, as sums before a total; nothing where no tax applies."""
    applying = [one for one in taxes if one.category is not TaxCategory.NONE]
    if not applying:
        return
    yield content.words.net, content.amount(applying[0].base, currency)
    for one in applying:
        yield _name(one, currency, content), content.amount(one.tax, currency)


def _name(one: TaxRecord, currency: str, content: DocumentContent) -> str:
    words = content.words
    if one.category is not TaxCategory.STANDARD:
        return words.tax
    text = words.tax_contained if one.inclusive else words.tax_on
    percent, base = content.percent(Decimal(one.percent) / 100), content.amount(one.base, currency)
    return text.format(name=one.name, percent=percent, base=base)


def tax_sentences(taxes: Sequence[TaxRecord], content: DocumentContent) -> tuple[str, ...]:
    """Return why nothing is charged, where that must be said."""
    words = content.words
    said = {TaxCategory.REVERSE_CHARGE: words.reverse_charge, TaxCategory.EXEMPT: words.exempt}
    found = [" ".join(filter(None, (said[one.category], one.exemption))) for one in taxes if one.category in said]
    return tuple(dict.fromkeys(found))
