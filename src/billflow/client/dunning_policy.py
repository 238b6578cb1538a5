"""Calls about how unpaid invoices are collected."""

from billflow.client.calls import Call, get, write
from billflow.models.contracts.dunning_policy import DunningResponse, DunningUpdate

_PATH = "/dunning"


def show() -> Call[DunningResponse]:
    """Show what follows from an unpaid invoice."""
    return get(_PATH, DunningResponse)


def update(changes: DunningUpdate, *, key: str | None = None) -> Call[DunningResponse]:
    """Change parts of the policy; collections that run keep the one they began with."""
    return write("PATCH", _PATH, DunningResponse, changes, key)
