"""What comes late: a trial's payment after its end, and the one notice after an outage."""

from dataclasses import dataclass
from uuid import UUID, uuid4

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.errors import AlreadySubscribed
from billflow.domain.invoicing.draft import InvoiceKind
from billflow.domain.plan import PlanStatus
from billflow.models.contracts.plans import Refusal, StepResult
from billflow.models.contracts.steps import BackfillInput, LateStartInput
from billflow.models.tables import CustomerPlan, InvoiceRow
from billflow.ports.billing import DecideLate
from billflow.store.audit.recorder import Recorder
from billflow.store.customers.transactions import LIVE
from billflow.store.plans.base import PlanStore, idempotent_answer, store_idempotent_answer
from billflow.store.plans.facts import PlanRows, load, plan_rows
from billflow.store.plans.outcome import OutcomeWriter
from billflow.store.plans.snapshots import summary
from billflow.store.session.database import as_id


@dataclass(frozen=True)
class Late(PlanStore):
    """Steps of plans whose moment has passed."""

    async def start_late(self, step: LateStartInput, decide: DecideLate) -> StepResult | None:
        """Write the plan that starts because the invoice of an ended trial was paid late, once.

        Returns None for an invoice that starts nothing: it bought no trial, or counted when the trial ended.
        """
        async with self.database.unit_of_work(step.plan.org_id) as session:
            rows = await plan_rows(session, step.plan, lock=True)
            if known := await idempotent_answer(session, step.key):
                return known
            invoice = await session.get_one(InvoiceRow, as_id(step.invoice_id, "invoice"))
            if not _was_paid_late(invoice, rows.plan):
                return None
            facts = (await load(session, rows, step.at, self.catalog, self.settings)).facts
            plan_id, taken = uuid4(), await _has_plan(session, rows)
            recorder = Recorder(session, rows.plan.org_id, step.at)
            try:
                outcome = decide(facts, str(plan_id), invoice.licenses or 0, has_live_plan=taken)
            except AlreadySubscribed as error:
                return await self._keep_the_money(recorder, rows, step, error)
            writer = OutcomeWriter(recorder, rows.customer, rows.account, step.key, "plan.late_start", step.detail)
            row = writer.open_row(plan_id, rows.plan.test_clock_id)
            await writer.write(outcome, row, {}, facts.customer)
            state = await self._state(session, rows, row)
            result = StepResult(state=state, invoices=tuple(map(summary, writer.made)))
            store_idempotent_answer(session, rows, step, result)
            return result

    async def _keep_the_money(
        self, recorder: Recorder, rows: PlanRows, step: LateStartInput, error: AlreadySubscribed
    ) -> StepResult:
        told = {**step.detail, "code": error.code}
        recorder.audit("invoice.paid_without_plan", ("invoice", step.invoice_id), detail=told)
        recorder.publish(
            "invoice.paid_without_plan",
            told,
            customer_id=rows.customer.id,
            plan_id=rows.plan.id,
            invoice_id=UUID(step.invoice_id),
        )
        refused = Refusal.of(error)
        result = StepResult(state=await self._state(recorder.session, rows), refused=refused)
        store_idempotent_answer(recorder.session, rows, step, result)
        return result

    async def record_backfill(self, step: BackfillInput) -> None:
        """Put one event into the outbox for all invoices that were made late, once."""
        async with self.database.unit_of_work(step.plan.org_id) as session:
            rows = await plan_rows(session, step.plan, lock=True)
            if await idempotent_answer(session, step.key):
                return
            wanted = [as_id(invoice_id, "invoice") for invoice_id in step.invoice_ids]
            query = select(InvoiceRow).where(InvoiceRow.id.in_(wanted)).order_by(InvoiceRow.issued_at, InvoiceRow.id)
            late = (await session.scalars(query)).all()
            told = {"invoices": [_told(invoice) for invoice in late], "total": sum(invoice.total for invoice in late)}
            recorder = Recorder(session, rows.plan.org_id, step.at)
            recorder.publish("billing.backfilled", told, customer_id=rows.customer.id, plan_id=rows.plan.id)
            store_idempotent_answer(session, rows, step, StepResult(state=await self._state(session, rows)))


def _told(invoice: InvoiceRow) -> dict[str, object]:
    return {
        "invoice_id": invoice.id,
        "issued_at": invoice.issued_at,
        "due_at": invoice.due_at,
        "total": invoice.total,
        "currency": invoice.currency,
    }


def _was_paid_late(invoice: InvoiceRow, plan: CustomerPlan) -> bool:
    bought_trial = invoice.kind is InvoiceKind.TRIAL_PURCHASE and invoice.plan_id == plan.id
    if not bought_trial or plan.status is not PlanStatus.ENDED or plan.ended_at is None:
        return False
    return invoice.paid_at is not None and invoice.paid_at >= plan.ended_at


async def _has_plan(session: AsyncSession, rows: PlanRows) -> bool:
    return bool(await session.scalar(select(exists().where(CustomerPlan.customer_id == rows.customer.id, LIVE))))
