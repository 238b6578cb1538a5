"""What another system knew of customers, as the tests import it."""

import secrets
from typing import Any

Json = dict[str, Any]

BEGIN, RENEWAL = "2026-01-15T00:00:00Z", "2026-02-15T00:00:00Z"


def opening(external_id: str | None = None, **customer: Any) -> Json:
    """Return a customer without a plan."""
    name = external_id or f"old_{secrets.token_hex(6)}"
    return {"customer": {"external_id": name, "name": "Acme", "email": f"{name}@acme.example", **customer}}


def with_plan(bundle: Json, **plan: Any) -> Json:
    """Return the customer with a monthly plan of six licenses, whose period began at `BEGIN`."""
    customer = bundle["customer"]["external_id"]
    terms: Json = {"tier": "cloud_standard", "schedule": "monthly", "period_start": BEGIN, "period_end": RENEWAL}
    terms |= {"licenses": 6, "license_management": "manual"}
    return {**bundle, "plans": [{"external_id": f"{customer}_sub", "customer": customer, **terms, **plan}]}


def with_invoice(bundle: Json, number: str, **invoice: Any) -> Json:
    """Return the customer with one more paid invoice over 48.00."""
    customer = bundle["customer"]["external_id"]
    paid: Json = {"status": "paid", "currency": "USD", "total": 4800, "amount_paid": 4800}
    paid |= {"issued_at": BEGIN, "paid_at": BEGIN, "number": number}
    row = {"external_id": f"{customer}_{number}", "customer": customer, **paid, **invoice}
    return {**bundle, "invoices": [*bundle.get("invoices", []), row]}
