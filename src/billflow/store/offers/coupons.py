"""Coupons of an organization: made, archived and listed, and given to customers by support."""

from dataclasses import dataclass
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.coupons import AttachedCoupon, CouponEnd, check_coupon, check_redeemable
from billflow.domain.customer import CustomerTerms, redeemer
from billflow.domain.errors import NotFound, Refused
from billflow.models.contracts.coupons import CouponAttach, CouponCreate, CouponRecord, RedemptionRecord
from billflow.models.contracts.customers import ChangeContext, CustomerRef
from billflow.models.contracts.records import Page, Paging
from billflow.models.tables import CouponRedemptionRow, CouponRow, CustomerRow
from billflow.store.audit.recorder import Recorder, recorder_of
from billflow.store.customers.billing_accounts import default_account
from billflow.store.customers.transactions import customer_change, customer_read
from billflow.store.offers.coupon_records import CURRENT, attach, coupon_by_code, coupon_of, end, new_redemption
from billflow.store.plans.catalog_records import current_catalog
from billflow.store.plans.mapping import terms_of
from billflow.store.plans.start import plans_so_far
from billflow.store.session.database import Repository
from billflow.store.session.paging import ALL, page
from billflow.store.session.rows import NO_KEY, as_id, as_json, as_record, from_row, written


@dataclass(frozen=True)
class PostgresCouponRepository(Repository):
    """Coupons; every method is one transaction. Unknown codes and customers raise `NotFound`."""

    async def create(self, org_id: str, new: CouponCreate, change: ChangeContext) -> CouponRecord:
        """Make a coupon; raises `InvalidInput`, or `Refused` where its code is attached."""
        async with self.database.unit_of_work(org_id) as session:
            row = await create_coupon(recorder_of(session, as_id(org_id, "organization"), change), new)
            return as_record(CouponRecord, row)

    async def search(self, org_id: str, paging: Paging = ALL) -> Page[CouponRecord]:
        """Return one part of the coupons, the newest first."""
        async with self.database.unit_of_work(org_id) as session:
            order = (CouponRow.created_at, CouponRow.id)
            return await page(session, select(CouponRow), order, paging, lambda row: as_record(CouponRecord, row[0]))

    async def get(self, org_id: str, code: str) -> CouponRecord:
        """Return a coupon by its code, whatever its case."""
        async with self.database.unit_of_work(org_id) as session:
            return as_record(CouponRecord, await _coupon(session, code))

    async def archive(self, org_id: str, code: str, change: ChangeContext) -> CouponRecord:
        """Let nobody redeem a coupon any more; who has it keeps it. Archived already stays as it is."""
        async with self.database.unit_of_work(org_id) as session:
            row = await _coupon(session, code, lock=True)
            if row.archived_at is None:
                row.archived_at = change.at
                _note(row, "coupon.archived", recorder_of(session, row.org_id, change))
            return as_record(CouponRecord, row)

    async def attach(self, ref: CustomerRef, asked: CouponAttach, change: ChangeContext) -> RedemptionRecord:
        """Give a customer a coupon, from the next cycle that begins on; raises `Refused` as a purchase does."""
        async with customer_change(self.database, ref, change) as (customer, recorder):
            coupon = await _coupon(recorder.session, asked.coupon, lock=True)
            attached = await _redeemable(recorder, customer, coupon)
            redemption = await attach(coupon, customer, attached, recorder, asked.reason)
            return _redemption(redemption, coupon)

    async def preview(self, ref: CustomerRef, code: str, change: ChangeContext) -> AttachedCoupon:
        """Return what the customer would have of a coupon, and write nothing; raises as `attach` does."""
        async with customer_read(self.database, ref) as (customer, session):
            recorder = recorder_of(session, customer.org_id, change)
            return await _redeemable(recorder, customer, await _coupon(session, code))

    async def terms(self, ref: CustomerRef) -> CustomerTerms:
        """Return what was agreed with a customer, and the coupon it has."""
        async with customer_read(self.database, ref) as (customer, session):
            return await _terms(session, customer)

    async def detach(
        self, ref: CustomerRef, change: ChangeContext, redemption_id: str | None = None
    ) -> RedemptionRecord:
        """Let a customer's coupon discount no further cycle; raises `NotFound` where it has none, or not that one."""
        async with customer_change(self.database, ref, change) as (customer, recorder):
            query = select(CouponRedemptionRow).where(CouponRedemptionRow.customer_id == customer.id, CURRENT)
            redemption = (await recorder.session.scalars(query.with_for_update(key_share=True))).one_or_none()
            if redemption is None or redemption_id not in (None, str(redemption.id)):
                raise NotFound("The customer has no such coupon now; there is nothing to detach.")
            coupon = await recorder.session.get_one(CouponRow, redemption.coupon_id, with_for_update=NO_KEY)
            end(redemption, coupon, CouponEnd.DETACHED, recorder)
            return _redemption(redemption, coupon)

    async def of_customer(self, ref: CustomerRef) -> tuple[RedemptionRecord, ...]:
        """Return the coupons that a customer has or had, the newest first."""
        async with customer_read(self.database, ref) as (customer, session):
            query = (
                select(CouponRedemptionRow, CouponRow)
                .join(CouponRow, CouponRow.id == CouponRedemptionRow.coupon_id)
                .where(CouponRedemptionRow.customer_id == customer.id)
                .order_by(CouponRedemptionRow.at.desc(), CouponRedemptionRow.created_at.desc())
            )
            return tuple(_redemption(*found) for found in await session.execute(query))


async def create_coupon(recorder: Recorder, new: CouponCreate) -> CouponRow:
    """Write a new coupon; raises `InvalidInput`, or `Refused` where its code is taken."""
    session = recorder.session
    check_coupon(new.coupon(), await current_catalog(session), recorder.at)
    row = CouponRow(id=uuid4(), org_id=recorder.org_id, **dict(new) | {"tiers": list(new.tiers)})
    session.add(row)
    try:
        await written(session, row)
    except IntegrityError:
        message = f"There is a coupon {new.code} already; name another code."
        raise Refused(message, code="coupon_code_taken", field="code") from None
    _note(row, "coupon.created", recorder)
    return row


async def _coupon(session: AsyncSession, code: str, *, lock: bool = False) -> CouponRow:
    row = await coupon_by_code(session, code, lock=lock)
    if row is None:
        raise NotFound(f"There is no coupon {code!r}; correct the code.", code="unknown_coupon", field="coupon")
    return row


async def _redeemable(recorder: Recorder, customer: CustomerRow, coupon: CouponRow) -> AttachedCoupon:
    """Return what the customer would have of the coupon; raises `Refused` where it may not redeem it."""
    attached = new_redemption(coupon)
    check_redeemable(attached.coupon, redeemer(await _terms(recorder.session, customer)), recorder.at)
    return attached


async def _terms(session: AsyncSession, customer: CustomerRow) -> CustomerTerms:
    account, coupon = await default_account(session, customer.id), await coupon_of(session, customer.id)
    _, _, had_plan = await plans_so_far(session, customer)
    return terms_of(customer, account, coupon, had_plan=had_plan)


def _redemption(row: CouponRedemptionRow, coupon: CouponRow) -> RedemptionRecord:
    shown = {name: getattr(coupon, name) for name in ("code", "name", "percent_off", "amount_off", "tiers")}
    return from_row(RedemptionRecord, row, redemption_id=str(row.id), **shown)


def _note(row: CouponRow, event: str, recorder: Recorder) -> None:
    data = {"coupon_id": row.id, "code": row.code}
    recorder.audit(event, ("coupon", row.id), detail=as_json(data))
    recorder.publish(event, data)
