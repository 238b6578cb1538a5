"""Prices that running plans are announced: listed beforehand, written with their notices, and taken back."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, and_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.catalog import Catalog
from billflow.domain.errors import Refused
from billflow.domain.plan import Plan
from billflow.domain.price_change import first_renewal_from
from billflow.models.contracts.catalog_changes import PriceChangeCreate, PriceChangeRecord, RepricedPlan
from billflow.models.contracts.customers import ChangeContext
from billflow.models.contracts.mail import Mail, MailRecord, Occasion, PriceChangeFacts
from billflow.models.tables import BillingAccountRow, CustomerPlan, CustomerRow, MailRow, PriceChangeRow
from billflow.store.audit.recorder import Recorder, recorder_of
from billflow.store.customers.transactions import RUNS
from billflow.store.plans.catalog_records import current_catalog
from billflow.store.plans.mapping import plan_of, terms_of
from billflow.store.plans.records import STATES
from billflow.store.session.database import Repository
from billflow.store.session.rows import as_id, as_record, from_row, row_by_id

WriteMail = Callable[[PriceChangeFacts], Mail]
"""Writes the mail about another price in the customer's language."""

_AT_ONCE = 100
_PENDING = CustomerPlan.next_price.is_not(None)


@dataclass(frozen=True)
class _Affected:
    """A plan that is to be repriced, with its customer; `now` is the time it lives in."""

    row: CustomerPlan
    customer: CustomerRow
    account: BillingAccountRow
    now: datetime
    price: int
    licenses: int

    def not_before(self, asked: PriceChangeCreate) -> datetime:
        """Return the date before which no renewal has the new price: the date named, or the end of the notice."""
        return max(asked.starts_at, self.now + timedelta(days=asked.notice_days))

    def facts(self, asked: PriceChangeCreate, sold: Catalog) -> PriceChangeFacts:
        """Return what the customer is written."""
        shown = self.shown(asked)
        return from_row(
            PriceChangeFacts,
            shown,
            recipient=self.account.invoice_email or self.customer.email,
            name=self.customer.name,
            language=self.customer.default_language,
            tier_name=sold.tier(self.row.tier).name,
        )

    def shown(self, asked: PriceChangeCreate) -> RepricedPlan:
        plan, licenses = plan_of(self.row), self.licenses
        old = plan.price_per_license or 0
        return from_row(
            RepricedPlan,
            plan,
            plan_id=plan.id,
            customer_name=self.customer.name,
            licenses=licenses,
            price_before=old,
            price_after=self.price,
            amount_before=old * licenses,
            amount_after=self.price * licenses,
            takes_effect_at=first_renewal_from(plan, self.not_before(asked), self.now),
        )


class PostgresPriceChangeRepository(Repository):
    """Announced prices; every method is one transaction."""

    async def preview(
        self, org_id: str, asked: PriceChangeCreate, at: datetime, catalog: Catalog | None = None
    ) -> tuple[RepricedPlan, ...]:
        """Return whose price would change, and what each renewal would cost; *catalog* is one that is to be applied.

        Raises `InvalidInput` where the tier has no price for a plan that has it.
        """
        async with self.database.unit_of_work(org_id) as session:
            sold = catalog or await current_catalog(session)
            return tuple(one.shown(asked) for one in await _affected(session, asked, sold, at))

    async def announce(
        self, change_id: str, asked: PriceChangeCreate, change: ChangeContext, org_id: str, write: WriteMail
    ) -> tuple[PriceChangeRecord, tuple[RepricedPlan, ...]]:
        """Announce the price that is listed to every plan of the tier that has another, under the id *change_id*.

        Each is told by an event and by a mail, as *write* puts it; who sends the mails asks `unsent`.

        Raises as `preview`, and `Refused` where no price would change.
        """
        async with self.database.unit_of_work(org_id) as session:
            sold, owner = await current_catalog(session), as_id(org_id, "organization")
            found = await _affected(session, asked, sold, change.at, lock=True)
            if not found:
                raise Refused(
                    "Every plan of the tier has the price that is listed; change that first.",
                    code="no_change",
                    field="tier",
                )
            row = PriceChangeRow(
                id=UUID(change_id),
                org_id=owner,
                catalog_version=sold.version,
                actor=change.actor,
                at=change.at,
                **asked.model_dump(),
            )
            session.add(row)
            await session.flush()
            for one in found:
                _announce(one, row, asked, Recorder(session, owner, one.now, change.actor, change.request_id))
                session.add(_mail(one, row, write(one.facts(asked, sold))))
            detail = {**asked.model_dump(mode="json"), "plans": len(found)}
            recorder_of(session, owner, change).audit("price_change.announced", ("price_change", row.id), detail=detail)
            await session.flush()
            return await _record(session, row), tuple(one.shown(asked) for one in found)

    async def unsent(self, org_id: str, price_change_id: str) -> tuple[MailRecord, ...]:
        """Return mails of a price change that no mail server took yet, some at a time; none of one that is withdrawn.

        Raises `NotFound` before the change is written.
        """
        async with self.database.unit_of_work(org_id) as session:
            row = await row_by_id(session, PriceChangeRow, price_change_id, "price change")
            if row.withdrawn_at is not None:
                return ()
            query = (
                select(MailRow)
                .join(CustomerRow, CustomerRow.id == MailRow.customer_id)
                .where(MailRow.price_change_id == row.id, MailRow.sent_at.is_(None), CustomerRow.erased_at.is_(None))
                .order_by(MailRow.id)
                .limit(_AT_ONCE)
            )
            return tuple(as_record(MailRecord, mail) for mail in await session.scalars(query))

    async def list(self, org_id: str) -> tuple[PriceChangeRecord, ...]:
        """Return what was announced, the newest first."""
        async with self.database.unit_of_work(org_id) as session:
            rows = await session.scalars(select(PriceChangeRow).order_by(PriceChangeRow.at.desc(), PriceChangeRow.id))
            return tuple([await _record(session, row) for row in rows])

    async def withdraw(self, org_id: str, price_change_id: str, change: ChangeContext) -> PriceChangeRecord:
        """Let the plans that still have their price keep it, and tell each by an event; repeated, it does nothing.

        Raises `NotFound`, or `Refused` where every plan has the new price by now.
        """
        async with self.database.unit_of_work(org_id) as session:
            row = await row_by_id(session, PriceChangeRow, price_change_id, "price change", lock=True)
            query = _plans(CustomerPlan.price_change_id == row.id, _PENDING).with_for_update(
                of=CustomerPlan, key_share=True
            )
            pending = (await session.execute(query)).all()
            if row.withdrawn_at is None and not pending:
                raise Refused("Every plan has its new price by now; announce another one.", code="price_change_over")
            for plan, _, clock_at, *_ in pending:
                plan.next_price = plan.next_price_from = plan.price_change_id = None
                recorder = Recorder(session, row.org_id, clock_at or change.at, change.actor, change.request_id)
                told = {"price_per_license": plan.price_per_license}
                recorder.publish("plan.price_change_withdrawn", told, customer_id=plan.customer_id, plan_id=plan.id)
            if pending:
                row.withdrawn_at = change.at
                recorder_of(session, row.org_id, change).audit(
                    "price_change.withdrawn", ("price_change", row.id), detail={"plans": len(pending)}
                )
            await session.flush()
            return await _record(session, row)


