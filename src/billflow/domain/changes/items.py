"""Commands about one-off items (rules 35.1)."""

from billflow.domain.calendar import without_microseconds
from billflow.domain.commands import AddItem, WithdrawItem
from billflow.domain.currencies import in_steps
from billflow.domain.errors import Refused
from billflow.domain.invoicing.draft import chargeable
from billflow.domain.invoicing.invoice import recurring_invoice
from billflow.domain.invoicing.items import bill_item, withdraw
from billflow.domain.items import Item
from billflow.domain.step import Step


def add_item(step: Step, command: AddItem) -> None:
    """Note what is billed once with the next invoice, or bill it at once.

    Raises `InvalidInput` for an amount that the currency can't be charged in, and `Refused` where the plan has no next
    invoice or another system bills it, or no single charge can be over the amount.
    """
    if step.plan.in_parallel_run(step.at):
        message = "Another system bills the plan until its cutover; bill the item there, or once the cutover is past."
        raise Refused(message, code="in_parallel_run")
    item = Item(
        seq=step.items.next_seq,
        description=command.description.strip(),
        unit_amount=in_steps(command.unit_amount, step.plan.currency, "unit_amount"),
        quantity=command.quantity,
        service_start=command.service_start and without_microseconds(command.service_start),
        service_end=command.service_end and without_microseconds(command.service_end),
        added_at=step.at,
    )
    step.items.put(item)
    step.say(
        "plan.item_added",
        item=item.seq,
        description=item.description,
        amount=item.unit_amount * item.quantity,
        own_invoice=command.own_invoice,
    )
    if command.own_invoice:
        _bill_alone(step, item)
    elif not step.tier.billable:
        message = f"{step.tier.name} is never billed, so that no invoice follows; bill the item on its own_invoice."
        raise Refused(message, code="no_next_invoice", field="own_invoice")


def _bill_alone(step: Step, item: Item) -> None:
    draft = recurring_invoice(step, [bill_item(step, item)])
    try:
        step.invoices.append(chargeable(draft))
    except Refused as error:
        error.field = "unit_amount"
        raise


def withdraw_item(step: Step, command: WithdrawItem) -> None:
    """Take back an item that no invoice has billed; raises `Refused` for any other."""
    pending = step.items.pending
    found = [item for item in pending if item.seq == command.item]
    if not found:
        waiting = ", ".join(str(item.seq) for item in pending)
        way_out = f"name one of {waiting}" if waiting else "none waits for an invoice, so credit what was billed"
        raise Refused(f"The plan has no item {command.item} to withdraw; {way_out}.", code="no_such_item", field="item")
    withdraw(step, found)
