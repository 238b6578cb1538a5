"""A bound on silence: what is awaited may take its time, but who makes no progress ends the benchmark and is named."""

import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

import psycopg
from temporalio.client import Client

SILENCE = 120.0
"""Seconds without any progress. Lost tasks come again after ten, and nothing that the plans do pauses for longer."""
SHOWN = 3
"""How many of what is open are described one by one."""

_UNPAID = (
    "SELECT p.id::text, coalesce(i.status, 'not written') FROM customer_plan AS p"
    " LEFT JOIN invoice AS i ON i.plan_id = p.id AND i.created_at >= %s"
    " WHERE p.id = ANY (%s::uuid[]) AND i.paid_at IS NULL ORDER BY 2, 1"
)


class Progress:
    """What was last seen, and since when it is the same."""

    def __init__(self, what_is_open: Callable[[], Awaitable[str]], silence: float = SILENCE) -> None:
        self._what_is_open, self._silence = what_is_open, silence
        self._seen: object = None
        self._since = time.monotonic()

    async def note(self, seen: object) -> None:
        """Note what is there now; raises `SystemExit` with what is open where it has been the same for too long."""
        if seen != self._seen:
            self._seen, self._since = seen, time.monotonic()
        elif time.monotonic() - self._since > self._silence:
            raise SystemExit(f"No progress for {self._silence:.0f} s. {await self._what_is_open()}")


async def open_plans(url: str, client: Client, prefix: str, plan_ids: Sequence[str], due: datetime) -> str:
    """Say how far the invoices of plans are that are not paid, and what the workflows of some of them wait for."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        unpaid = await (await connection.execute(_UNPAID, [due, list(plan_ids)])).fetchall()
    statuses = [status for _, status in unpaid]
    counts = ", ".join(f"{statuses.count(one)} {one}" for one in dict.fromkeys(statuses)) or "none"
    names = [f"{prefix}/{plan_id}" for plan_id, _ in unpaid] or [f"{prefix}/{plan_id}" for plan_id in plan_ids]
    described = [await waits_for(client, name) for name in names[:SHOWN]]
    return "\n".join([f"Of {len(plan_ids)} invoices, unpaid: {counts}.", *described])


async def waits_for(client: Client, workflow_id: str) -> str:
    """Say what a workflow waits for: its task, activities with their last failure, and children."""
    described = await client.get_workflow_handle(workflow_id).describe()
    raw, status = described.raw_description, described.status.name.lower() if described.status else "unknown"
    task = raw.pending_workflow_task
    waits = [f"a workflow task, attempt {task.attempt}"] if raw.HasField("pending_workflow_task") else []
    waits += [
        f"{one.activity_type.name}, attempt {one.attempt} ({one.last_failure.message or 'no failure'})"
        for one in raw.pending_activities
    ]
    waits += [one.workflow_id for one in raw.pending_children]
    return f"{workflow_id}: {status}, {described.history_length} events, waits for {'; '.join(waits) or 'a timer'}"
