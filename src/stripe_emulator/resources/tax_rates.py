"""Tax rates: create, retrieve, update, list; those that were made automatically are among them."""

import re
from decimal import Decimal

from stripe_emulator.engine import fields
from stripe_emulator.engine.lists import page
from stripe_emulator.engine.operations import Args, operation
from stripe_emulator.engine.unit import Unit
from stripe_emulator.errors import invalid
from stripe_emulator.invoicing.tax_rates import KIND
from stripe_emulator.storage.query import Query
from stripe_emulator.types import Obj

_TEXTS = ("country", "description", "display_name", "jurisdiction", "state", "tax_type")
_PLACES = {"country": r"[A-Z]{2}", "state": r"[A-Z0-9]{1,3}"}
"""The forms of ISO 3166 [assume: how strict Stripe is with them]."""

MAX_DECIMALS = 4
MAX_PERCENT = 100


def check(params: Obj) -> None:
    """Raise StripeError for an empty name, and for a place that isn't written like one."""
    if "display_name" in params and not params["display_name"]:
        raise invalid(
            "You passed an empty string for 'display_name'. We assume empty values are an attempt to unset a "
            "parameter; however 'display_name' cannot be unset.",
            code="parameter_invalid_empty",
            param="display_name",
        )
    for name, form in _PLACES.items():
        if params.get(name) and not re.fullmatch(form, params[name]):
            code = "country_code_invalid" if name == "country" else None
            raise invalid(f"Invalid {name}: {params[name]}", code=code, param=name)


def check_create(params: Obj) -> None:
    """Raise StripeError for a percentage that is none, or has more than 4 decimals."""
    check(params)
    percent = Decimal(str(params["percentage"])).normalize()
    if not 0 <= percent <= MAX_PERCENT or percent != round(percent, MAX_DECIMALS):
        raise invalid(
            f"Invalid percentage: {percent:f}; must be between 0 and {MAX_PERCENT}, with at most {MAX_DECIMALS} "
            "decimal places",
            param="percentage",
        )


@operation("tax_rate.create", check_create)
def create(unit: Unit, args: Args) -> Obj:
    """Make a tax rate; percentage and inclusive stay what they are."""
    rate = unit.blank(KIND)
    fields.copy(rate, args.params, (*_TEXTS, "inclusive", "percentage"))
    rate.update(active=args.params.get("active", True), metadata={}, effective_percentage=rate["percentage"])
    fields.merge_metadata(rate, args.params)
    unit.add(rate)
    unit.emit("tax_rate.created", rate)
    return rate


@operation("tax_rate.retrieve")
def retrieve(unit: Unit, args: Args) -> Obj:
    """Return a tax rate."""
    return unit.get(KIND, args.id)


@operation("tax_rate.update", check)
def update(unit: Unit, args: Args) -> Obj:
    """Change how a tax rate is called, or archive it."""
    rate = unit.get(KIND, args.id)
    fields.copy(rate, args.params, (*_TEXTS, "active"))
    fields.merge_metadata(rate, args.params)
    unit.changed("tax_rate.updated", rate)
    return rate


@operation("tax_rate.list")
def list_rates(unit: Unit, args: Args) -> Obj:
    """List tax rates by whether they are active, whether they are inclusive, and creation."""
    query = Query(KIND)
    for name in ("active", "inclusive"):
        if args.params.get(name) is not None:
            query.where(name, args.params[name])
    if args.params.get("created") is not None:
        query.between("created", args.params["created"])
    return page(unit, args, query)
