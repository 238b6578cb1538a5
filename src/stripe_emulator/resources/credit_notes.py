"""Credit notes: create, preview, retrieve, update, void, list, and their lines."""

from stripe_emulator.engine import balance, fields
from stripe_emulator.engine.lists import oldest_first, page
from stripe_emulator.engine.operations import Args, operation
from stripe_emulator.engine.render import list_object, render, renders
from stripe_emulator.engine.unit import Unit
from stripe_emulator.errors import invalid
from stripe_emulator.invoicing import credit_notes, tax_rates
from stripe_emulator.invoicing.credit_notes import Split
from stripe_emulator.payments.refunds import refund_charge
from stripe_emulator.storage.query import Query
from stripe_emulator.storage.records import Records
from stripe_emulator.types import Obj

EMBEDDED = 10


def check(params: Obj) -> None:
    """Raise StripeError when amount and lines are both given, or shipping, which is not simulated."""
    fields.exclusive(params, ("amount", "lines"))
    if params.get("shipping_cost"):
        raise invalid("shipping_cost is not simulated by the emulator.", param="shipping_cost")


@operation("credit_note.create", check)
def create(unit: Unit, args: Args) -> Obj:
    """Credit an invoice: first what is still to pay, then by refund, customer balance or out of band."""
    params = args.params
    invoice = unit.get("invoice", params["invoice"], "invoice")
    lines = credit_notes.note_lines(unit, invoice, params)
    sums = credit_notes.totals(lines)
    split = credit_notes.split(unit, invoice, sums["total"], params)
    note = _note(unit, invoice, params, sums, split)
    unit.add(note)
    for line in lines:
        unit.add({**line, "created": note["created"], "_sim": {"note": note["id"]}, "invoice": note["id"]})
    _refund_paid_part(unit, invoice, note, split)
    unit.save(note)
    unit.complete(note)
    unit.emit("credit_note.created", note)
    invoice["post_payment_credit_notes_amount"] += split.post
    credit_notes.lower(unit, invoice, split.pre)
    unit.changed("invoice.updated", invoice)
    return note


@operation("credit_note.preview", check)
def preview(unit: Unit, args: Args) -> Obj:
    """Return the note that creating would make, without making it."""
    invoice = unit.get("invoice", args.params["invoice"], "invoice")
    lines = credit_notes.note_lines(unit, invoice, args.params)
    sums = credit_notes.totals(lines)
    note = _note(unit, invoice, args.params, sums, credit_notes.split(unit, invoice, sums["total"], args.params))
    note["lines"] = list_object([render(unit, line) for line in lines], f"/v1/credit_notes/{note['id']}/lines")
    return note


@operation("credit_note.retrieve")
def retrieve(unit: Unit, args: Args) -> Obj:
    """Return a credit note."""
    return unit.get("credit_note", args.id)


@operation("credit_note.update")
def update(unit: Unit, args: Args) -> Obj:
    """Change memo or metadata."""
    note = unit.get("credit_note", args.id)
    fields.copy(note, args.params, ("memo",))
    fields.merge_metadata(note, args.params)
    unit.changed("credit_note.updated", note)
    return note


@operation("credit_note.void_credit_note")
def void(unit: Unit, args: Args) -> Obj:
    """Void a note that has only lowered an invoice that is still open."""
    note = unit.get("credit_note", args.id)
    invoice = unit.get("invoice", note["invoice"])
    if note["status"] == "void":
        raise invalid("This credit note is void already.")
    if note["post_payment_amount"] or invoice["status"] != "open":
        raise invalid("This credit note has been applied and cannot be voided.")
    note.update(status="void", voided_at=unit.now(invoice["test_clock"]))
    unit.save(note)
    unit.emit("credit_note.voided", note)
    credit_notes.lower(unit, invoice, -note["pre_payment_amount"])
    return note


@operation("credit_note.list")
def list_notes(unit: Unit, args: Args) -> Obj:
    """List notes by customer, invoice and creation."""
    query = Query("credit_note")
    for name in ("customer", "invoice"):
        if args.params.get(name):
            query.where(name, args.params[name])
    if args.params.get("created") is not None:
        query.between("created", args.params["created"])
    return page(unit, args, query)


