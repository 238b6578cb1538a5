"""What waits in the database: webhook deliveries and due tasks, written with the change that causes them."""

import json
from dataclasses import dataclass

from stripe_emulator.storage.database import Database
from stripe_emulator.types import Obj

EVERY_ACCOUNT = "*"
MARK = "test_clock.work"
ENDPOINTS = """SELECT body FROM objects WHERE kind = 'webhook_endpoint' AND deleted = 0
    AND status = 'enabled' AND account IN (?, '*') ORDER BY seq"""
DELIVERY = "INSERT INTO deliveries (event, endpoint, account, next_at, first_at) VALUES (?, ?, ?, ?, ?)"


@dataclass(frozen=True, slots=True)
class Due:
    """A task for later: at `at` seconds on the server's clock, or on the test clock when there is one."""

    at: float
    task: str
    object: str
    account: str
    test_clock: str | None


def queue(db: Database, account: str, event: Obj, now: float) -> int:
    """Queue an event for each endpoint of the account that listens to its type; return how many do."""
    count = 0
    for (body,) in db.execute(ENDPOINTS, (account,)).fetchall():
        endpoint = json.loads(body)
        if not {"*", event["type"]}.isdisjoint(endpoint["enabled_events"]):
            db.execute(DELIVERY, (event["id"], endpoint["id"], account, now, now))
            count += 1
    return count


def pending(db: Database, event_id: str) -> int:
    """Return how many endpoints have not taken the event yet."""
    sql = "SELECT COUNT(*) FROM deliveries WHERE event = ? AND state != 'delivered'"
    return int(db.execute(sql, (event_id,)).fetchone()[0])


def schedule(db: Database, due: Due) -> None:
    """Keep a task for later."""
    sql = "INSERT INTO due (at, task, object, account, test_clock) VALUES (?, ?, ?, ?, ?)"
    db.execute(sql, (due.at, due.task, due.object, due.account, due.test_clock))


def mark_clock(db: Database, clock: str, account: str) -> None:
    """Note that a test clock has something to do: that is many transactions, not one task."""
    schedule(db, Due(0, MARK, clock, account, MARK))


def take_mark(db: Database) -> Due | None:
    """Remove and return the oldest note about a test clock, or None."""
    return take_due(db, MARK, 0)


def take_due(db: Database, test_clock: str | None, until: float) -> Due | None:
    """Remove and return the earliest task that is due on this clock, or None."""
    sql = """SELECT seq, at, task, object, account, test_clock FROM due
        WHERE test_clock IS ? AND at <= ? ORDER BY at, seq LIMIT 1"""
    row = db.execute(sql, (test_clock, until)).fetchone()
    if row is None:
        return None
    db.execute("DELETE FROM due WHERE seq = ?", (row[0],))
    return Due(*row[1:])
