"""What EN 16931 demands of an invoice before there is an e-invoice of it (rules 36.3)."""

from collections.abc import Mapping, Sequence
from typing import Any

from billflow.domain.currencies import CURRENCIES
from billflow.domain.tax.policy import TaxCategory
from billflow.models.contracts.addresses import countries
from billflow.models.contracts.customers import Buyer
from billflow.models.contracts.seller import SellerDocument
from billflow.models.contracts.tax import TaxRecord

MOST_DECIMALS = 2
"""How many decimals an amount has at most."""


def missing_for_e_invoice(
    seller: SellerDocument, buyer: Buyer | None, currency: str, taxes: Sequence[TaxRecord]
) -> str | None:
    """Say in one sentence why there can be no e-invoice; None where there can. No buyer is one that was erased."""
    rates = [one.percent for one in taxes if one.category is TaxCategory.STANDARD]
    if buyer is None:
        why = "the customer's data were erased"
    elif CURRENCIES[currency].decimals > MOST_DECIMALS:
        why = f"EN 16931 has amounts with two decimals, and {currency} has three"
    elif structured(buyer.address) is None:
        why = "the customer's billing_address had no country when the invoice was issued"
    elif len(rates) > 1:
        why = f"EN 16931 has one rate on each line, and here are {len(rates)}"
    elif not seller.vat_number and any(one.category is not TaxCategory.NONE for one in taxes):
        why = "the seller had no vat_number when the invoice was issued, and EN 16931 wants it where there is a tax"
    else:
        return None
    return f"There is no e-invoice: {why}."


def structured(address: Mapping[str, Any] | str | None) -> Mapping[str, Any] | None:
    """Return an address in parts with an ISO 3166-1 country; None where it is none."""
    if isinstance(address, Mapping) and str(address.get("country") or "").upper() in countries():
        return address
    return None
