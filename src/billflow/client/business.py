"""Calls about the whole business."""

from datetime import datetime

from billflow.client.calls import Call, get
from billflow.models.contracts.business import BusinessReport, MovementList, RenewalList

_PATH = "/business"


def report(*, as_of: datetime | None = None) -> Call[BusinessReport]:
    """Show the figures of the whole business: what recurs, came in, is owed, renews and waits; amounts by currency."""
    return get(_PATH, BusinessReport, as_of=as_of)


def renewals(*, as_of: datetime | None = None, limit: int = 50, after: str | None = None) -> Call[RenewalList]:
    """List the plans whose next cycle begins within 30 days, with what it costs, the next one first."""
    return get(f"{_PATH}/renewals", RenewalList, as_of=as_of, limit=limit, after=after)


def movements(  # noqa: PLR0913  (each is one filter)
    since: datetime,
    until: datetime,
    *,
    currency: str | None = None,
    as_of: datetime | None = None,
    limit: int = 50,
    after: str | None = None,
) -> Call[MovementList]:
    """List the customers of whom what is billed to recur changed in `[since, until)`, the largest change first."""
    span = {"since": since, "until": until, "currency": currency, "as_of": as_of}
    return get(f"{_PATH}/movements", MovementList, **span, limit=limit, after=after)
