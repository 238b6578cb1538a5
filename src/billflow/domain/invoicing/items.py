"""One-off items on an invoice: one line each, at the amount that was agreed (rules 35.1)."""

from collections.abc import Iterable

from billflow.domain.calendar import Period
from billflow.domain.currencies import CURRENCIES
from billflow.domain.invoicing.draft import Line, LineKind
from billflow.domain.items import Item, ItemStatus
from billflow.domain.proration import Derivation
from billflow.domain.step import Step


def item_lines(step: Step) -> list[Line]:
    """Return a line for each item that is still to be billed, and note that it is."""
    return [bill_item(step, item) for item in step.items.pending]


def bill_item(step: Step, item: Item) -> Line:
    """Return the line over *item*, for its own time or else the step's moment, and note that it is billed."""
    step.items.put(item, ItemStatus.BILLED)
    derivation = Derivation(
        price=item.unit_amount,
        quantity=item.quantity,
        period=Period(item.service_start or step.at, item.service_end or step.at),
        step=CURRENCIES[step.plan.currency].step,
    )
    return Line(LineKind.ITEM, item.description, derivation, item=item.seq)


def withdraw(step: Step, items: Iterable[Item]) -> None:
    """Take back items that are still to be billed."""
    for item in items:
        step.items.put(item, ItemStatus.WITHDRAWN)
        step.say("plan.item_withdrawn", item=item.seq)
