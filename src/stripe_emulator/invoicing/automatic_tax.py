"""Compute `automatic_tax` from a small table: the real Stripe Tax knows products, places and registrations [assume]."""

from decimal import Decimal

from stripe_emulator.engine import money
from stripe_emulator.engine.unit import Unit
from stripe_emulator.errors import invalid
from stripe_emulator.invoicing import tax_rates
from stripe_emulator.storage.query import Query
from stripe_emulator.types import Obj

PERCENT = {"AT": "20", "CH": "8.1", "DE": "19", "ES": "21", "FR": "20", "GB": "20", "IT": "22", "NL": "21"}
"""The standard rate of each country that the account is registered in, in percent; elsewhere no tax is collected."""

ORIGIN = "DE"
"""Where the account is established, so that no tax is reversed there."""


def apply(unit: Unit, invoice: Obj, lines: list[Obj]) -> bool:
    """Put the tax on each line of a draft that is taxed automatically; return whether there is one.

    By the customer's country, its `tax_exempt`, and a VAT number of its own member state other than that of the
    account; on top of the amounts or contained in them, as the settings say. Where the address is not precise enough
    the status says so.
    """
    if not invoice["automatic_tax"]["enabled"]:
        return False
    customer = unit.get("customer", invoice["customer"])
    country = _recognized_country(customer["address"] or {})
    invoice["automatic_tax"]["status"] = "complete" if country else "requires_location_inputs"
    reason = _reason(unit, customer, country) if country else ""
    for line in lines:
        line["taxes"] = [_tax(unit, line, country, reason)] if country else []
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


def tax_ids_of(unit: Unit, customer: Obj) -> list[Obj]:
    """Return the tax ids of a customer, the oldest first."""
    return unit.select(Query("tax_id", ascending=True).where("customer", customer["id"]))


def _recognized_country(address: Obj) -> str | None:
    """Return the country of an address that is precise enough to calculate tax, None for any other.

    As Stripe documents it: in the US a postal code of 5 or 9 digits, in Canada the province or the postal code, and
    elsewhere the country is enough. [assume] The real one also looks whether the postal code exists.
    """
    country: str | None = address.get("country")
    postal_code, state = address.get("postal_code") or "", address.get("state")
    if country == "US":
        digits = postal_code.replace("-", "")
        return country if digits.isdecimal() and len(digits) in (5, 9) and digits[:5] != "00000" else None
    if country == "CA":
        return country if postal_code or state else None
    return country or None


def _reason(unit: Unit, customer: Obj, country: str) -> str:
    if customer["tax_exempt"] != "none":
        return {"exempt": "customer_exempt", "reverse": "reverse_charge"}[customer["tax_exempt"]]
    if country not in PERCENT:
        return "not_collecting"
    own = any(one["type"] == "eu_vat" and one["country"] == country for one in tax_ids_of(unit, customer))
    return "reverse_charge" if own and country != ORIGIN else "standard_rated"


def _tax(unit: Unit, line: Obj, country: str, reason: str) -> Obj:
    percent = Decimal(PERCENT[country] if reason == "standard_rated" else 0)
    is_taxed, amount = reason != "not_collecting", money.discounted(line)
    inclusive = _is_inclusive(unit.services.settings.tax_behavior, line["currency"])
    tax = money.contained(amount, percent, percent) if inclusive else money.percent(amount, percent)
    return {
        "amount": tax,
        "tax_behavior": "inclusive" if inclusive else "exclusive",
        "tax_rate_details": {"tax_rate": _rate(unit, country, percent, inclusive=inclusive)["id"]}
        if is_taxed
        else None,
        "taxability_reason": reason,
        "taxable_amount": amount - tax * inclusive if is_taxed else 0,
        "type": "tax_rate_details",
    }


def _is_inclusive(behavior: str, currency: str) -> bool:
    """Tell whether amounts contain their tax; inferred by the currency only those in dollars of these two don't."""
    return behavior == "inclusive" or (behavior == "inferred_by_currency" and currency not in ("usd", "cad"))


def _rate(unit: Unit, country: str, percent: Decimal, *, inclusive: bool) -> Obj:
    """Return the tax rate of a country, which is made when it is first needed."""
    vat = {"display_name": "VAT", "tax_type": "vat", "rate_type": "percentage", "percentage": float(percent)}
    place = {"country": country, "jurisdiction": country, "jurisdiction_level": "country"}
    return tax_rates.automatic(unit, {**vat, **place, "inclusive": inclusive})
