"""Sum up an invoice from its lines."""

from stripe_emulator.engine import money
from stripe_emulator.engine.unit import Unit
from stripe_emulator.invoicing import taxes
from stripe_emulator.storage.query import Query
from stripe_emulator.storage.records import Records
from stripe_emulator.types import Obj


def lines_of(records: Records, invoice: Obj) -> list[Obj]:
    """Return the invoice's lines in the order they were added."""
    return records.select(Query("line_item", ascending=True).where("invoice", invoice["id"]))


def recompute(unit: Unit, invoice: Obj) -> None:
    """Set subtotal, tax and total of a draft; what is due shows the balance only once it is applied [assume]."""
    lines = lines_of(unit, invoice)
    before = [line["taxes"] for line in lines]
    taxes.apply(unit, invoice, lines)
    for line, old in zip(lines, before, strict=True):
        if line["taxes"] != old:
            unit.save(line)
    subtotal = sum(line["amount"] for line in lines)
    total_taxes = taxes.summed(tax for line in lines for tax in line["taxes"])
    exclusive = money.exclusive(total_taxes)
    inclusive = sum(tax["amount"] for tax in total_taxes) - exclusive
    off = total_discounts(lines)
    net = subtotal - sum(one["amount"] for one in off)
    total = net + exclusive
    invoice.update(subtotal=subtotal, total=total, total_taxes=total_taxes, total_discount_amounts=off)
    invoice.update(subtotal_excluding_tax=subtotal - inclusive, total_excluding_tax=net - inclusive)
    invoice.update(amount_due=max(total, 0), amount_remaining=max(total, 0))
    unit.save(invoice)


def total_discounts(lines: list[Obj]) -> list[Obj]:
    """Return what each discount takes off all lines."""
    sums: dict[str, int] = {}
    for line in lines:
        for one in line["discount_amounts"] or []:
            sums[one["discount"]] = sums.get(one["discount"], 0) + one["amount"]
    return [{"amount": amount, "discount": discount} for discount, amount in sums.items()]
