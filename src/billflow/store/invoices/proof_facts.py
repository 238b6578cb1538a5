"""The facts behind an invoice that stand in other tables than its own: seats, items, prices, taxes, coupon."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.models.tables import (
    CatalogVersionRow,
    CouponRedemptionRow,
    CouponRow,
    CustomerPlan,
    InvoiceLineRow,
    InvoiceRow,
    LicenseLedger,
    PlanItem,
    SeatRow,
    TaxVersionRow,
)
from billflow.store.invoices.digests import canonical_fields

_ITEM = ("seq", "description", "unit_amount", "quantity", "service_start", "service_end", "added_at")
_COUPON = ("code", "name", "percent_off", "amount_off", "duration", "duration_in_months")


async def observations_before(
    session: AsyncSession, invoice: InvoiceRow, ledger: Iterable[LicenseLedger]
) -> list[dict[str, Any]]:
    """Return for each ledger entry the newest count of seats that was known at its moment."""
    of_customer = select(SeatRow).where(SeatRow.customer_id == invoice.customer_id).order_by(SeatRow.observed_at.desc())
    found = {}
    for moment in sorted({entry.event_time for entry in ledger}):
        row = await session.scalar(of_customer.where(SeatRow.observed_at <= moment).limit(1))
        if row is not None:
            found[row.observed_at] = canonical_fields(row, ("observed_at", "members", "guests"))
    return list(found.values())


async def items_of(session: AsyncSession, lines: Iterable[InvoiceLineRow]) -> dict[UUID, dict[str, Any]]:
    """Return the one-off items that *lines* bill, as they were agreed, by the line that the records name."""
    billing = PlanItem.invoice_line_id.in_([line.replaces_line_id or line.id for line in lines])
    rows = await session.scalars(select(PlanItem).where(billing).order_by(PlanItem.seq))
    return {row.invoice_line_id: canonical_fields(row, _ITEM) for row in rows if row.invoice_line_id}


async def catalog_of(session: AsyncSession, invoice: InvoiceRow) -> dict[str, Any] | None:
    """Return what was sold of the plan's tier by the version of the catalogue that held when the invoice was made."""
    held = CatalogVersionRow.created_at <= invoice.created_at
    newest = select(CatalogVersionRow).where(held).order_by(CatalogVersionRow.version.desc()).limit(1)
    version, tier = (
        await session.scalar(newest),
        await session.scalar(select(CustomerPlan.tier).where(CustomerPlan.id == invoice.plan_id)),
    )
    if version is None:
        return None
    listed = version.content.get("tier", {}).get(tier)
    return {**canonical_fields(version, ("version", "at")), "tier": tier, "listed": listed}


async def taxes_of(session: AsyncSession, invoice: InvoiceRow, dated: datetime) -> dict[str, Any] | None:
    """Return the version of the taxes that an invoice goes by, which was first *dated* so."""
    known = TaxVersionRow.created_at <= invoice.created_at
    holds = or_(TaxVersionRow.starts_at.is_(None), TaxVersionRow.starts_at <= dated)
    newest = select(TaxVersionRow).where(known, holds).order_by(TaxVersionRow.version.desc()).limit(1)
    version = await session.scalar(newest)
    return None if version is None else canonical_fields(version, ("version", "at", "content"))


async def coupon_of(session: AsyncSession, invoice: InvoiceRow) -> dict[str, Any] | None:
    """Return the coupon that the invoice uses months of, and how many."""
    if invoice.coupon_redemption_id is None:
        return None
    query = select(CouponRow).join(CouponRedemptionRow, CouponRedemptionRow.coupon_id == CouponRow.id)
    coupon = (await session.scalars(query.where(CouponRedemptionRow.id == invoice.coupon_redemption_id))).one()
    return {**canonical_fields(coupon, _COUPON), "months_used": invoice.coupon_months}
