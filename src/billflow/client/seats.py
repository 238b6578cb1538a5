"""Calls that report seats."""

from collections.abc import Sequence

from billflow.client.calls import Call, write
from billflow.client.models import SeatsReceived
from billflow.models.contracts.customers import SeatReport


def report(deployment_id: str, reports: Sequence[SeatReport], *, key: str | None = None) -> Call[SeatsReceived]:
    """Report up to ten thousand observations; the first report of a moment counts."""
    body = [report.model_dump(mode="json") for report in reports]
    return write("POST", f"/deployments/{deployment_id}/seats", SeatsReceived, body, key)
