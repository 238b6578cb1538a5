"""Which fields of commands, events and answers are amounts, and how they are written for people."""

from collections.abc import Mapping
from typing import Any

from billflow.domain.currencies import format_amount

AMOUNTS = frozenset(
    {
        *("amount", "total", "price", "unit_amount", "fixed_price", "price_per_license", "credit", "still_due"),
        *("monthly_discounted_price", "annual_discounted_price", "flat_discount", "before_payment", "tax"),
        *("refund_amount", "balance_amount", "amount_paid", "amount_due", "balance_applied", "balance"),
        *("price_before", "price_after", "amount_before", "amount_after", "next_price"),
    }
)
"""Fields in minor units of the currency beside them."""


def with_amounts_written(name: str, value: Any, currency: str | None) -> Any:
    """Return the *value* of a field with each amount in it written as money, however deep it is.

    It is in the currency beside it, or else in *currency*; without any it stays a number.
    """
    if isinstance(value, Mapping):
        own = value.get("currency") or currency
        return {field: with_amounts_written(field, held, own) for field, held in value.items()}
    if isinstance(value, list | tuple):
        return [with_amounts_written(name, one, currency) for one in value]
    is_amount = name in AMOUNTS and isinstance(value, int) and not isinstance(value, bool)
    return format_amount(value, currency) if is_amount and currency else value
