"""Stripe's customers and invoices in the neutral format."""

from datetime import UTC, datetime
from typing import Any

from billflow.domain.errors import Refused
from billflow.imports.stripe_objects import AccountObjects, Obj

_ADDRESS = {"street": "line1", "street2": "line2", "city": "city", "postal_code": "postal_code", "state": "state"}
_ADDRESS["country"] = "country"


def moment(seconds: int | None) -> str | None:
    """Return a moment of Stripe's as text."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat()


def without_nothing(values: dict[str, Any]) -> dict[str, Any]:
    """Return the values that say something."""
    return {name: value for name, value in values.items() if value not in (None, "", {}, [])}


def customer_row(objects: AccountObjects, customer: Obj, currency: str | None) -> dict[str, Any]:
    """Return a customer's row; raises `Refused` for one that owes Stripe's balance something."""
    balance = customer.get("balance") or 0
    if balance > 0:
        raise Refused(
            "The customer's balance at Stripe is a debt; let an invoice collect it there first.",
            code="customer_owes_balance",
            field="credit_balance",
        )
    settings = customer.get("invoice_settings") or {}
    locales = customer.get("preferred_locales") or []
    paying = (customer.get("currency") or currency or "").upper()
    return without_nothing(
        {
            "external_id": customer["id"],
            "name": customer.get("name") or customer.get("email"),
            "email": customer.get("email"),
            "default_currency": paying,
            "default_language": locales[0] if locales else None,
            "billing_address": _address(customer.get("address")),
            "shipping_address": _address((customer.get("shipping") or {}).get("address")),
            "metadata": customer.get("metadata"),
            "settings": _settings(customer),
            "stripe_customer_id": customer["id"],
            "stripe_payment_method_id": settings.get("default_payment_method"),
            "credit_balance": -balance,
            "stripe_balance_transaction_id": objects.newest_balance(customer["id"]) if balance else None,
        }
    )


def _address(address: Obj | None) -> dict[str, Any]:
    if not address:
        return {}
    return without_nothing({ours: address.get(theirs) for ours, theirs in _ADDRESS.items()})


def _settings(customer: Obj) -> dict[str, Any]:
    ids = (customer.get("tax_ids") or {}).get("data") or []
    return {"company": {"tax_id": ids[-1]["value"]}} if ids else {}


def invoice_row(invoice: Obj, plan: str | None) -> dict[str, Any]:
    """Return an invoice's row; raises `Refused` for a draft, which is no fact yet."""
    if invoice["status"] == "draft":
        raise Refused("The invoice is a draft; read the account again once it is final.", code="invoice_is_draft")
    changed = invoice.get("status_transitions") or {}
    period = _period((invoice.get("lines") or {}).get("data") or [])
    paid = invoice["status"] == "paid"
    return without_nothing(
        {
            "external_id": invoice["id"],
            "customer": invoice["customer"],
            "plan": plan,
            "number": invoice.get("number"),
            "status": invoice["status"],
            "currency": invoice["currency"].upper(),
            "issued_at": moment(changed.get("finalized_at") or invoice["created"]),
            "due_at": moment(invoice.get("due_date")),
            "paid_at": moment(changed.get("paid_at") or invoice["created"]) if paid else None,
            "closed_at": None if paid else moment(changed.get("voided_at") or changed.get("marked_uncollectible_at")),
            "period_start": moment(period.get("start")),
            "period_end": moment(period.get("end")),
        }
    ) | {"total": invoice["total"], "amount_paid": _paid(invoice)}


def _period(lines: list[Obj]) -> Obj:
    """Return the period of the line that renews, where there is one: prorations come before it."""
    sources = [(line, (line.get("parent") or {}).get("subscription_item_details") or {}) for line in lines]
    renewing = [line for line, source in sources if source and not source.get("proration")]
    period: Obj = (renewing or lines)[0]["period"] if lines else {}
    return period


def _paid(invoice: Obj) -> int:
    """Return what is paid, credit included: of a paid invoice all, of an open one what no longer remains."""
    if invoice["status"] == "paid":
        return max(int(invoice["total"]), 0)
    remaining = invoice["amount_remaining"] if invoice["status"] == "open" else invoice["amount_due"]
    return max(int(invoice["total"]) - int(remaining), 0)
