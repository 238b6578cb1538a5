"""Calls about what is sold."""

from collections.abc import Mapping
from typing import Any

from billflow.client.calls import Call, get, write
from billflow.models.contracts.catalog import CatalogResponse, CatalogVersionList

_PATH = "/catalog"


def show(version: int | None = None) -> Call[CatalogResponse]:
    """Show what is sold, or was by an earlier version."""
    return get(_PATH if version is None else f"{_PATH}/versions/{version}", CatalogResponse)


def versions() -> Call[CatalogVersionList]:
    """List every version that was applied, the newest first."""
    return get(f"{_PATH}/versions", CatalogVersionList)


def apply(
    tiers: Mapping[str, Mapping[str, Any]], *, reason: str | None = None, key: str | None = None
) -> Call[CatalogResponse]:
    """Sell these tiers from now on, each under its code; plans that run keep their price."""
    return write("PUT", _PATH, CatalogResponse, {"tier": tiers, "reason": reason}, key)
