"""Tax rates: which of them a request may name, those made without being asked for, and the tax on an amount."""

from collections.abc import Sequence
from decimal import Decimal

from stripe_emulator.engine import money
from stripe_emulator.engine.render import render
from stripe_emulator.engine.unit import Unit
from stripe_emulator.errors import invalid
from stripe_emulator.storage.query import Query
from stripe_emulator.storage.records import Records
from stripe_emulator.types import Obj

KIND = "tax_rate"
MAX_RATES = 5
"""How many rates a line, or an invoice by default, can have: https://docs.stripe.com/invoicing/taxes/tax-rates."""


def named(unit: Unit, wanted: list[str] | None, param: str, held: Sequence[str] = ()) -> list[str]:
    """Return the ids of the rates that a request names; None is none.

    Raises StripeError for more than 5, for one that is named twice or unknown, and for one that is archived, or was
    made automatically, unless it is *held* already.
    """
    ids = list(dict.fromkeys(wanted or ()))
    if len(ids) > MAX_RATES or len(ids) < len(wanted or ()):
        raise invalid(f"You can set at most {MAX_RATES} tax rates, each of them once.", param=param)  # [assume] words
    for n, one in enumerate(ids):
        rate = unit.get(KIND, one, f"{param}[{n}]")
        if one not in held and (not rate["active"] or is_automatic(rate)):
            # [assume] words; that archived rates, and those that Stripe made, can't be applied is documented.
            raise invalid(f"The tax rate {one} is archived and cannot be used.", param=f"{param}[{n}]")
    return ids


def shown(records: Records, held: Sequence[str | Obj]) -> list[Obj]:
    """Return rates as they are now in place of their ids; what is shown already stays."""
    return [render(records, records.get(KIND, one)) if isinstance(one, str) else one for one in held]


def is_automatic(rate: Obj) -> bool:
    """Tell whether a rate was made by automatic tax or for manual tax amounts."""
    return bool(rate.get("_sim", {}).get("automatic"))


def automatic(unit: Unit, data: Obj) -> Obj:
    """Return the rate with exactly these members that nobody asked for: a known one, or a new one, archived at once."""
    query = Query(KIND).where("_sim.automatic", value=True)
    for name, value in data.items():
        query.where(name, value)
    known = unit.select(query)
    if known:
        return known[0]
    made = unit.blank(KIND)
    made.update(data, active=False, metadata={}, effective_percentage=data["percentage"], _sim={"automatic": True})
    return unit.add(made)


def taxes(unit: Unit, ids: Sequence[str], amount: int) -> list[Obj]:
    """Return the tax of each rate on an amount, in the order of the rates.

    Inclusive rates are contained in the amount together; exclusive ones come on top of what is left without them.
    Each is rounded by itself, half away from zero [assume: base beside inclusive rates, and rounding by line, which
    the account's settings can move to the subtotal].
    """
    rates = [unit.get(KIND, one) for one in ids]
    together = sum((_percent(rate) for rate in rates if rate["inclusive"]), Decimal(0))
    contained = {rate["id"]: money.contained(amount, _percent(rate), together) for rate in rates if rate["inclusive"]}
    base = amount - sum(contained.values())
    return [
        tax(rate, contained[rate["id"]] if rate["inclusive"] else money.percent(base, _percent(rate)), base)
        for rate in rates
    ]


def tax(rate: Obj, amount: int, base: int, reason: str = "not_available") -> Obj:
    """Return a tax as lines show it: its amount, and the amount it is on, both in minor units."""
    return {
        "amount": amount,
        "tax_behavior": "inclusive" if rate["inclusive"] else "exclusive",
        "tax_rate_details": {"tax_rate": rate["id"]},
        "taxability_reason": reason,
        "taxable_amount": base,
        "type": "tax_rate_details",
    }


def _percent(rate: Obj) -> Decimal:
    return Decimal(str(rate["percentage"]))
