"""Calls about plans."""

from datetime import datetime
from typing import Any

from billflow.client.calls import Call, get, write
from billflow.domain.plan import PlanStatus, Schedule
from billflow.models.contracts.previews import ForecastResponse
from billflow.models.contracts.responses import (
    AddOnList,
    InvoiceList,
    ItemList,
    LedgerList,
    PlanList,
    PlanResponse,
    PlanStartResponse,
    TimelineList,
)

_PATH = "/plans"


def start(
    customer_id: str, tier: str, schedule: Schedule | str, *, key: str | None = None, **fields: Any
) -> Call[PlanStartResponse]:
    """Start a plan and wait for the card; *fields* are further ones, such as licenses or trial_days."""
    asked = {"customer_id": customer_id, "tier": tier, "schedule": Schedule(schedule), **fields}
    return write("POST", _PATH, PlanStartResponse, asked, key)


def show(plan_id: str, *, as_of: datetime | None = None) -> Call[PlanResponse]:
    """Show a plan as it is now, or as it was known to be *as_of* a moment."""
    return get(f"{_PATH}/{plan_id}", PlanResponse, as_of=as_of)


def search(  # noqa: PLR0913  (each is one filter)
    *,
    customer_id: str | None = None,
    test_clock_id: str | None = None,
    status: PlanStatus | None = None,
    tier: str | None = None,
    currency: str | None = None,
    live: bool | None = None,
    needs_attention: bool | None = None,
    attention: str | None = None,
    next_invoice_before: datetime | None = None,
    parallel_run: bool | None = None,
    as_of: datetime | None = None,
    limit: int = 50,
    after: str | None = None,
) -> Call[PlanList]:
    """List plans, the newest first; *live* ones run, trials included, *attention* is the code of what holds them.

    Those in a *parallel_run* are billed by another system yet.
    """
    wanted = {"customer_id": customer_id, "test_clock_id": test_clock_id, "status": status, "tier": tier}
    due = {"needs_attention": needs_attention, "next_invoice_before": next_invoice_before}
    state = {"currency": currency, "live": live, "attention": attention, "parallel_run": parallel_run}
    return get(_PATH, PlanList, **wanted, **state, **due, as_of=as_of, limit=limit, after=after)


def invoices(
    plan_id: str, *, as_of: datetime | None = None, limit: int = 50, after: str | None = None
) -> Call[InvoiceList]:
    """List a plan's invoices."""
    return get(f"{_PATH}/{plan_id}/invoices", InvoiceList, as_of=as_of, limit=limit, after=after)


def ledger(
    plan_id: str, *, as_of: datetime | None = None, limit: int = 50, after: str | None = None
) -> Call[LedgerList]:
    """List the entries of a plan's ledger, the oldest first."""
    return get(f"{_PATH}/{plan_id}/ledger", LedgerList, as_of=as_of, limit=limit, after=after)


def add_ons(
    plan_id: str, *, as_of: datetime | None = None, limit: int = 50, after: str | None = None
) -> Call[AddOnList]:
    """List a plan's add-ons, by their codes."""
    return get(f"{_PATH}/{plan_id}/add-ons", AddOnList, as_of=as_of, limit=limit, after=after)


def items(plan_id: str, *, as_of: datetime | None = None, limit: int = 50, after: str | None = None) -> Call[ItemList]:
    """List a plan's one-off items, the oldest first."""
    return get(f"{_PATH}/{plan_id}/items", ItemList, as_of=as_of, limit=limit, after=after)


def timeline(
    plan_id: str, *, as_of: datetime | None = None, limit: int = 50, after: str | None = None
) -> Call[TimelineList]:
    """List what happened to a plan, the oldest first."""
    return get(f"{_PATH}/{plan_id}/timeline", TimelineList, as_of=as_of, limit=limit, after=after)


def forecast(plan_id: str, count: int = 12) -> Call[ForecastResponse]:
    """List the invoices to come, if nothing changes."""
    return get(f"{_PATH}/{plan_id}/forecast", ForecastResponse, count=count)
