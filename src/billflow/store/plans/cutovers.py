"""Cutovers as rows, beside the steps of their plans."""

from datetime import datetime

from sqlalchemy import select

from billflow.models.contracts.cutovers import CreditLeft
from billflow.models.contracts.imports import CustomerOpening
from billflow.models.contracts.keys import import_key
from billflow.models.contracts.steps import PlanRef
from billflow.models.tables import CreditRow, Org
from billflow.ports.cutovers import CutoverRepository
from billflow.store.audit.recorder import Recorder
from billflow.store.customers.opening_balances import open_credit
from billflow.store.plans.facts import plan_rows
from billflow.store.session.database import Repository
from billflow.store.session.rows import as_id


class PostgresCutoverRepository(Repository, CutoverRepository):
    """Cutovers in PostgreSQL, as far as they are no steps of plans."""

    async def bills_real_money(self, org_id: str) -> bool | None:
        async with self.database.unit_of_work(org_id) as session:
            return await session.scalar(select(Org.livemode).where(Org.id == as_id(org_id, "organization")))

    async def take_credit(self, plan: PlanRef, left: CreditLeft, at: datetime) -> None:
        async with self.database.unit_of_work(plan.org_id) as session:
            rows = await plan_rows(session, plan, lock=True)
            customer, account = rows.customer, rows.account
            name = f"{plan.plan_id}/cutover"
            known = select(CreditRow.id).where(CreditRow.step_key == import_key(name))
            is_ours = (account.stripe_customer_id, account.currency) == (left.stripe_customer_id, left.currency)
            if not is_ours or await session.scalar(known):
                return
            opening = CustomerOpening(
                external_id=name,
                name=customer.name,
                email=customer.email,
                credit_balance=left.amount,
                stripe_balance_transaction_id=left.stripe_balance_transaction_id,
            )
            await open_credit(Recorder(session, customer.org_id, at), customer, account, opening)
