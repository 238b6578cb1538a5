"""Idempotency records: the stored answer of a key's first execution."""

from dataclasses import dataclass

from stripe_emulator.storage.database import Database

LIFETIME = 86_400


@dataclass(frozen=True, slots=True)
class Stored:
    """A finished execution under a key; `fingerprint` covers method, path and parameters."""

    fingerprint: str
    request_id: str
    status: int
    body: bytes


def find(db: Database, account: str, key: str, now: float) -> Stored | None:
    """Return the record of a key that is younger than 24 hours of the server's time."""
    sql = """SELECT fingerprint, request_id, status, body FROM idempotency
        WHERE account = ? AND key = ? AND created > ?"""
    row = db.execute(sql, (account, key, now - LIFETIME)).fetchone()
    return None if row is None else Stored(*row)


def store(db: Database, account: str, key: str, stored: Stored, now: float) -> None:
    """Keep an answer, in the place of an expired one."""
    sql = """INSERT OR REPLACE INTO idempotency (account, key, fingerprint, request_id, created, status, body)
        VALUES (?, ?, ?, ?, ?, ?, ?)"""
    db.execute(sql, (account, key, stored.fingerprint, stored.request_id, now, stored.status, stored.body))
