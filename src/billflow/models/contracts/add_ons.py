"""What a plan holds beside its licenses, as it is shown."""

from billflow.models.contracts.base import Contract


class AddOnRecord(Contract):
    """Units of an add-on that a plan holds and renews with, at `price` minor units of `currency` each and cycle.

    `amount_at_next_renewal` is what they cost for the next cycle.
    """

    add_on: str
    name: str
    quantity: int
    quantity_at_next_renewal: int
    price: int
    currency: str
    amount_at_next_renewal: int
