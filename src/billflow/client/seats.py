"""Calls that report seats."""

from collections.abc import Sequence

from billflow.client.calls import Call, write
from billflow.models.contracts.customers import SeatReport
from billflow.models.contracts.responses import SeatReportResponse


def report(deployment_id: str, reports: Sequence[SeatReport], *, key: str | None = None) -> Call[SeatReportResponse]:
    """Report up to ten thousand observations; the first report of a moment counts."""
    body = [report.model_dump(mode="json") for report in reports]
    return write("POST", f"/deployments/{deployment_id}/seats", SeatReportResponse, body, key)
