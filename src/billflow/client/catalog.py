"""Calls about what is sold."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from billflow.client.calls import Call, ask, get, write
from billflow.models.contracts.catalog import CatalogResponse, CatalogVersionList
from billflow.models.contracts.catalog_changes import (
    CatalogDiff,
    PriceChangeList,
    PriceChangePreview,
    PriceChangeResponse,
    PriceChangeStartResponse,
)

_PATH = "/catalog"

Tables = Mapping[str, Mapping[str, Any]]
"""What is sold, each under its code."""


def show(version: int | None = None) -> Call[CatalogResponse]:
    """Show what is sold, or was by an earlier version."""
    return get(_PATH if version is None else f"{_PATH}/versions/{version}", CatalogResponse)


def versions(*, limit: int = 50, after: str | None = None) -> Call[CatalogVersionList]:
    """List every version that was applied, the newest first."""
    return get(f"{_PATH}/versions", CatalogVersionList, limit=limit, after=after)


def apply(
    tiers: Tables, *, add_ons: Tables | None = None, reason: str | None = None, key: str | None = None
) -> Call[CatalogResponse]:
    """Sell these tiers and add-ons from now on, each under its code; plans that run keep their price."""
    return write("PUT", _PATH, CatalogResponse, {"tier": tiers, "add_on": add_ons or {}, "reason": reason}, key)


def diff(tiers: Tables, add_ons: Tables | None = None) -> Call[CatalogDiff]:
    """Say what these tiers and add-ons would change, and which plans' next invoice; nothing is written."""
    return ask(f"{_PATH}/diff", CatalogDiff, {"tier": tiers, "add_on": add_ons or {}})


def preview_price_change(tier: str, starts_at: datetime, notice_days: int) -> Call[PriceChangePreview]:
    """List the plans that a price change would reach; nothing is written."""
    asked = {"tier": tier, "starts_at": starts_at, "notice_days": notice_days}
    return ask(f"{_PATH}/price-changes/preview", PriceChangePreview, asked)


def announce_price_change(
    tier: str, starts_at: datetime, notice_days: int, *, reason: str | None = None, key: str | None = None
) -> Call[PriceChangeStartResponse]:
    """Give the plans of a tier the price that is listed, at their first renewal after a date and a notice."""
    asked = {"tier": tier, "starts_at": starts_at, "notice_days": notice_days, "reason": reason}
    return write("POST", f"{_PATH}/price-changes", PriceChangeStartResponse, asked, key)


def price_changes(*, limit: int = 50, after: str | None = None) -> Call[PriceChangeList]:
    """List the price changes that were announced, the newest first."""
    return get(f"{_PATH}/price-changes", PriceChangeList, limit=limit, after=after)


def withdraw_price_change(price_change_id: str, *, key: str | None = None) -> Call[PriceChangeResponse]:
    """Let the plans that still have their price keep it."""
    return write("DELETE", f"{_PATH}/price-changes/{price_change_id}", PriceChangeResponse, None, key)
