"""The lines of Stripe's invoices in the neutral format."""

from decimal import Decimal
from typing import Any

from billflow.imports.stripe_customers import moment, without_nothing
from billflow.imports.stripe_objects import Obj


def subscription_of(invoice: Obj) -> str | None:
    """Return the id of the subscription that an invoice is of, None for any other."""
    details = (invoice.get("parent") or {}).get("subscription_details") or {}
    subscription: str | None = details.get("subscription")
    return subscription


def line_rows(invoice: Obj) -> list[dict[str, Any]]:
    """Return the rows of an invoice's lines, what is taken off and the tax that is added as lines of their own."""
    rows = [_line(invoice, line) for line in (invoice.get("lines") or {}).get("data") or []]
    off = sum(one["amount"] for one in invoice.get("total_discount_amounts") or [])
    taxes = invoice.get("total_taxes") or []
    tax = sum(one["amount"] for one in taxes if one.get("tax_behavior") != "inclusive")
    for kind, amount in (("discount", -off), ("tax", tax)):
        if amount:
            about = {"invoice": invoice["id"], "kind": kind, "description": kind.title()}
            rows.append({**about, "quantity": 1, "unit_amount": amount, "amount": amount})
    return rows


def _line(invoice: Obj, line: Obj) -> dict[str, Any]:
    parent, period = line.get("parent") or {}, line.get("period") or {}
    item = parent.get("subscription_item_details")
    source = item or parent.get("invoice_item_details") or {}
    kind = "proration" if source.get("proration") else "licenses" if item else "other"
    row = {
        "invoice": invoice["id"],
        "kind": kind,
        "description": (line.get("description") or "")[:500],
        "unit_amount": _whole((line.get("pricing") or {}).get("unit_amount_decimal")),
        "period_start": moment(period.get("start")),
        "period_end": moment(period.get("end")),
    }
    return without_nothing(row) | {"quantity": line.get("quantity") or 1, "amount": line["amount"]}


def _whole(amount: str | None) -> int | None:
    """Return an amount of Stripe's in whole minor units, None where it has fractions."""
    if amount is None or Decimal(amount) != int(Decimal(amount)):
        return None
    return int(Decimal(amount))
