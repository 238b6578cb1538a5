"""Coupons of customers as rows: attached, used up by invoices, and given back by void ones (rules 34)."""

from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.coupons import AttachedCoupon, Coupon, CouponEnd, is_code
from billflow.models.tables import CouponRedemptionRow, CouponRow, CustomerRow, InvoiceRow
from billflow.store.audit.recorder import Recorder
from billflow.store.session.rows import NO_KEY, as_json, from_row

CURRENT = CouponRedemptionRow.ended_at.is_(None)
"""Redemptions that discount the next cycle."""

_ATTACHED = select(CouponRedemptionRow, CouponRow).join(CouponRow, CouponRow.id == CouponRedemptionRow.coupon_id)

HAS_COUPON = exists().where(CouponRedemptionRow.customer_id == CustomerRow.id, CURRENT)
"""Whether a customer has one, for a query that loads the customer."""


async def coupon_by_code(session: AsyncSession, code: str, *, lock: bool = False) -> CouponRow | None:
    """Return the coupon of that code, whatever its case; with *lock* locked, after its customer."""
    if not is_code(code.strip()):
        return None
    query = select(CouponRow).where(CouponRow.code_key == func.lower(code.strip()))
    return (await session.scalars(query.with_for_update(key_share=True) if lock else query)).one_or_none()


async def coupon_of(session: AsyncSession, customer_id: UUID) -> AttachedCoupon | None:
    """Return the coupon that discounts a customer's next cycle, None where there is none."""
    return await _one(session, CouponRedemptionRow.customer_id == customer_id, CURRENT)


async def coupons_by_customer(session: AsyncSession) -> dict[UUID, AttachedCoupon]:
    """Return the coupons that discount the next cycles of all customers."""
    rows = await session.execute(_ATTACHED.where(CURRENT))
    return {redemption.customer_id: _attached(redemption, coupon) for redemption, coupon in rows}


async def coupon_used_by(session: AsyncSession, invoice: InvoiceRow | None) -> AttachedCoupon | None:
    """Return the coupon that an invoice used, as it was before; None where it used none."""
    if invoice is None or invoice.coupon_redemption_id is None:
        return None
    used = CouponRedemptionRow.id == invoice.coupon_redemption_id
    return await _one(session, used, months_more=invoice.coupon_months)


async def _one(session: AsyncSession, *which: ColumnElement[bool], months_more: int = 0) -> AttachedCoupon | None:
    found = (await session.execute(_ATTACHED.where(*which))).one_or_none()
    return None if found is None else _attached(*found, months_more=months_more)


def _attached(redemption: CouponRedemptionRow, coupon: CouponRow, months_more: int = 0) -> AttachedCoupon:
    left = None if redemption.months_left is None else redemption.months_left + months_more
    return AttachedCoupon(redemption_id=str(redemption.id), coupon=from_row(Coupon, coupon), months_left=left)


def new_redemption(row: CouponRow) -> AttachedCoupon:
    """Return what a customer would have of a coupon that it redeems now."""
    coupon = from_row(Coupon, row)
    return AttachedCoupon(redemption_id=str(uuid4()), coupon=coupon, months_left=coupon.months)


async def attach(
    coupon: CouponRow, customer: CustomerRow, attached: AttachedCoupon, recorder: Recorder, reason: str | None = None
) -> CouponRedemptionRow:
    """Write that the customer redeemed a coupon, which is locked, and count it."""
    redemption = CouponRedemptionRow(
        id=UUID(attached.redemption_id),
        org_id=customer.org_id,
        coupon_id=coupon.id,
        customer_id=customer.id,
        months_left=attached.months_left,
        at=recorder.at,
        actor=recorder.actor,
        reason=reason,
    )
    coupon.times_redeemed += 1
    recorder.session.add(redemption)
    await recorder.session.flush()
    note(redemption, coupon, "coupon.attached", recorder)
    return redemption


