"""The phases of a schedule: from the parameters of a request, or from a subscription as it runs."""

from stripe_emulator.contract.table import blank
from stripe_emulator.engine.unit import Unit
from stripe_emulator.errors import invalid
from stripe_emulator.subscriptions.items import checked, items_of
from stripe_emulator.subscriptions.periods import step
from stripe_emulator.types import Obj

UNSIMULATED = ("add_invoice_items", "billing_thresholds", "on_behalf_of", "transfer_data", "trial", "trial_end")


def phases_of(unit: Unit, given: list[Obj], begins: int) -> list[Obj]:
    """Return the phases one after the other; raises StripeError for one that ends before it began."""
    phases = []
    for n, one in enumerate(given):
        for name in UNSIMULATED:
            if one.get(name):
                raise invalid(f"{name} of a phase is not simulated by the emulator.", param=f"phases[{n}][{name}]")
        start = one.get("start_date")
        phase = _phase(unit, one, begins if start in (None, "now") or n == 0 else int(start), n)
        begins = phase["end_date"]
        phases.append(phase)
    return phases


def _phase(unit: Unit, given: Obj, start: int, n: int) -> Obj:
    wanted = checked(unit, given["items"])
    end = given.get("end_date")
    if end is None:
        duration = given.get("duration") or wanted[0][1]["recurring"]
        end = step(start, {"interval_count": 1, **duration}, 1)
    if int(end) <= start:
        raise invalid("The end of a phase must be after its start.", param=f"phases[{n}][end_date]")
    phase = _new_phase(start, int(end), wanted[0][1]["currency"])
    phase["items"] = [_item(price["id"], item.get("quantity", 1), item.get("metadata")) for item, price in wanted]
    phase["discounts"] = [_discount(one["coupon"]) for one in given.get("discounts") or []]
    phase.update(collection_method=given.get("collection_method"), metadata=given.get("metadata") or {})
    phase.update(proration_behavior=given.get("proration_behavior") or "create_prorations")
    return phase


def running_phase(unit: Unit, subscription: Obj) -> Obj:
    """Return the running period of a subscription as a phase."""
    held = items_of(unit, subscription["id"])
    phase = _new_phase(held[0]["current_period_start"], held[0]["current_period_end"], subscription["currency"])
    phase["items"] = [_item(one["price"]["id"], one["quantity"], one["metadata"]) for one in held]
    phase["discounts"] = []
    return phase


def phase_of(schedule: Obj, moment: int) -> Obj | None:
    """Return the bounds of the phase that a moment lies in."""
    for phase in schedule["phases"]:
        if phase["start_date"] <= moment < phase["end_date"]:
            return {"start_date": phase["start_date"], "end_date": phase["end_date"]}
    return None


def _new_phase(start: int, end: int, currency: str) -> Obj:
    names = ("application_fee_percent", "billing_cycle_anchor", "billing_thresholds", "collection_method")
    phase = dict.fromkeys((*names, "default_payment_method", "description", "on_behalf_of", "transfer_data"))
    phase.update(invoice_settings=None, trial_end=None, default_tax_rates=[], add_invoice_items=[], metadata={})
    phase.update(start_date=start, end_date=end, currency=currency, proration_behavior="create_prorations")
    phase["automatic_tax"] = {"disabled_reason": None, "enabled": False, "liability": None}
    return phase


def _item(price: str, quantity: int | None, metadata: Obj | None) -> Obj:
    item = blank("SubscriptionSchedule.Phase.Item")
    item.update(price=price, plan=price, quantity=quantity, metadata=metadata or {}, discounts=[], tax_rates=[])
    return item


def _discount(coupon: str) -> Obj:
    return {"coupon": coupon, "discount": None, "promotion_code": None}
