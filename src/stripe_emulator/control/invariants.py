"""Look through everything stored for what must never be."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator

from stripe_emulator.engine import money
from stripe_emulator.storage.database import Database
from stripe_emulator.types import Obj


def broken(db: Database, unique_key: str | None) -> list[str]:
    """Return a sentence for each invariant that is broken; `unique_key` is a metadata key that names objects."""
    by_kind: dict[str, list[Obj]] = defaultdict(list)
    for (body,) in db.execute("SELECT body FROM objects WHERE deleted = 0 AND kind != 'event'"):
        obj = json.loads(body)
        by_kind[obj["object"]].append(obj)
    return [
        *(_doubles(by_kind, unique_key) if unique_key else ()),
        *_sums(by_kind),
        *_taxes(by_kind),
        *_dues(by_kind["invoice"]),
        *_balances(by_kind),
        *_charges(by_kind),
        *_silent(db, by_kind["invoice"]),
    ]


def _doubles(by_kind: dict[str, list[Obj]], key: str) -> Iterator[str]:
    for kind, objects in by_kind.items():
        named = Counter(obj["metadata"][key] for obj in objects if key in (obj.get("metadata") or {}))
        for name, count in named.items():
            if count > 1:
                yield f"{count} objects of kind {kind} have metadata {key}={name}"


def _taxes(by_kind: dict[str, list[Obj]]) -> Iterator[str]:
    """Compare subtotal, discounts, taxes and total of what was issued, and its taxes with those of its lines."""
    sums: Counter[str] = Counter()
    for line in by_kind["line_item"] + by_kind["credit_note_line_item"]:
        sums[line["invoice"]] += sum(tax["amount"] for tax in line["taxes"])
    for one in by_kind["invoice"] + by_kind["credit_note"]:
        if sums[one["id"]] != sum(tax["amount"] for tax in one["total_taxes"]):
            yield f"{one['id']}: the taxes of the lines are {sums[one['id']]}, the total taxes {one['total_taxes']}"
        off = sum(each["amount"] for each in one.get("total_discount_amounts") or [])
        total = one["subtotal"] - off + money.exclusive(one["total_taxes"])
        if total != one["total"] or one["total_excluding_tax"] + sums[one["id"]] != one["total"]:
            yield f"{one['id']}: subtotal, discounts and tax are {total}, the total is {one['total']}"


def _sums(by_kind: dict[str, list[Obj]]) -> Iterator[str]:
    sums: Counter[str] = Counter()
    for line in by_kind["line_item"]:
        sums[line["invoice"]] += line["amount"]
    for invoice in by_kind["invoice"]:
        if sums[invoice["id"]] != invoice["subtotal"]:
            yield f"{invoice['id']}: lines sum to {sums[invoice['id']]}, the subtotal is {invoice['subtotal']}"


def _dues(invoices: list[Obj]) -> Iterator[str]:
    for invoice in invoices:
        parts = invoice["amount_paid"] + invoice["amount_remaining"] + invoice["pre_payment_credit_notes_amount"]
        if parts != invoice["amount_due"]:
            yield f"{invoice['id']}: paid, remaining and credited are {parts}, due is {invoice['amount_due']}"
        if invoice["amount_remaining"] < 0:
            yield f"{invoice['id']}: {invoice['amount_remaining']} remains"


def _balances(by_kind: dict[str, list[Obj]]) -> Iterator[str]:
    ledger: Counter[str] = Counter()
    for entry in by_kind["customer_balance_transaction"]:
        ledger[entry["customer"]] += entry["amount"]
    for customer in by_kind["customer"]:
        if ledger[customer["id"]] != customer["balance"]:
            yield f"{customer['id']}: the ledger says {ledger[customer['id']]}, the balance {customer['balance']}"


def _charges(by_kind: dict[str, list[Obj]]) -> Iterator[str]:
    payments = {payment["payment"].get("payment_intent"): payment for payment in by_kind["invoice_payment"]}
    intents = {intent["id"]: intent for intent in by_kind["payment_intent"]}
    charged: Counter[str] = Counter()
    for charge in by_kind["charge"]:
        intent = intents.get(charge["payment_intent"])
        if not charge["paid"] or intent is None or intent["_sim"]["invoice"] is None:
            continue
        payment = payments.get(intent["id"])
        if payment is None or payment["status"] != "paid":
            yield f"{charge['id']} took money for {intent['_sim']['invoice']} without a paid invoice payment"
        charged[intent["_sim"]["invoice"]] += 1
    yield from (f"{invoice} was charged {count} times" for invoice, count in charged.items() if count > 1)


def _silent(db: Database, invoices: list[Obj]) -> Iterator[str]:
    told: dict[str, set[str]] = defaultdict(set)
    for invoice, event_type in db.execute("SELECT invoice, status FROM objects WHERE kind = 'event'"):
        told[invoice].add(event_type)
    for invoice in invoices:
        due = {"invoice.created"}
        due |= {"invoice.finalized"} if invoice["status"] != "draft" else set()
        due |= {"invoice.paid"} if invoice["status"] == "paid" else set()
        for event_type in sorted(due - told[invoice["id"]]):
            yield f"{invoice['id']} is {invoice['status']} without an event {event_type}"
