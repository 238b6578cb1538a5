"""The choices an organization makes about billing, as plain data."""

from dataclasses import dataclass
from enum import StrEnum

from billflow.domain.tax.policy import NEVER_TAXED, TaxTimeline


class InstalmentRounding(StrEnum):
    """How a yearly fixed price becomes twelve instalments."""

    SPLIT = "split"
    UP = "up"


@dataclass(frozen=True, slots=True)
class BillingSettings:
    """Calendar, rounding and terms of payment; the defaults are billflow's own (rules 31).

    `leap_february=False` and `instalment_rounding=UP` reproduce the reference for records moved over from it, as does
    `gate_fixed_prices`: a license gate for plans whose price no number of licenses changes.
    """

    leap_february: bool = True
    instalment_rounding: InstalmentRounding = InstalmentRounding.SPLIT
    bundle_additions_by_date: bool = True
    gate_fixed_prices: bool = False
    days_until_due: int = 15
    purchase_days_until_due: int = 1
    tax: TaxTimeline = NEVER_TAXED


DEFAULT_SETTINGS = BillingSettings()
