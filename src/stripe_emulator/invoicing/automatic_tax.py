"""Compute `automatic_tax` from a small table: the real Stripe Tax knows products, places and registrations [assume]."""

from stripe_emulator.engine import money
from stripe_emulator.errors import invalid
from stripe_emulator.types import Obj

PERCENT = {"AT": "20", "CH": "8.1", "DE": "19", "ES": "21", "FR": "20", "GB": "20", "IT": "22", "NL": "21"}
"""The standard rate of each country that the account is registered in, in percent; elsewhere no tax is collected."""


def apply(invoice: Obj, customer: Obj, lines: list[Obj]) -> bool:
    """Put the tax on each line of a draft that is taxed automatically; return whether there is one.

    By the customer's country and `tax_exempt`, on top of the lines. Without a country the status says so.
    """
    if not invoice["automatic_tax"]["enabled"]:
        return False
    country = (customer["address"] or {}).get("country")
    invoice["automatic_tax"]["status"] = "complete" if country else "requires_location_inputs"
    for line in lines:
        line["taxes"] = [_tax(line["amount"], country, customer["tax_exempt"])] if country else []
    return True


def enable(invoice: Obj, given: Obj | None) -> None:
    """Take over what a request says of `automatic_tax`."""
    if given is not None:
        enabled = given["enabled"]
        invoice["automatic_tax"].update(
            enabled=enabled,
            liability={"type": "self"} if enabled else None,
            provider="stripe" if enabled else None,
            status=None,
        )


def check_location(invoice: Obj) -> None:
    """Raise StripeError `customer_tax_location_invalid` for a draft that can't be taxed."""
    if invoice["automatic_tax"]["status"] == "requires_location_inputs":
        raise invalid(
            "The customer's location isn't recognized. Set a valid customer address in order to automatically "
            "calculate tax.",
            code="customer_tax_location_invalid",
        )


def _tax(amount: int, country: str, exempt: str) -> Obj:
    reason = {"exempt": "customer_exempt", "reverse": "reverse_charge"}.get(exempt)
    percent = "0" if reason else PERCENT.get(country, "0")
    reason = reason or ("standard_rated" if country in PERCENT else "not_collecting")
    return {
        "amount": money.product(str(amount), percent + "e-2"),
        "tax_behavior": "exclusive",
        "tax_rate_details": None,
        "taxability_reason": reason,
        "taxable_amount": 0 if reason == "not_collecting" else amount,
        "type": "tax_rate_details",
    }