async def write_use(before: AttachedCoupon | None, after: AttachedCoupon | None, recorder: Recorder) -> None:
    """Write what a step used of its customer's coupon; one of which nothing is left has ended."""
    if before is None or before == after:
        return
    redemption, coupon = await _locked(recorder.session, UUID(before.redemption_id))
    redemption.months_left = after.months_left if after else 0
    if after is None:
        end(redemption, coupon, CouponEnd.USED_UP, recorder)


async def return_months(invoice: InvoiceRow, recorder: Recorder) -> None:
    """Give back the months that a void invoice had used; one that was used up discounts again, if no other does."""
    if invoice.coupon_redemption_id is None or not invoice.coupon_months:
        return
    redemption, coupon = await _locked(recorder.session, invoice.coupon_redemption_id)
    redemption.months_left = (redemption.months_left or 0) + invoice.coupon_months
    mine = exists().where(CouponRedemptionRow.customer_id == redemption.customer_id, CURRENT)
    if redemption.end_reason is CouponEnd.USED_UP and not await recorder.session.scalar(select(mine)):
        redemption.ended_at = redemption.end_reason = None
        note(redemption, coupon, "coupon.attached", recorder)


async def use_again(invoice: InvoiceRow, recorder: Recorder) -> None:
    """Use the months of an invoice that were given back, or are to be used for another one."""
    if invoice.coupon_redemption_id is None or not invoice.coupon_months:
        return
    redemption, coupon = await _locked(recorder.session, invoice.coupon_redemption_id)
    redemption.months_left = max((redemption.months_left or 0) - invoice.coupon_months, 0)
    if not redemption.months_left and redemption.ended_at is None:
        end(redemption, coupon, CouponEnd.USED_UP, recorder)


async def has_months_for(session: AsyncSession, invoice: InvoiceRow) -> bool:
    """Tell whether the coupon that a void invoice had used is still there for another one in its place."""
    if invoice.coupon_redemption_id is None:
        return True
    redemption = await session.get_one(CouponRedemptionRow, invoice.coupon_redemption_id, with_for_update=NO_KEY)
    return redemption.ended_at is None and (redemption.months_left is None or redemption.months_left > 0)


async def release(redemption_id: UUID, recorder: Recorder) -> None:
    """Take back a coupon whose purchase came to nothing: somebody else may redeem it instead."""
    redemption, coupon = await _locked(recorder.session, redemption_id)
    if redemption.end_reason is CouponEnd.PURCHASE_FAILED:
        return
    coupon.times_redeemed -= 1
    end(redemption, coupon, CouponEnd.PURCHASE_FAILED, recorder)


async def _locked(session: AsyncSession, redemption_id: UUID) -> tuple[CouponRedemptionRow, CouponRow]:
    redemption = await session.get_one(CouponRedemptionRow, redemption_id, with_for_update=NO_KEY)
    return redemption, await session.get_one(CouponRow, redemption.coupon_id, with_for_update=NO_KEY)


def end(redemption: CouponRedemptionRow, coupon: CouponRow, reason: CouponEnd, recorder: Recorder) -> None:
    """Let a coupon discount no further cycle of its customer."""
    redemption.ended_at, redemption.end_reason = recorder.at, reason
    note(redemption, coupon, "coupon.ended", recorder)


def note(redemption: CouponRedemptionRow, coupon: CouponRow, event: str, recorder: Recorder) -> None:
    """Write an audit entry and an event about a customer's coupon."""
    data = {
        "redemption_id": redemption.id,
        "coupon": coupon.code,
        "months_left": redemption.months_left,
        "end_reason": redemption.end_reason,
    }
    detail = as_json(data | {"customer_id": redemption.customer_id, "reason": redemption.reason})
    recorder.audit(event, ("coupon_redemption", redemption.id), detail=detail)
    recorder.publish(event, data, customer_id=redemption.customer_id)
