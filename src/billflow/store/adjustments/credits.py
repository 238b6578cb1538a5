"""Credits that support grants; they are rows, and the next invoices use them up."""

from uuid import uuid4

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.currencies import in_steps
from billflow.domain.errors import InvalidInput
from billflow.models.contracts.customer_finances import Amount, CreditCreate, CreditsRecord, GrantedCredit
from billflow.models.contracts.customers import ChangeContext, CustomerRef
from billflow.models.contracts.keys import NamespacedKey
from billflow.models.tables import CreditRow, CustomerRow
from billflow.store.customers.billing_accounts import default_account
from billflow.store.customers.transactions import customer_change, customer_read
from billflow.store.session.database import Repository
from billflow.store.session.rows import as_record


class PostgresCreditRepository(Repository):
    """The credits of customers; every method is one transaction. Unknown ids raise `NotFound`."""

    async def get(self, ref: CustomerRef) -> CreditsRecord:
        """Return what is left, and every row it comes from, the newest first."""
        async with customer_read(self.database, ref) as (customer, session):
            mine = CreditRow.customer_id == customer.id
            rows = await session.scalars(
                select(CreditRow).where(mine).order_by(CreditRow.at.desc(), CreditRow.created_at.desc())
            )
            sums = select(CreditRow.currency, func.sum(CreditRow.amount)).where(mine).group_by(CreditRow.currency)
            balance = (await session.execute(sums.order_by(CreditRow.currency))).all()
            return CreditsRecord(
                balance=tuple(Amount(currency=currency, amount=int(amount)) for currency, amount in balance),
                credits=tuple(as_record(GrantedCredit, row) for row in rows),
            )

    async def grant(
        self, ref: CustomerRef, new: CreditCreate, key: NamespacedKey, change: ChangeContext
    ) -> GrantedCredit:
        """Grant a credit once per *key*; raises `InvalidInput` for a currency it does not pay in, or an odd amount."""
        async with customer_change(self.database, ref, change) as (customer, recorder):
            known = select(CreditRow).where(CreditRow.customer_id == customer.id, CreditRow.step_key == f"grant/{key}")
            if granted := (await recorder.session.scalars(known)).first():
                return as_record(GrantedCredit, granted)
            currency = await _currency(recorder.session, customer, new.currency)
            row = CreditRow(
                id=uuid4(),
                org_id=customer.org_id,
                customer_id=customer.id,
                amount=in_steps(new.amount, currency, "amount"),
                currency=currency,
                reason=new.reason,
                step_key=f"grant/{key}",
                at=change.at,
            )
            recorder.session.add(row)
            data = {"credit_id": str(row.id), "amount": row.amount, "currency": row.currency, "reason": row.reason}
            recorder.audit("credit.granted", ("customer", customer.id), after=data)
            recorder.publish("credit.granted", data, customer_id=customer.id)
            await recorder.session.flush()
            return as_record(GrantedCredit, row)


async def _currency(session: AsyncSession, customer: CustomerRow, wanted: str | None) -> str:
    currency = (await default_account(session, customer.id)).currency
    if wanted is not None and wanted.upper() != currency:
        raise InvalidInput(f"The customer pays in {currency}; grant in that.", code="wrong_currency", field="currency")
    return currency
