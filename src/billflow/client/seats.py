"""Calls about seats: reporting them, and where they are pulled from."""

from collections.abc import Sequence

from billflow.client.calls import Call, get, write
from billflow.models.contracts.customers import SeatReport
from billflow.models.contracts.responses import (
    CreatedSeatSourceResponse,
    SeatPullResponse,
    SeatReportResponse,
    SeatSourceList,
)

_SOURCES = "/seat-sources"


def report(deployment_id: str, reports: Sequence[SeatReport], *, key: str | None = None) -> Call[SeatReportResponse]:
    """Report up to ten thousand observations; the first report of a moment counts."""
    body = [report.model_dump(mode="json") for report in reports]
    return write("POST", f"/deployments/{deployment_id}/seats", SeatReportResponse, body, key)


def sources() -> Call[SeatSourceList]:
    """List where seats come from."""
    return get(_SOURCES, SeatSourceList)


def set_source(
    kind: str, target: str | None = None, customer_id: str | None = None, *, key: str | None = None
) -> Call[CreatedSeatSourceResponse]:
    """Let seats come by `push`, or over `http` from *target*: of one customer, or of all without their own source."""
    body = {"kind": kind, "target": target, "customer_id": customer_id}
    return write("POST", _SOURCES, CreatedSeatSourceResponse, body, key)


def remove_source(seat_source_id: str, *, key: str | None = None) -> Call[None]:
    """Let seats come by reports alone again."""
    return write("DELETE", f"{_SOURCES}/{seat_source_id}", type(None), key=key)


def pull(customer_id: str | None = None, *, key: str | None = None) -> Call[SeatPullResponse]:
    """Count a customer's seats, or everyone's, and write what the source says."""
    return write("POST", f"{_SOURCES}/pull", SeatPullResponse, {"customer_id": customer_id}, key)


def check(customer_id: str | None = None, *, key: str | None = None) -> Call[SeatPullResponse]:
    """Count, and write nothing."""
    return write("POST", f"{_SOURCES}/check", SeatPullResponse, {"customer_id": customer_id}, key)
