"""Calls about seats: reporting them, who may join, and where they are pulled from."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from billflow.client.calls import Call, get, write
from billflow.models.contracts.customers import SeatGateRecord, SeatReportCreate
from billflow.models.contracts.responses import (
    CreatedSeatSourceResponse,
    SeatList,
    SeatMemberList,
    SeatPullResponse,
    SeatReportResponse,
    SeatSourceList,
)

_SOURCES = "/seat-sources"


@dataclass(frozen=True)
class Seats:
    """Calls about the seats of one customer, or of one deployment."""

    path: str

    def report(self, reports: Sequence[SeatReportCreate], *, key: str | None = None) -> Call[SeatReportResponse]:
        """Report up to ten thousand observations, of now where they name no moment; the first of a moment counts."""
        return write("POST", self.path, SeatReportResponse, [_report(report) for report in reports], key)

    def search(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 50,
        after: str | None = None,
        as_of: datetime | None = None,
    ) -> Call[SeatList]:
        """List what was reported, in time order."""
        return get(self.path, SeatList, since=since, until=until, limit=limit, after=after, as_of=as_of)

    def members(self, *, limit: int = 50, after: str | None = None) -> Call[SeatMemberList]:
        """List who came and who went, by hashes of the product's own ids."""
        return get(f"{self.path}/members", SeatMemberList, limit=limit, after=after)

    def can_add(self, members: int = 1, guests: int = 0) -> Call[SeatGateRecord]:
        """Tell whether people may join, and how many licenses are spare before they do."""
        return get(f"{self.path}/can-add", SeatGateRecord, members=members, guests=guests)


def of_customer(customer_id: str) -> Seats:
    """Return the calls about a customer's seats."""
    return Seats(f"/customers/{customer_id}/seats")


def of_deployment(deployment_id: str) -> Seats:
    """Return the same of a deployment."""
    return Seats(f"/deployments/{deployment_id}/seats")


def sources(*, limit: int = 50, after: str | None = None) -> Call[SeatSourceList]:
    """List where seats come from."""
    return get(_SOURCES, SeatSourceList, limit=limit, after=after)


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


def _report(report: SeatReportCreate) -> dict[str, object]:
    return report.model_dump(mode="json", exclude_unset=True)
