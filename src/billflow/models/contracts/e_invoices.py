"""What EN 16931 demands of an invoice before there is an e-invoice of it (rules 36.3)."""

from collections.abc import Mapping
from typing import Any

from billflow.domain.currencies import CURRENCIES
from billflow.models.contracts.addresses import countries
from billflow.models.contracts.customers import Buyer

MOST_DECIMALS = 2
"""How many decimals an amount has at most."""


def missing_for_e_invoice(buyer: Buyer | None, currency: str) -> str | None:
    """Say in one sentence why there can be no e-invoice; None where there can. No buyer is one that was erased."""
    if buyer is None:
        return "There is no e-invoice: the customer's data were erased."
    if CURRENCIES[currency].decimals > MOST_DECIMALS:
        return f"There is no e-invoice: EN 16931 has amounts with two decimals, and {currency} has three."
    if structured(buyer.address) is None:
        return "There is no e-invoice: the customer's billing_address had no country when the invoice was issued."
    return None


def structured(address: Mapping[str, Any] | str | None) -> Mapping[str, Any] | None:
    """Return an address in parts with an ISO 3166-1 country; None where it is none."""
    if isinstance(address, Mapping) and str(address.get("country") or "").upper() in countries():
        return address
    return None
