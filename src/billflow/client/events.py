"""Calls about events."""

from datetime import datetime

from billflow.client.calls import Call, get
from billflow.models.contracts.responses import EventList


def search(  # noqa: PLR0913  (each is one filter)
    *,
    type: str | None = None,  # noqa: A002  (the field is called so)
    customer_id: str | None = None,
    plan_id: str | None = None,
    since: datetime | None = None,
    limit: int = 50,
    after: str | None = None,
) -> Call[EventList]:
    """List events, the newest first; *type* is such as `invoice.paid`."""
    wanted = {"type": type, "customer_id": customer_id, "plan_id": plan_id, "since": since}
    return get("/events", EventList, **wanted, limit=limit, after=after)