@operation("credit_note_line_item.list")
def list_lines(unit: Unit, args: Args) -> Obj:
    """List a note's lines."""
    note = unit.get("credit_note", args.id)
    return oldest_first(unit, args, _lines_query(note["id"]))


@renders("credit_note")
def with_lines(records: Records, note: Obj) -> None:
    """Embed the first ten lines."""
    if note["lines"]["data"]:
        return
    lines = records.select(_lines_query(note["id"]))
    data = [render(records, line) for line in lines[:EMBEDDED]]
    note["lines"] = list_object(data, f"/v1/credit_notes/{note['id']}/lines", has_more=len(lines) > EMBEDDED)


@renders("credit_note_line_item")
def without_storage(records: Records, line: Obj) -> None:
    """Leave out what only the storage needs, and show the tax rates as they are now."""
    line["tax_rates"] = tax_rates.shown(records, line["tax_rates"])
    line.pop("created", None)
    line.pop("invoice", None)


def _lines_query(note_id: str) -> Query:
    return Query("credit_note_line_item", ascending=True).where("invoice", note_id)


def _note(unit: Unit, invoice: Obj, params: Obj, sums: Obj, split: Split) -> Obj:
    note = unit.blank("credit_note", invoice["test_clock"])
    number = unit.count(Query("credit_note").where("invoice", invoice["id"])) + 1
    note.update(customer=invoice["customer"], invoice=invoice["id"], currency=invoice["currency"], status="issued")
    note.update(sums, pre_payment_amount=split.pre, post_payment_amount=split.post)
    note.update(out_of_band_amount=split.out_of_band or None, memo=params.get("memo"), reason=params.get("reason"))
    note["number"] = f"{invoice['number']}-CN-{number:02d}"
    note["pdf"] = f"{unit.services.base_url}/credit_notes/{note['id']}/pdf"
    note["effective_at"] = params.get("effective_at") or note["created"]
    kinds = {(True, False): "pre_payment", (False, True): "post_payment"}
    note["type"] = kinds.get((split.pre > 0, split.post > 0), "mixed")
    note["metadata"] = {}
    fields.merge_metadata(note, params)
    return note


def _refund_paid_part(unit: Unit, invoice: Obj, note: Obj, split: Split) -> None:
    given = list(split.linked)
    if split.refund:
        given.extend(_refund(unit, invoice, note, split.refund))
    for refund_id, _ in given:
        refund = unit.get("refund", refund_id)
        refund["_sim"]["credit_note"] = note["id"]
        unit.save(refund)
    note["refunds"] = [
        {"amount_refunded": amount, "payment_record_refund": None, "refund": refund_id, "type": "refund"}
        for refund_id, amount in given
    ]
    if split.credit:
        customer = unit.get("customer", invoice["customer"], "customer")
        links = {"credit_note": note["id"], "invoice": invoice["id"]}
        entry = balance.adjust(unit, customer, -split.credit, invoice["currency"], "credit_note", **links)
        note["customer_balance_transaction"] = entry["id"]
        unit.changed("customer.updated", customer)


def _refund(unit: Unit, invoice: Obj, note: Obj, amount: int) -> list[tuple[str, int]]:
    """Refund the invoice's charges, the newest first, until the amount is reached."""
    made = []
    for payment in unit.select(Query("invoice_payment").where("invoice", invoice["id"]).where("status", "paid")):
        intent = unit.get("payment_intent", payment["payment"]["payment_intent"])
        charge = unit.get("charge", intent["latest_charge"])
        part = min(amount, charge["amount_captured"] - charge["amount_refunded"])
        if part > 0:
            refund = refund_charge(unit, charge, part, None, {"credit_note": note["id"]})
            made.append((refund["id"], part))
            amount -= part
    if amount:
        raise invalid(f"refund_amount is {amount} more than the invoice's charges have left.", param="refund_amount")
    return made
