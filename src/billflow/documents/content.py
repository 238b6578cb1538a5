"""Amounts, days and derivations as a customer writes them."""

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.numbers import format_currency, format_decimal, format_percent

from billflow.documents.translations import FALLBACK, LANGUAGES, Translations, words_in
from billflow.domain.calendar import MICROSECOND, Period
from billflow.domain.currencies import CURRENCIES
from billflow.domain.invoicing.draft import LineKind
from billflow.domain.invoicing.explain import Explanation
from billflow.domain.money import Rounding

_TIER = re.compile(r"^(?:Additional )?(?P<tier>.+?)(?: license)?(?:, end date moved| - renewal)?$")
_INSTALMENT = re.compile(r"instalment (?P<n>\d+) of 12")
_YEAR = 12


@dataclass(frozen=True, slots=True)
class DocumentContent:
    """One customer's way to write; the words are in its language, or in English where we lack it."""

    locale: Locale
    words: Translations

    def amount(self, minor_units: int, currency: str) -> str:
        """Write minor units with their currency."""
        exact = Decimal(minor_units).scaleb(-CURRENCIES[currency].decimals)
        return format_currency(exact, currency, locale=self.locale)

    def bare_amount(self, minor_units: int, currency: str) -> str:
        """Write minor units without their currency, as below a head that names it."""
        decimals = CURRENCIES[currency].decimals
        exact = Decimal(minor_units).scaleb(-decimals)
        return format_decimal(exact, f"#,##0.{'0' * decimals}" if decimals else "#,##0", locale=self.locale)

    def number(self, number: int) -> str:
        """Write a whole number."""
        return format_decimal(number, locale=self.locale)

    def day(self, moment: datetime) -> str:
        """Write the day of a moment in UTC."""
        return format_date(moment, "long", locale=self.locale)

    def short_day(self, moment: datetime) -> str:
        """Write the day of a moment in UTC, as in a column."""
        return format_date(moment, "medium", locale=self.locale)

    def span(self, period: Period) -> str:
        """Write a period by its first day and the day of its last moment, both in UTC; an empty one by its day."""
        if not period.microseconds:
            return format_date(period.start, "medium", locale=self.locale)
        last = max(period.start, period.end - MICROSECOND)
        return f"{self.short_day(period.start)} – {self.short_day(last)}"

    def title(self, line: Explanation) -> str:
        """Name a line: its tier, or its coupon, and why it is billed."""
        if line.kind is LineKind.COUPON:
            return self.words.titles[line.kind].format(tier=line.description.rpartition(": ")[0])
        if line.kind in (LineKind.ITEM, LineKind.ADD_ON, LineKind.TAX):
            return line.description
        found = _TIER.match(line.description)
        return self.words.titles[line.kind].format(tier=found["tier"] if found else line.description)

    def derivation(self, line: Explanation) -> str:
        """Say how the amount of a line came about."""
        parts = [self._how(line), self._rounding(line), self._less(line), self._discount(line)]
        return ", ".join(part for part in parts if part)

    def _how(self, line: Explanation) -> str:
        words, price = self.words, self.amount(line.price, line.currency)
        instalment = _INSTALMENT.search(line.note or "")
        if line.kind is LineKind.FLAT_DISCOUNT:
            return words.months.format(n=line.share.numerator, price=price)
        if line.kind is LineKind.COUPON:
            return self._off(line)
        if instalment and line.share.denominator == _YEAR:
            return words.instalment.format(n=instalment["n"], price=price)
        how = words.how.format(quantity=self.number(line.quantity), price=price)
        return how if line.share.is_whole else f"{how} × {self._share(line)}"

    def _off(self, line: Explanation) -> str:
        """Say what a coupon takes off: a percentage of the line before it, or an amount."""
        if line.share.denominator == 1:
            return self.amount(line.price, line.currency)
        percent = self.percent(Decimal(line.share.numerator) / line.share.denominator)
        return self.words.percent_of.format(percent=percent, price=self.amount(-line.price, line.currency))

    def percent(self, share: Decimal) -> str:
        """Write a share of one as a percentage."""
        return format_percent(share, "#,##0.####%", locale=self.locale)

    def _share(self, line: Explanation) -> str:
        if line.share.days:
            part, whole = line.share.days
            return self.words.days.format(part=self.number(part), whole=self.number(whole))
        reduced = line.share.reduced
        return self.words.share.format(part=self.number(reduced.numerator), whole=self.number(reduced.denominator))

    def _rounding(self, line: Explanation) -> str:
        if line.unrounded == line.rounded_unit:
            return ""
        words = self.words
        ways = {Rounding.UP: words.rounded_up, Rounding.DOWN: words.rounded_down}
        how = ways.get(line.rounding, words.rounded_half_up)
        return how.format(each=self.amount(line.rounded_unit, line.currency))

    def _less(self, line: Explanation) -> str:
        if not line.less:
            return ""
        if line.kind in (LineKind.FLAT_DISCOUNT, LineKind.COUPON):
            return self.words.capped
        return self.words.less.format(each=self.amount(line.less, line.currency))

    def _discount(self, line: Explanation) -> str:
        if line.list_price_discount is None:
            return ""
        return self.words.below_list.format(percent=self.percent(Decimal(line.list_price_discount) / 100))


def content_in(language: str) -> DocumentContent:
    """Return how a customer with that BCP 47 tag writes; English where the language is not one of ours."""
    try:
        locale = Locale.parse(language, sep="-")
    except (ValueError, UnknownLocaleError):
        locale = Locale.parse(FALLBACK)
    if locale.language not in LANGUAGES:
        locale = Locale.parse(FALLBACK)
    return DocumentContent(locale, words_in(locale.language))
