"""Tax rates: those that `automatic_tax` has made are there to be read."""

from stripe_emulator.engine.operations import Args, operation
from stripe_emulator.engine.unit import Unit
from stripe_emulator.types import Obj


@operation("tax_rate.retrieve")
def retrieve(unit: Unit, args: Args) -> Obj:
    """Return a tax rate."""
    return unit.get("tax_rate", args.id)
