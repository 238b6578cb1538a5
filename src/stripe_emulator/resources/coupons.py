"""Coupons: create, retrieve, update, delete, list."""

from stripe_emulator.engine import fields, money
from stripe_emulator.engine.expand import deleted
from stripe_emulator.engine.lists import page
from stripe_emulator.engine.operations import Args, operation
from stripe_emulator.engine.unit import Unit
from stripe_emulator.errors import invalid
from stripe_emulator.storage.query import Query
from stripe_emulator.subscriptions.chosen_ids import with_chosen_id
from stripe_emulator.types import Obj

FULL = 100
PLAIN = ("amount_off", "currency", "duration_in_months", "max_redemptions", "name", "percent_off", "redeem_by")


def check(params: Obj) -> None:
    """Raise StripeError unless a coupon takes off a percentage, or an amount of a currency, for a known time."""
    fields.exclusive(params, ("percent_off", "amount_off"))
    money.check_currency(params.get("currency"))
    percent, amount = params.get("percent_off"), params.get("amount_off")
    if percent is None and amount is None:
        raise invalid("Must provide percent_off or amount_off.", code="parameter_missing", param="percent_off")
    if percent is not None and not 0 < percent <= FULL:
        raise invalid("Invalid percent_off: must be greater than 0 and at most 100.", param="percent_off")
    if amount is not None and not params.get("currency"):
        raise invalid("Must provide currency with amount_off.", code="parameter_missing", param="currency")
    if (params.get("duration") == "repeating") != (params.get("duration_in_months") is not None):
        raise invalid("duration_in_months goes with duration=repeating, and only there.", param="duration_in_months")
    if params.get("applies_to") or params.get("currency_options"):
        raise invalid("applies_to and currency_options are not simulated by the emulator.", param="applies_to")


@operation("coupon.create", check)
def create(unit: Unit, args: Args) -> Obj:
    """Create a coupon, which holds once where no duration is given."""
    chosen = args.params.get("id") or unit.services.ids.text(8)
    coupon = with_chosen_id(unit, unit.blank("coupon"), chosen)
    coupon.update(duration=args.params.get("duration") or "once", valid=True, metadata={})
    fields.copy(coupon, args.params, PLAIN)
    fields.merge_metadata(coupon, args.params)
    unit.add(coupon)
    unit.emit("coupon.created", coupon)
    return coupon


@operation("coupon.retrieve")
def retrieve(unit: Unit, args: Args) -> Obj:
    """Return a coupon."""
    return unit.get("coupon", args.id)


@operation("coupon.update")
def update(unit: Unit, args: Args) -> Obj:
    """Change the name and the metadata of a coupon: what it takes off never changes."""
    coupon = unit.get("coupon", args.id)
    fields.copy(coupon, args.params, ("name",))
    fields.merge_metadata(coupon, args.params)
    unit.changed("coupon.updated", coupon)
    return coupon


@operation("coupon.delete")
def delete(unit: Unit, args: Args) -> Obj:
    """Delete a coupon; who has it keeps it."""
    coupon = unit.get("coupon", args.id)
    unit.remove(coupon)
    unit.emit("coupon.deleted", coupon)
    return deleted(coupon)


@operation("coupon.list")
def list_coupons(unit: Unit, args: Args) -> Obj:
    """List coupons by their creation."""
    query = Query("coupon")
    if args.params.get("created") is not None:
        query.between("created", args.params["created"])
    return page(unit, args, query)
