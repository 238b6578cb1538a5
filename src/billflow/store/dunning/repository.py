"""Collection by policy as rows: how far it has come, suspending for a debt and lifting that, writing off."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.dunning import (
    DunningPolicy,
    SmallOrganizationRule,
    WriteOffDecision,
    check_policy,
    decide_write_off,
    without_consequences,
)
from billflow.domain.errors import NotFound
from billflow.domain.invoicing.draft import InvoiceKind
from billflow.models.contracts.collection import CollectionTerms, SmallOrganizationResult, SuspensionResult
from billflow.models.contracts.customers import ChangeContext, CustomerStatus
from billflow.models.contracts.invoices import UNPAID, InvoiceRef, InvoiceStatus, InvoiceSummary
from billflow.models.tables import CustomerPlan, CustomerRow, DunningPolicyRow, InvoiceRow
from billflow.ports.dunning import DunningRepository
from billflow.store.audit.recorder import Recorder, recorder_of
from billflow.store.customers.status import hold_until_resumed, set_status
from billflow.store.customers.transactions import lock_with_plans
from billflow.store.dunning.records import (
    POLICY,
    attempts_before,
    counted_seats,
    outcome_of,
    policy_of,
    unpaid_invoice,
)
from billflow.store.invoices.drafts import open_invoices, void
from billflow.store.invoices.records import invoice_by_id, last_replaced, summary
from billflow.store.plans.test_clocks import clock_of_invoice
from billflow.store.session.database import Repository
from billflow.store.session.rows import as_id, as_json, from_row

COLLECTION = "collection"
"""The actor of what collection does."""


class PostgresDunningRepository(Repository, DunningRepository):
    """The policy of an organization, and the invoices that are not paid in time."""

    async def policy(self, org_id: str) -> DunningPolicy:
        """Return how the organization collects."""
        async with self.database.unit_of_work(org_id) as session:
            return await policy_of(session)

    async def set_policy(self, org_id: str, policy: DunningPolicy) -> None:
        """Collect by this policy from now on; running collections go on by theirs."""
        async with self.database.unit_of_work(org_id) as session:
            await session.execute(_written(org_id, policy))

    async def change_policy(self, org_id: str, changes: Mapping[str, object], change: ChangeContext) -> DunningPolicy:
        """Change parts of the policy, named as in `DunningPolicy`, for collections that begin from now on.

        Raises `InvalidInput` for what can't be followed.
        """
        async with self.database.unit_of_work(org_id) as session:
            before = await policy_of(session)
            policy = _changed(before, changes)
            await session.execute(_written(org_id, policy))
            owner = as_id(org_id, "organization")
            detail = {"reason": change.reason} if change.reason else None
            recorder_of(session, owner, change).audit(
                "dunning_policy.changed", ("org", owner), before=as_json(before), after=as_json(policy), detail=detail
            )
            return policy

    async def check_policy(self, org_id: str, changes: Mapping[str, object]) -> DunningPolicy:
        """Return the policy with parts changed, named as in `DunningPolicy`; raises what `change_policy` raises."""
        async with self.database.unit_of_work(org_id) as session:
            return _changed(await policy_of(session), changes)

    async def terms(self, ref: InvoiceRef) -> CollectionTerms:
        async with self.database.unit_of_work(ref.org_id) as session:
            invoice = await invoice_by_id(session, ref.invoice_id)
            policy = await policy_of(session)
            replaced = await session.scalar(last_replaced(invoice.id))
            return from_row(
                CollectionTerms,
                invoice,
                policy=policy if invoice.kind is InvoiceKind.RECURRING else without_consequences(policy),
                unpaid=await unpaid_invoice(session, invoice, replaced),
                last_outcome=outcome_of(invoice),
                attempts_before=await attempts_before(session, invoice.id, replaced),
                clock_at=await clock_of_invoice(session, invoice.id),
            )

    async def live_plans(self, ref: InvoiceRef) -> SuspensionResult:
        async with self.database.unit_of_work(ref.org_id) as session:
            invoice = await invoice_by_id(session, ref.invoice_id)
            query = select(CustomerPlan).where(CustomerPlan.customer_id == invoice.customer_id)
            return SuspensionResult(changed=False, plan_ids=_ids((await session.scalars(query)).all()))

    async def suspend_customer(self, ref: InvoiceRef, at: datetime) -> SuspensionResult:
        async with self.database.unit_of_work(ref.org_id) as session:
            owes = await invoice_by_id(session, ref.invoice_id)
            customer, plans = await lock_with_plans(session, str(owes.customer_id))
            invoice = await session.get_one(InvoiceRow, owes.id, with_for_update=True, populate_existing=True)
            if invoice.status not in UNPAID or customer.status is CustomerStatus.INACTIVE:
                return SuspensionResult(changed=False)
            if customer.status is CustomerStatus.ACTIVE:
                change = ChangeContext(actor=COLLECTION, at=at, reason=f"invoice {invoice.number or invoice.id} unpaid")
                set_status(customer, CustomerStatus.SUSPENDED, recorder_of(session, customer.org_id, change), change)
                invoice.customer_suspended_at = at
                return SuspensionResult(changed=True, plan_ids=_ids(plans))
            plan_ids = _ids(plans) if invoice.customer_suspended_at == customer.suspended_at else ()
            if await _is_suspended_for_debts(session, customer):
                invoice.customer_suspended_at = customer.suspended_at
            return SuspensionResult(changed=False, plan_ids=plan_ids)

    async def lift_suspension(self, ref: InvoiceRef, at: datetime) -> SuspensionResult:
        async with self.database.unit_of_work(ref.org_id) as session:
            owed = await invoice_by_id(session, ref.invoice_id)
            try:
                customer, plans = await lock_with_plans(session, str(owed.customer_id))
            except NotFound:
                return SuspensionResult(changed=False)
            invoice = await session.get_one(InvoiceRow, owed.id, with_for_update=True, populate_existing=True)
            since = invoice.customer_suspended_at
            if since is None or invoice.status not in (InvoiceStatus.PAID, InvoiceStatus.VOID):
                return SuspensionResult(changed=False, plan_ids=_ids([plan for plan in plans if plan.on_hold_since]))
            invoice.customer_suspended_at = None
            await session.flush()
            if customer.suspended_at != since or await _is_suspended_for_debts(session, customer):
                return SuspensionResult(changed=False)
            for plan in plans:
                hold_until_resumed(plan, customer)
            change = ChangeContext(actor=COLLECTION, at=at, reason=f"invoice {invoice.number or invoice.id} closed")
            set_status(customer, CustomerStatus.ACTIVE, recorder_of(session, customer.org_id, change), change)
            return SuspensionResult(changed=True, plan_ids=_ids(plans))

    async def write_off(self, ref: InvoiceRef, at: datetime) -> SmallOrganizationResult:
        async with self.database.unit_of_work(ref.org_id) as session:
            rule = (await policy_of(session)).small_organizations
            owes = await invoice_by_id(session, ref.invoice_id)
            customer, plans = await lock_with_plans(session, str(owes.customer_id))
            live = [plan for plan in plans if plan.status.is_live]
            if owes.status is InvoiceStatus.VOID:
                return SmallOrganizationResult(voided=await _voided_with(session, owes))
            if rule is None or customer.realm_id is None:
                return SmallOrganizationResult()
            decided = await _decided(session, rule, customer, live[0] if live else None, at)
            if decided.end_plan:
                return SmallOrganizationResult(plan_id=str(live[0].id), notify_owners=decided.notify_owners)
            if not decided.void_open_invoices:
                return SmallOrganizationResult()
            recorder = Recorder(session, customer.org_id, at, COLLECTION)
            for invoice in await open_invoices(session, InvoiceRow.customer_id == customer.id):
                await void(invoice, customer, recorder, waived=True)
            return SmallOrganizationResult(voided=await _voided_with(session, owes))


def _changed(policy: DunningPolicy, changes: Mapping[str, object]) -> DunningPolicy:
    changed = POLICY.validate_python({**as_json(policy), **changes})
    check_policy(changed)
    return changed


def _written(org_id: str, policy: DunningPolicy) -> Insert:
    row = insert(DunningPolicyRow).values(org_id=as_id(org_id, "organization"), policy=as_json(policy))
    return row.on_conflict_do_update(index_elements=["org_id"], set_={"policy": row.excluded.policy})


async def _is_suspended_for_debts(session: AsyncSession, customer: CustomerRow) -> bool:
    debts = select(InvoiceRow.id).where(InvoiceRow.customer_id == customer.id)
    causes = debts.where(InvoiceRow.customer_suspended_at == customer.suspended_at).exists()
    return bool(await session.scalar(select(causes)))


async def _decided(
    session: AsyncSession, rule: SmallOrganizationRule, customer: CustomerRow, plan: CustomerPlan | None, at: datetime
) -> WriteOffDecision:
    seats = await counted_seats(session, customer, plan, at)
    if seats is None:
        return WriteOffDecision()
    newest = (
        select(InvoiceRow.status)
        .where(InvoiceRow.customer_id == customer.id)
        .order_by(InvoiceRow.issued_at.desc(), InvoiceRow.id)
        .limit(rule.invoices)
    )
    newest_open = [status in UNPAID for status in await session.scalars(newest)]
    return decide_write_off(rule, seats=seats, has_live_plan=plan is not None, newest_open=newest_open)


async def _voided_with(session: AsyncSession, invoice: InvoiceRow) -> tuple[InvoiceSummary, ...]:
    """Return the invoices of its customer that were voided when the invoice was, in the order they were issued."""
    same = (InvoiceRow.customer_id == invoice.customer_id, InvoiceRow.voided_at == invoice.voided_at)
    query = select(InvoiceRow).where(InvoiceRow.status == InvoiceStatus.VOID, *same)
    return tuple(map(summary, await session.scalars(query.order_by(InvoiceRow.issued_at, InvoiceRow.id))))


def _ids(plans: Sequence[CustomerPlan]) -> tuple[str, ...]:
    return tuple(str(plan.id) for plan in plans if plan.status.is_live)
