"""What a subscription may be asked for: the parameters that fit each other, and those that are simulated."""

from stripe_emulator.engine.unit import Unit
from stripe_emulator.errors import invalid
from stripe_emulator.subscriptions import schedules
from stripe_emulator.types import Obj

UNSIMULATED = (
    "add_invoice_items",
    "application_fee_percent",
    "backdate_start_date",
    "billing_cycle_anchor_config",
    "billing_schedules",
    "billing_thresholds",
    "customer_account",
    "default_source",
    "default_tax_rates",
    "on_behalf_of",
    "pause_collection",
    "pending_invoice_item_interval",
    "transfer_data",
    "trial_from_plan",
    "proration_date",
)
CHOSEN_ENDS = ("max_billed_until", "max_period_end", "min_period_end")


def check_terms(params: Obj) -> None:
    """Raise StripeError for what the emulator doesn't simulate."""
    for name in UNSIMULATED:
        if params.get(name):
            raise invalid(f"{name} is not simulated by the emulator.", param=name)
    if params.get("cancel_at") in CHOSEN_ENDS:
        raise invalid("Give cancel_at as a time: the emulator knows no other form.", param="cancel_at")
    if params.get("cancel_at") and params.get("cancel_at_period_end"):
        raise invalid("Received both cancel_at and cancel_at_period_end parameters; pass one.", param="cancel_at")
    if params.get("trial_end") is not None and params.get("trial_period_days") is not None:
        raise invalid("You may only specify one of these parameters: trial_end, trial_period_days.", param="trial_end")


def check_create(params: Obj) -> None:
    """Raise StripeError unless a subscription can be made of the parameters."""
    for name in ("customer", "items"):
        if not params.get(name):
            raise invalid(f"Missing required param: {name}.", code="parameter_missing", param=name)
    check_terms(params)
    check_method(params.get("collection_method") or "charge_automatically", params.get("days_until_due"))


def check_method(method: str, days: int | None) -> None:
    """Raise StripeError unless invoices that are sent, and only they, have days to be paid within."""
    if method == "send_invoice" and days is None:
        raise invalid(
            "Missing required param: days_until_due. Subscriptions that send invoices need it.",
            code="parameter_missing",
            param="days_until_due",
        )
    if method == "charge_automatically" and days is not None:
        raise invalid("You can only set days_until_due if collection_method is send_invoice.", param="days_until_due")


def check_end_is_its_own(unit: Unit, subscription: Obj, params: Obj) -> None:
    """Raise StripeError where a subscription that follows a schedule is to be given another end."""
    schedule = unit.find(subscription["schedule"], schedules.KIND)
    if schedule is None or schedule["status"] not in schedules.LIVE:
        return
    if "cancel_at_period_end" in params or "cancel_at" in params:
        raise invalid(
            f"The subscription is managed by the subscription schedule `{schedule['id']}`, and updating any "
            "cancelation behavior directly is not allowed. Please update the schedule instead."
        )
