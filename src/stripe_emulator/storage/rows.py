"""Write objects to rows and read them back, with the columns that lists filter by."""

import json
from typing import Any

from stripe_emulator.storage.database import Database
from stripe_emulator.types import Obj

INSERT = """INSERT INTO objects
    (id, kind, account, created, written, customer, invoice, payment_intent, status, email, body)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
UPDATE = """UPDATE objects SET customer = ?, invoice = ?, payment_intent = ?, status = ?, email = ?,
    body = ? WHERE id = ?"""


def columns(obj: Obj) -> tuple[Any, ...]:
    """Return customer, invoice, payment intent, status and e-mail as lists filter by them."""
    intent = obj.get("payment_intent") or obj.get("payment", {}).get("payment_intent")
    if obj["object"] == "event":
        return None, _invoice_of(obj["data"]["object"]), None, obj["type"], None
    status = obj.get("type") if obj["object"] == "payment_method" else obj.get("status")
    return obj.get("customer"), obj.get("invoice"), intent, status, obj.get("email")


def _invoice_of(subject: Obj) -> str | None:
    found = subject["id"] if subject["object"] == "invoice" else subject.get("invoice")
    return found if isinstance(found, str) else None


def insert(db: Database, obj: Obj, account: str, written: float) -> None:
    """Store a new object; `written` is the wall time in seconds, which the search index lags behind."""
    created = obj.get("created", obj.get("date", 0))
    values = (obj["id"], obj["object"], account, created, written, *columns(obj), _body(obj))
    db.execute(INSERT, values)


def update(db: Database, obj: Obj) -> None:
    """Store a changed object."""
    db.execute(UPDATE, (*columns(obj), _body(obj), obj["id"]))


def _body(obj: Obj) -> str:
    """Return JSON without blanks, as an event is sent."""
    return json.dumps(obj, separators=(",", ":"))


def load(db: Database, account: str, identifier: str) -> tuple[Obj, bool] | None:
    """Return an object and whether it is deleted, or None when the account has no such id."""
    sql = "SELECT body, deleted FROM objects WHERE id = ? AND account = ?"
    row = db.execute(sql, (identifier, account)).fetchone()
    return None if row is None else (json.loads(row[0]), bool(row[1]))


def mark_deleted(db: Database, identifier: str) -> None:
    """Hide an object from lists; retrieving it may still say that it was deleted."""
    db.execute("UPDATE objects SET deleted = 1 WHERE id = ?", (identifier,))


def delete(db: Database, identifier: str) -> bool:
    """Remove an object without a trace; tell whether it was there."""
    return db.execute("DELETE FROM objects WHERE id = ?", (identifier,)).rowcount > 0
