"""Work out credit notes: their lines, how they split before and after payment, and what that changes."""

from dataclasses import dataclass
from decimal import Decimal

from stripe_emulator.contract.table import blank
from stripe_emulator.engine import money
from stripe_emulator.engine.unit import Unit
from stripe_emulator.errors import invalid
from stripe_emulator.invoicing import credit_note_taxes, taxes
from stripe_emulator.invoicing.payment_results import follow
from stripe_emulator.invoicing.state import become_paid, stop_asking
from stripe_emulator.storage.query import Query
from stripe_emulator.types import Obj

CREDITABLE = {"open", "paid", "uncollectible"}


@dataclass(frozen=True, slots=True)
class Split:
    """Amounts in minor units: what lowers the open invoice, and the three ways of giving back the rest."""

    pre: int
    refund: int
    credit: int
    out_of_band: int
    linked: tuple[tuple[str, int], ...]

    @property
    def post(self) -> int:
        """Return what was paid already and is given back."""
        return self.refund + self.credit + self.out_of_band + sum(amount for _, amount in self.linked)


def note_lines(unit: Unit, invoice: Obj, params: Obj) -> list[Obj]:
    """Return the lines of a note, not stored; a bare `amount` is one line of its own, with the tax in it taken out."""
    if params.get("amount") is not None:
        line = _line(unit, invoice, {"type": "custom_line_item", "amount": params["amount"], "description": "Credit"})
        line["taxes"] = credit_note_taxes.of_amount(unit, invoice, params["amount"])
        line["amount"] -= money.exclusive(line["taxes"])
        return [line]
    given = params.get("lines") or []
    if not given:
        raise invalid("Give an amount or lines to credit.", code="parameter_missing", param="amount")
    for one in given:
        credit_note_taxes.check(invoice, one)
    return [_line(unit, invoice, one) for one in given]


def _line(unit: Unit, invoice: Obj, given: Obj) -> Obj:
    line = blank("credit_note_line_item")
    line["id"] = unit.services.ids.new("credit_note_line_item")
    line.update(type=given["type"], description=given.get("description"), quantity=given.get("quantity"))
    line.update(metadata={key: value for key, value in (given.get("metadata") or {}).items() if value}, taxes=[])
    source = None
    if given["type"] == "invoice_line_item":
        source = unit.get("line_item", given.get("invoice_line_item") or "", "lines[invoice_line_item]")
        if source["invoice"] != invoice["id"]:
            raise invalid("The line belongs to another invoice.", param="lines[invoice_line_item]")
        line.update(invoice_line_item=source["id"], description=source["description"])
    line["amount"] = _amount(given, source)
    money.check_step(line["amount"], invoice["currency"], "lines[amount]")
    if line["amount"] <= 0:
        raise invalid("The amount of a credit note line must be positive.", param="lines[amount]")
    unit_amount = given.get("unit_amount_decimal") or given.get("unit_amount")
    if unit_amount is not None:
        line.update(unit_amount_decimal=money.plain(Decimal(unit_amount)), unit_amount=given.get("unit_amount"))
    line["taxes"] = credit_note_taxes.of_line(unit, invoice, given, line, source)
    return line


def _amount(given: Obj, source: Obj | None) -> int:
    amount: int | None = given.get("amount")
    unit_amount = given.get("unit_amount_decimal") or given.get("unit_amount")
    quantity = given.get("quantity")
    if source is not None and amount is None and unit_amount is None:
        if quantity is None:
            amount = source["amount"]
        else:
            unit_amount = source["pricing"]["unit_amount_decimal"]
    if amount is not None:
        return amount
    if unit_amount is None:
        raise invalid("Missing required param: lines[amount].", code="parameter_missing", param="lines[amount]")
    return money.product(str(unit_amount), str(quantity or 1))


def totals(lines: list[Obj]) -> Obj:
    """Return the sums of a note over its lines, with and without the tax, and the tax by rate."""
    subtotal = sum(line["amount"] for line in lines)
    total_taxes = taxes.summed(tax for line in lines for tax in line["taxes"])
    exclusive = money.exclusive(total_taxes)
    net = subtotal + exclusive - sum(tax["amount"] for tax in total_taxes)
    sums = {"amount": subtotal + exclusive, "total": subtotal + exclusive, "subtotal": subtotal}
    return {**sums, "subtotal_excluding_tax": net, "total_excluding_tax": net, "total_taxes": total_taxes}


def left_to_credit(unit: Unit, invoice: Obj) -> int:
    """Return the total less earlier notes and refunds that belong to no note."""
    notes = unit.select(Query("credit_note").where("invoice", invoice["id"]).where("status", "issued"))
    refunded = 0
    for payment in unit.select(Query("invoice_payment").where("invoice", invoice["id"]).where("status", "paid")):
        intent = payment["payment"].get("payment_intent")
        for refund in unit.select(Query("refund").where("payment_intent", intent)):
            if refund["status"] in ("pending", "succeeded") and not refund["_sim"]["credit_note"]:
                refunded += refund["amount"]
    left: int = invoice["total"] - sum(note["total"] for note in notes) - refunded
    return left


def split(unit: Unit, invoice: Obj, total: int, params: Obj) -> Split:
    """Return how the note is applied: first to what is still open, the rest as the request says.

    Raises StripeError for an invoice that cannot be credited, for more than is left, or unless the ways of
    giving back add up to the part that was paid.
    """
    if invoice["status"] not in CREDITABLE:
        raise invalid(f"You cannot credit an invoice that is {invoice['status']}.", param="invoice")
    linked = tuple((one["refund"], _linked(unit, one)) for one in params.get("refunds") or [] if one.get("refund"))
    mine = sum(amount for _, amount in linked)
    left = left_to_credit(unit, invoice) + mine
    if not 0 < total <= left:
        raise invalid(f"The credit note's total ({total}) must be positive and at most {left}.", param="amount")
    pre = min(total, invoice["amount_remaining"])
    refund, credit, elsewhere = (
        params.get(name) or 0 for name in ("refund_amount", "credit_amount", "out_of_band_amount")
    )
    for amount in (refund, credit, elsewhere):
        money.check_step(amount, invoice["currency"], "refund_amount")
    made = Split(pre, refund, credit, elsewhere, linked)
    if min(refund, credit, elsewhere) < 0 or made.post != total - pre:
        raise invalid(
            f"refund_amount, refunds, credit_amount and out_of_band_amount must add up to {total - pre}, "
            f"the part of the note that was paid already; they add up to {made.post}."
        )
    return made


def _linked(unit: Unit, given: Obj) -> int:
    refund = unit.get("refund", given["refund"], "refunds[refund]")
    amount = given.get("amount_refunded")
    linked: int = refund["amount"] if amount is None else amount
    return linked


def lower(unit: Unit, invoice: Obj, amount: int) -> None:
    """Take `amount` off what remains of an open invoice; at 0 it is paid. A negative amount puts it back."""
    if amount == 0:
        return
    invoice["amount_remaining"] -= amount
    invoice["pre_payment_credit_notes_amount"] += amount
    if invoice["amount_remaining"] == 0:
        stop_asking(unit, invoice, "automatic")
        become_paid(unit, invoice)
        return
    follow(unit, invoice)
    unit.changed("invoice.updated", invoice)
