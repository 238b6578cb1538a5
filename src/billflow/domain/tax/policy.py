"""How an organization taxes what it bills, and which rates that means for one customer at one moment (rules 37.1)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from billflow.domain.errors import Refused

EU = frozenset(
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split()  # noqa: SIM905
)
"""The member states, in the codes of ISO 3166-1."""


class TaxMode(StrEnum):
    """Who computes tax: nobody, billflow by rates of the organization's own, or Stripe Tax when it gets the invoice."""

    NONE = "none"
    OWN_RATES = "own_rates"
    STRIPE = "stripe"


class TaxCategory(StrEnum):
    """Why an amount is taxed as it is; with none, no tax applies to it."""

    STANDARD = "standard"
    REVERSE_CHARGE = "reverse_charge"
    EXEMPT = "exempt"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Taxpayer:
    """What decides on a customer's tax: where it is, its VAT number of the Union where well-formed, and exemption."""

    country: str | None = None
    region: str | None = None
    postal_code: str | None = None
    vat_number: str | None = None
    is_exempt: bool = False


UNKNOWN_TAXPAYER = Taxpayer()

_ZIP_CODE = re.compile(r"\d{5}(-?\d{4})?$", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxRate:
    """A rate of a country, or of a region in place of the country's, or beside it; valid in [`since`, `until`).

    With an `exemption` nothing is charged, and that is why.
    """

    country: str
    percent: Decimal
    name: str
    region: str | None = None
    adds_to_country: bool = False
    inclusive: bool = False
    exemption: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def jurisdiction(self) -> str:
        """Return whose tax it is, such as DE or CA-QC."""
        return self.country if self.region is None else f"{self.country}-{self.region}"

    def is_valid(self, at: datetime) -> bool:
        """Tell whether it holds for an invoice that is dated *at*."""
        return (self.since is None or self.since <= at) and (self.until is None or at < self.until)


@dataclass(frozen=True, slots=True, kw_only=True)
class Treatment:
    """What applies to one invoice: a category, and rates that are charged beside each other.

    Where it is computed `by_stripe` neither is known before Stripe has the invoice.
    """

    category: TaxCategory = TaxCategory.NONE
    rates: tuple[TaxRate, ...] = ()
    by_stripe: bool = False

    @property
    def inclusive(self) -> bool:
        """Tell whether prices contain the tax; rates that are charged together agree on it."""
        return any(rate.inclusive for rate in self.rates)


UNTAXED = Treatment()
TAXED_BY_STRIPE = Treatment(by_stripe=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxPolicy:
    """A version of how an organization taxes, for invoices dated from `since` on; `home` is the seller's country.

    With `oss` private customers in other member states pay their own country's rate, else the seller's. With
    `reverse_charge` businesses there pay none.
    """

    mode: TaxMode = TaxMode.NONE
    rates: tuple[TaxRate, ...] = ()
    oss: bool = False
    reverse_charge: bool = False
    home: str | None = None
    since: datetime | None = None

    def treatment(self, who: Taxpayer, at: datetime) -> Treatment:
        """Return what applies to an invoice for *who* that is dated *at*.

        Raises `Refused` where the customer's address is needed, or a rate that must be there is missing.
        """
        if self.mode is TaxMode.NONE:
            return UNTAXED
        if who.country is None:
            raise _missing("country")
        if self.mode is TaxMode.STRIPE:
            _check_precise(who)
            return TAXED_BY_STRIPE
        if self._is_reversed(who):
            return Treatment(category=TaxCategory.REVERSE_CHARGE, rates=(_untaxed(who.country, "Reverse charge"),))
        rates = self._rates(who, at)
        if who.is_exempt and rates:
            return Treatment(category=TaxCategory.EXEMPT, rates=(_untaxed(who.country, "Exempt from tax"),))
        if not rates:
            return UNTAXED
        is_exempt = any(rate.exemption for rate in rates)
        return Treatment(category=TaxCategory.EXEMPT if is_exempt else TaxCategory.STANDARD, rates=rates)

    def has_rate(self, country: str) -> bool:
        """Tell whether there is a rate of a country, valid or not."""
        return any(rate.country == country for rate in self.rates)

    def _is_abroad_in_union(self, country: str) -> bool:
        return self.home in EU and country in EU and country != self.home

    def _is_reversed(self, who: Taxpayer) -> bool:
        country = who.country or ""
        return self.reverse_charge and self._is_abroad_in_union(country) and _is_of(who.vat_number, country)

    def _rates(self, who: Taxpayer, at: datetime) -> tuple[TaxRate, ...]:
        """Return the rates of the country where it is taxed, none for a country that the organization doesn't tax."""
        at_home = self._is_abroad_in_union(who.country or "") and not self.oss
        country, region = (self.home, None) if at_home else (who.country, who.region)
        listed = [rate for rate in self.rates if rate.country == country]
        valid = [rate for rate in listed if rate.is_valid(at)]
        if not valid and (listed or self._must_tax(country)):
            raise Refused(
                f"There is no tax rate for {country} on {at:%Y-%m-%d}; add one to the tax file, and apply it.",
                code="no_tax_rate",
            )
        if not at_home and region is None and any(rate.region for rate in valid):
            raise _missing("state")
        return _charged_together(valid, region)

    def _must_tax(self, country: str | None) -> bool:
        """Tell whether a country needs a rate: any member state does, for a seller in the Union."""
        return self.home in EU and country in EU


@dataclass(frozen=True, slots=True)
class TaxTimeline:
    """The versions of how an organization taxes, the newest first; before the first nothing is taxed."""

    versions: Sequence[TaxPolicy] = field(default=())

    def at(self, at: datetime) -> TaxPolicy:
        """Return the version for invoices that are dated *at*."""
        return next((one for one in self.versions if one.since is None or one.since <= at), TaxPolicy())


NEVER_TAXED = TaxTimeline()


def _charged_together(valid: Sequence[TaxRate], region: str | None) -> tuple[TaxRate, ...]:
    regional = [rate for rate in valid if rate.region is not None and rate.region == region]
    if any(not rate.adds_to_country for rate in regional):
        return tuple(regional)
    return (*(rate for rate in valid if rate.region is None), *regional)


def _untaxed(country: str, name: str) -> TaxRate:
    return TaxRate(country=country, percent=Decimal(0), name=name)


def _is_of(vat_number: str | None, country: str) -> bool:
    return vat_number is not None and vat_number.startswith("EL" if country == "GR" else country)


def _check_precise(who: Taxpayer) -> None:
    """Raise `Refused` for a place that Stripe Tax says it can't tax: it wants more than the country of these two."""
    if who.country == "US" and not _ZIP_CODE.match(who.postal_code or ""):
        raise _missing("postal_code", "postal code of five digits")
    if who.country == "CA" and who.region is None and who.postal_code is None:
        raise _missing("state", "state or postal code")


def _missing(part: str, said: str | None = None) -> Refused:
    return Refused(
        f"The customer's billing address needs its {said or part}, which decides on the tax; add it.",
        code="tax_address_missing",
        field=f"billing_address.{part}",
    )
