"""What a customer brings along: how it pays, what was agreed with it, its credit, its coupon and its seats."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import uuid4

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.currencies import in_steps
from billflow.domain.errors import Refused
from billflow.models.contracts.customers import CustomerPricing
from billflow.models.contracts.imports import CustomerOpening, SeatOpening
from billflow.models.contracts.keys import import_key
from billflow.models.tables import BillingAccountRow, CreditPosting, CreditRow, CustomerRow, SeatRow
from billflow.store.audit.recorder import Recorder
from billflow.store.offers.coupon_records import attach, coupon_by_code, new_redemption
from billflow.store.offers.coupons import create_coupon

OPENING_BALANCE = "opening_balance"
"""The reason of the credit that a customer had with the other system."""


async def open_account(
    recorder: Recorder, customer: CustomerRow, account: BillingAccountRow, opening: CustomerOpening
) -> None:
    """Write what a new customer brings along; raises `InvalidInput` or `Refused` for what can't be taken."""
    account.stripe_customer_id = opening.stripe_customer_id
    if opening.stripe_payment_method_id is not None:
        account.stripe_payment_method_id, account.card_since = opening.stripe_payment_method_id, recorder.at
    if opening.pricing is not None:
        opening.pricing.check_chargeable(account.currency)
        for name in CustomerPricing.model_fields:
            setattr(customer, name, getattr(opening.pricing, name))
    await recorder.session.flush()
    if opening.credit_balance:
        await open_credit(recorder, customer, account, opening)
    if opening.coupon is not None:
        await _coupon(recorder, customer, opening, opening.coupon)


async def open_credit(
    recorder: Recorder, customer: CustomerRow, account: BillingAccountRow, opening: CustomerOpening
) -> None:
    """Write the credit that a customer has at the other system; after a parallel run, what is left at its cutover."""
    row = CreditRow(
        id=uuid4(),
        org_id=customer.org_id,
        customer_id=customer.id,
        amount=in_steps(opening.credit_balance, account.currency, "credit_balance"),
        currency=account.currency,
        reason=OPENING_BALANCE,
        step_key=import_key(opening.external_id),
        at=recorder.at,
    )
    recorder.session.add(row)
    await recorder.session.flush()
    if opening.stripe_balance_transaction_id is not None:
        posting = {"credit_id": row.id, "stripe_balance_transaction_id": opening.stripe_balance_transaction_id}
        recorder.session.add(CreditPosting(org_id=customer.org_id, billing_account_id=account.id, **posting))
    data = {"credit_id": str(row.id), "amount": row.amount, "currency": row.currency, "reason": row.reason}
    recorder.audit("credit.granted", ("customer", customer.id), after=data)
    recorder.publish("credit.granted", data, customer_id=customer.id)


async def _coupon(recorder: Recorder, customer: CustomerRow, opening: CustomerOpening, code: str) -> None:
    months_left = opening.coupon_months_left
    coupon = await coupon_by_code(recorder.session, code, lock=True)
    if coupon is None and opening.coupon_terms is not None:
        coupon = await create_coupon(recorder, opening.coupon_terms)
    if coupon is None:
        raise Refused(f"There is no coupon {code!r}; create it first.", code="unknown_coupon", field="coupon")
    attached = new_redemption(coupon)
    if months_left is not None:
        attached = replace(attached, months_left=months_left)
    await attach(coupon, customer, attached, recorder, reason="import")


async def report_seats(session: AsyncSession, customer: CustomerRow, seats: Sequence[SeatOpening]) -> None:
    """Write what was observed of the customer's seats; the first report of a moment counts."""
    if not seats:
        return
    rows = [
        {"org_id": customer.org_id, "customer_id": customer.id, **seat.model_dump(exclude={"customer"})}
        for seat in seats
    ]
    await session.execute(insert(SeatRow).values(rows).on_conflict_do_nothing())
