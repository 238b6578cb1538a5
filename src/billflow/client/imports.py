"""Calls that import what another billing system billed so far."""

from collections.abc import Sequence

from billflow.client.calls import Call, write
from billflow.models.contracts.imports import CustomerImport, ImportResponse


def take(
    customers: Sequence[CustomerImport],
    *,
    check: bool = False,
    test_clock_id: str | None = None,
    parallel_run: bool = False,
    key: str | None = None,
) -> Call[ImportResponse]:
    """Import up to a hundred customers with their plans, each whole or not at all; with *check* write nothing.

    In a *parallel_run* the other system goes on to bill the plans.
    """
    wanted = [one.model_dump(mode="json", exclude_unset=True) for one in customers]
    body = {"customers": wanted, "check": check, "test_clock_id": test_clock_id, "parallel_run": parallel_run}
    return write("POST", "/imports", ImportResponse, body, key)
