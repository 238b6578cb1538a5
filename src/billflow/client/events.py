"""Calls about events."""

from datetime import datetime

from billflow.client.calls import Call, get
from billflow.models.contracts.responses import EventList


def search(
    *,
    kind: str | None = None,
    customer_id: str | None = None,
    since: datetime | None = None,
    limit: int = 50,
    after: str | None = None,
) -> Call[EventList]:
    """List events, the newest first; *kind* is a type such as `invoice.paid`."""
    wanted = {"type": kind, "customer_id": customer_id, "since": since}
    return get("/events", EventList, **wanted, limit=limit, after=after)