def _plans(*conditions: Any) -> Select[Any]:
    pays = and_(BillingAccountRow.customer_id == CustomerRow.id, BillingAccountRow.is_default)
    return (
        STATES.add_columns(CustomerRow, BillingAccountRow)
        .join(BillingAccountRow, pays)
        .where(*conditions)
        .order_by(CustomerPlan.id)
    )


async def _affected(
    session: AsyncSession, asked: PriceChangeCreate, sold: Catalog, at: datetime, *, lock: bool = False
) -> Sequence[_Affected]:
    tier = sold.tier(asked.tier)
    tier.check_billable("tier", "name a tier that is")
    query = _plans(RUNS, CustomerPlan.tier == asked.tier, CustomerPlan.price_per_license.is_not(None))
    rows = await session.execute(query.with_for_update(of=CustomerPlan, key_share=True) if lock else query)
    found = []
    for found_row in rows:
        plan = plan_of(found_row[0])
        price = tier.price(plan.schedule, plan.currency)
        if price != plan.price_per_license and not _agreed(found_row[-2], found_row[-1], plan):
            found.append(_read(found_row, price, at))
    return found


def _read(row: Row[*tuple[Any, ...]], price: int, at: datetime) -> _Affected:
    plan, _, clock_at, _, licenses, _, _, customer, account = row
    return _Affected(plan, customer, account, clock_at or at, price, licenses or 0)


def _agreed(customer: CustomerRow, account: BillingAccountRow, plan: Plan) -> bool:
    """Tell whether support agreed on a price for the plan, which list prices don't move."""
    terms = terms_of(customer, account, coupon=None)
    return terms.discounted_price(plan.tier, plan.schedule) is not None


def _announce(one: _Affected, change: PriceChangeRow, asked: PriceChangeCreate, recorder: Recorder) -> None:
    plan, shown = one.row, one.shown(asked)
    plan.next_price, plan.next_price_from, plan.price_change_id = one.price, one.not_before(asked), change.id
    told = shown.model_dump(include={"price_before", "price_after", "takes_effect_at", "amount_after", "currency"})
    recorder.publish("plan.price_change_announced", told, customer_id=plan.customer_id, plan_id=plan.id)


def _mail(one: _Affected, change: PriceChangeRow, mail: Mail) -> MailRow:
    return MailRow(
        org_id=change.org_id,
        customer_id=one.customer.id,
        price_change_id=change.id,
        key=f"price-change/{change.id}/{one.row.id}",
        occasion=Occasion.PRICE_CHANGE,
        at=one.now,
        **mail.model_dump(),
    )


async def _record(session: AsyncSession, row: PriceChangeRow) -> PriceChangeRecord:
    mine = CustomerPlan.price_change_id == row.id
    query = select(func.count(), func.count().filter(_PENDING)).where(mine)
    plans, pending = (await session.execute(query)).one()
    return as_record(PriceChangeRecord, row, plans=plans, pending=pending)
