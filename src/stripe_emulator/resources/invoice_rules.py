"""Checks of invoice parameters that the contract cannot express."""

from stripe_emulator.engine import money
from stripe_emulator.errors import invalid
from stripe_emulator.types import Obj

UNSIMULATED = ("subscription", "from_invoice", "shipping_cost", "transfer_data", "customer_account", "discounts")


def check_create(params: Obj) -> None:
    """Raise StripeError for a request to create an invoice that cannot be served."""
    if not params.get("customer"):
        raise invalid("Missing required param: customer.", code="parameter_missing", param="customer")
    money.check_currency(params.get("currency"))
    check_update(params)
    method = params.get("collection_method") or "charge_automatically"
    check_terms({"collection_method": method, "due_date": None}, params)


def check_update(params: Obj) -> None:
    """Raise StripeError for parameters that no invoice takes."""
    for name in UNSIMULATED:
        if params.get(name):
            raise invalid(f"{name} is not simulated by the emulator.", param=name)


def check_terms(invoice: Obj, params: Obj) -> None:
    """Raise StripeError unless the terms fit: invoices that are sent need a due date, others take none."""
    given = [name for name in ("days_until_due", "due_date") if params.get(name) is not None]
    if invoice["collection_method"] == "charge_automatically" and given:
        raise invalid(f"You can only set {given[0]} if collection_method is send_invoice.", param=given[0])
    if len(given) > 1:
        raise invalid("Give either days_until_due or due_date.", code="parameters_exclusive", param="due_date")
    if invoice["collection_method"] == "send_invoice" and not given and not invoice["due_date"]:
        raise invalid(
            "Missing required param: days_until_due. Invoices that are sent need it or a due_date.",
            code="parameter_missing",
            param="days_until_due",
        )
    if params.get("days_until_due") is not None and params["days_until_due"] < 0:
        raise invalid("Invalid integer: days_until_due must not be negative.", param="days_until_due")
