"""What is billed once beside a plan's licenses, as it is shown."""

from billflow.domain.items import ItemStatus
from billflow.models.contracts.base import Contract, Moment


class ItemRecord(Contract):
    """A one-off item, by its number in its plan; amounts in minor units of `currency`.

    `invoice_id` is the invoice that billed it, and `amount` what it comes to.
    """

    item: int
    description: str
    unit_amount: int
    quantity: int
    amount: int
    currency: str
    service_start: Moment | None
    service_end: Moment | None
    added_at: Moment
    status: ItemStatus
    invoice_id: str | None
