"""Credits that support grants; they are rows, and the next invoices use them up."""

from dataclasses import dataclass
from uuid import uuid4

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.errors import InvalidInput
from billflow.models.contracts.customer_finances import Amount, CreditsRecord, GrantedCredit, NewCredit
from billflow.models.contracts.customers import ChangeContext, CustomerRef
from billflow.models.tables import BillingAccountRow, CreditRow, CustomerRow
from billflow.store.customers.base import CustomerStore
from billflow.store.session.mapping import from_row


@dataclass(frozen=True)
class Credits(CustomerStore):
    """The credits of a customer; unknown ids raise `NotFound`."""

    async def credits(self, ref: CustomerRef) -> CreditsRecord:
        """Return what is left, and every row it comes from, the newest first."""
        async with self._reading(ref) as (customer, session):
            mine = CreditRow.customer_id == customer.id
            rows = await session.scalars(
                select(CreditRow).where(mine).order_by(CreditRow.at.desc(), CreditRow.created_at.desc())
            )
            sums = select(CreditRow.currency, func.sum(CreditRow.amount)).where(mine).group_by(CreditRow.currency)
            balance = (await session.execute(sums.order_by(CreditRow.currency))).all()
            return CreditsRecord(
                balance=tuple(Amount(currency=currency, amount=int(amount)) for currency, amount in balance),
                credits=tuple(map(_record, rows)),
            )

    async def grant_credit(self, ref: CustomerRef, new: NewCredit, key: str, change: ChangeContext) -> GrantedCredit:
        """Grant a credit once per *key*; raises `InvalidInput` for a currency the customer does not pay in."""
        async with self._changing(ref, change) as (customer, recorder):
            known = select(CreditRow).where(CreditRow.customer_id == customer.id, CreditRow.step_key == f"grant/{key}")
            if granted := (await recorder.session.scalars(known)).first():
                return _record(granted)
            row = CreditRow(
                id=uuid4(),
                org_id=customer.org_id,
                customer_id=customer.id,
                amount=new.amount,
                currency=await _currency(recorder.session, customer, new.currency),
                reason=new.reason,
                step_key=f"grant/{key}",
                at=change.at,
            )
            recorder.session.add(row)
            data = {"credit_id": str(row.id), "amount": row.amount, "currency": row.currency, "reason": row.reason}
            recorder.audit("credit.granted", ("customer", customer.id), after=data)
            recorder.say("credit.granted", data, customer_id=customer.id)
            await recorder.session.flush()
            return _record(row)


async def _currency(session: AsyncSession, customer: CustomerRow, wanted: str | None) -> str:
    query = select(BillingAccountRow.currency).where(
        BillingAccountRow.customer_id == customer.id, BillingAccountRow.is_default
    )
    currency = (await session.scalars(query)).one()
    if wanted is not None and wanted.upper() != currency:
        raise InvalidInput(f"The customer pays in {currency}; grant in that.", code="wrong_currency", field="currency")
    return currency


def _record(row: CreditRow) -> GrantedCredit:
    return from_row(GrantedCredit, row, credit_id=row.id)
