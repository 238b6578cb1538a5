"""Task queues as operators see them."""

from billflow.models.contracts.base import Contract, Moment


class QueueRecord(Contract):
    """A task queue: how many of its activities are handed out a second, and about how much waits.

    `per_second` is None where there is no limit; `set_at` is None where nobody ever set one. `workers` counts the
    processes that asked for work in the last minutes, `oldest_seconds` is about how long the oldest of it waits.
    """

    queue: str
    per_second: float | None
    reason: str | None
    set_by: str | None
    set_at: Moment | None
    activities_waiting: int
    workflows_waiting: int
    oldest_seconds: int = 0
    workers: int
