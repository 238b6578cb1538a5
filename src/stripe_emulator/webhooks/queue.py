"""Read what is to be delivered from the database and write down how it went."""

import json
from collections.abc import Container
from dataclasses import dataclass
from typing import Any

from stripe_emulator.engine.services import DAY, Services
from stripe_emulator.types import Obj

WAITING = """SELECT d.seq, d.event, d.account, d.attempts, d.first_at, e.status, e.body, o.body, o.status, o.deleted
    FROM deliveries d JOIN objects e ON e.id = d.event JOIN objects o ON o.id = d.endpoint
    WHERE d.state = 'pending' AND d.next_at <= ? ORDER BY d.next_at, d.seq LIMIT ?"""
NEXT = "SELECT MIN(next_at) FROM deliveries WHERE state = 'pending'"
GIVE_UP_AFTER = 3 * DAY


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event of a type, whose `body` is JSON, for one endpoint; `attempts` are those already made."""

    seq: int
    event_id: str
    account: str
    attempts: int
    first_at: float
    type: str
    body: str
    endpoint: Obj
    enabled: bool


def waiting(services: Services, limit: int, under_way: Container[int] = ()) -> list[Delivery]:
    """Return those of the first deliveries whose time has come that are not *under_way*, the longest waiting first."""
    found = services.db.execute(WAITING, (services.clock.now(), limit)).fetchall()
    return [_delivery(row) for row in found if row[0] not in under_way]


def next_at(services: Services) -> float | None:
    """Return when the next delivery is due, on the server's clock."""
    found: float | None = services.db.execute(NEXT).fetchone()[0]
    return found


def _delivery(row: tuple[Any, ...]) -> Delivery:
    seq, event_id, account, attempts, first_at, kind, body, endpoint, status, deleted = row
    enabled = status == "enabled" and not deleted
    return Delivery(seq, event_id, account, attempts, first_at, kind, body, json.loads(endpoint), enabled)


def delivered(services: Services, delivery: Delivery, status: int) -> None:
    """Note that the endpoint took the event."""
    sql = "UPDATE deliveries SET state = 'delivered', attempts = attempts + 1, last_status = ?, next_at = NULL"
    services.db.execute(f"{sql} WHERE seq = ?", (status, delivery.seq))


def refused(services: Services, delivery: Delivery, status: int | None, problem: str) -> None:
    """Note a failed attempt, and when to try again: never after three days or for a disabled endpoint."""
    schedule = services.settings.webhook_retries
    wait = schedule[min(delivery.attempts, len(schedule) - 1)] if schedule else None
    now = services.clock.now()
    over = wait is None or not delivery.enabled or now + wait - delivery.first_at > GIVE_UP_AFTER
    sql = """UPDATE deliveries SET attempts = attempts + 1, state = ?, next_at = ?, last_status = ?, last_error = ?
        WHERE seq = ?"""
    state, when = ("failed", None) if over or wait is None else ("pending", now + wait)
    services.db.execute(sql, (state, when, status, problem, delivery.seq))


def postpone(services: Services, delivery: Delivery, until: float) -> None:
    """Leave a delivery for later without counting an attempt."""
    services.db.execute("UPDATE deliveries SET next_at = ? WHERE seq = ?", (until, delivery.seq))


def discard(services: Services, delivery: Delivery) -> None:
    """Give a delivery up as if it had got lost on the way."""
    sql = "UPDATE deliveries SET state = 'failed', next_at = NULL, last_error = 'lost on purpose' WHERE seq = ?"
    services.db.execute(sql, (delivery.seq,))


def replay(services: Services, event_id: str) -> int:
    """Queue an event again for every endpoint that it was queued for; return how many."""
    now = services.clock.now()
    sql = """UPDATE deliveries SET state = 'pending', next_at = ?, first_at = ?, attempts = 0 WHERE event = ?"""
    return services.db.execute(sql, (now, now, event_id)).rowcount


def history(services: Services, limit: int) -> list[Obj]:
    """Return the newest deliveries with their state, attempts and last answer."""
    sql = """SELECT d.event, e.status, d.endpoint, d.account, d.state, d.attempts, d.next_at, d.last_status,
        d.last_error FROM deliveries d JOIN objects e ON e.id = d.event ORDER BY d.seq DESC LIMIT ?"""
    names = ("event", "type", "endpoint", "account", "state", "attempts", "next_at", "last_status", "last_error")
    return [dict(zip(names, row, strict=True)) for row in services.db.execute(sql, (limit,))]
