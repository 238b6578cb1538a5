"""One step on its way into the rows, and the answer it leaves for whoever asks for it again."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.customer import CustomerTerms
from billflow.domain.errors import AlreadySubscribed, InvalidInput, NeedsAttention, Refused
from billflow.domain.invoicing.draft import InvoiceKind
from billflow.domain.plan import PlanStatus
from billflow.domain.seat_observations import StaleSeatData
from billflow.domain.step import Outcome
from billflow.models.contracts.invoices import SentInvoice
from billflow.models.contracts.plans import ImportPlanInput, MissedSteps, PlanState, Refusal, StartPlanInput, StepResult
from billflow.models.contracts.steps import CloseCycleInput, CommandInput, KnownPlan, PlanRef, StepInput
from billflow.models.tables import CustomerPlan, InvoiceRow, StepRow
from billflow.store.audit.recorder import Recorder
from billflow.store.invoices.records import summary
from billflow.store.offers.records import adopt_sent_invoice
from billflow.store.plans.facts import Loaded, PlanRows
from billflow.store.plans.mapping import in_parallel_run
from billflow.store.plans.outcome import OutcomeWriter
from billflow.store.plans.records import STATE, attention_of, plan_by_id, plan_state, state_of
from billflow.store.session.new_rows import add_new, write_new_rows
from billflow.store.session.plain_rows import plain_row
from billflow.store.session.rows import as_id, existing


async def step_result(session: AsyncSession, key: str) -> StepResult | None:
    """Return what the step of that key answered when it was taken, None where it is still to be taken."""
    stored: dict[str, Any] | None = (await session.scalars(_RESULT, {"of_key": key})).one_or_none()
    return StepResult.model_validate(stored) if stored is not None else None


_RESULT = select(StepRow.result).where(StepRow.key == bindparam("of_key"))
_WITH_RESULT = STATE.add_columns(_RESULT.scalar_subquery())


async def plan_with_result(session: AsyncSession, plan: PlanRef, key: str) -> tuple[PlanState, StepResult | None]:
    """Return the snapshot of a plan, and what its step of that key answered; raises `NotFound`."""
    asked = {"of_plan": as_id(plan.plan_id, "plan"), "of_key": key}
    *found, stored = existing(await plain_row(session, _WITH_RESULT, asked), "plan", plan.plan_id)
    return plan_state(found), StepResult.model_validate(stored) if stored is not None else None


async def missed_steps(session: AsyncSession, known: KnownPlan) -> MissedSteps | None:
    """Return what came of the plan's steps since it was known, None where there was none."""
    newer = StepRow.result["state"]["version"].as_integer() > known.version
    of_plan = StepRow.plan_id == as_id(known.plan_id, "plan")
    steps = (await session.scalars(select(StepRow).where(of_plan, newer).order_by(StepRow.sequence))).all()
    if not steps:
        return None
    results = [StepResult.model_validate(step.result) for step in steps]
    late = [result.invoices for step, result in zip(steps, results, strict=True) if step.detail.get("backfill")]
    return MissedSteps(
        result=StepResult.merged(results),
        closed_cycles=sum(step.kind == CloseCycleInput.kind for step in steps),
        late=tuple(invoice.invoice_id for invoices in late for invoice in invoices),
    )


@dataclass(frozen=True)
class StepWriter:
    """Ends a step in one of three ways: its outcome is written, it is refused, or its plan is put on hold."""

    session: AsyncSession
    rows: PlanRows
    step: StepInput | StartPlanInput | ImportPlanInput

    @property
    def recorder(self) -> Recorder:
        """Return what writes to audit log and outbox on behalf of who asked; of a parallel run nobody is told."""
        step = self.step
        request_id = step.request_id if isinstance(step, StepInput) else None
        begins = isinstance(step, ImportPlanInput) and step.start.parallel_run
        silent = begins or in_parallel_run(self.rows.plan, step.at)
        return Recorder(self.session, self.rows.customer.org_id, step.at, step.actor, request_id, silent)

    async def write(
        self,
        outcome: Outcome,
        row: CustomerPlan,
        before: CustomerTerms,
        *,
        loaded: Loaded | None = None,
        sent: SentInvoice | None = None,
    ) -> StepResult:
        """Write *outcome* to the plan's *row*, and answer with the plan and the invoices it made.

        *before* are the terms it found, *loaded* what it began with where the plan is not new. *sent* is an invoice at
        Stripe that takes the place of the first one made.
        """
        rows, step = self.rows, self.step
        command = step.detail.get("command") or {}
        action = f"plan.{command.get('type', step.kind)}"
        writer = OutcomeWriter(self.recorder, rows.customer, rows.account, step.key, action, step.detail)
        if loaded:
            row.ledger_from, row.ledger_from_at = loaded.ledger_from, step.at
        successor = await writer.write(outcome, row, loaded.entries if loaded else {}, before)
        made = writer.made
        if successor or row is not rows.plan:
            await write_new_rows(self.session)
        if sent:
            made = [await self._adopted(sent, made[0]), *made[1:]]
        return await self.answer(
            StepResult(
                state=self._state_after(loaded, outcome) if row is rows.plan else await self.state(row),
                invoices=tuple(map(summary, made)),
                voided=tuple(map(summary, writer.voided)),
                successor=await self.state(successor) if successor else None,
            )
        )

    async def _adopted(self, sent: SentInvoice, made: InvoiceRow) -> InvoiceRow:
        """Return the invoice that was made, in whose place is one at Stripe."""
        await write_new_rows(self.session)
        invoice = await self.session.get_one(InvoiceRow, made.id)
        await adopt_sent_invoice(self.recorder, sent, invoice, self.rows.account)
        return invoice

    async def refuse(self, error: Refused | InvalidInput) -> StepResult:
        """Answer with a refusal, which changes nothing."""
        refusal = Refusal.of(error)
        plan = self.rows.plan
        detail = {**self.step.detail, "refused": refusal.model_dump(), "customer_id": str(plan.customer_id)}
        result = StepResult(state=await self.state(), refused=refusal)
        self.recorder.audit("plan.command_refused", ("plan", plan.id), detail=detail)
        return await self.answer(result)

    async def put_on_hold(self, error: NeedsAttention | Refused | InvalidInput) -> StepResult:
        """Note why the plan waits, and leave the step untaken; the same reason again is no event."""
        row, recorder, known = self.rows.plan, self.recorder, attention_of(self.rows.plan)
        subject = {"customer_id": row.customer_id, "plan_id": row.id}
        if isinstance(error, StaleSeatData) and error.notify:
            row.stale_data_notice_sent = True
            recorder.publish("plan.seat_data_stale", {"due": recorder.at}, **subject)
        if known is None or known.code != error.code:
            row.attention_code, row.attention_since = error.code, recorder.at
            reason = {"code": error.code, "message": error.message}
            recorder.audit("plan.on_hold", ("plan", row.id), detail=reason | {"customer_id": str(row.customer_id)})
            recorder.publish("plan.needs_attention", reason, **subject)
        row.attention_message = error.message
        if self.session.is_modified(row):
            row.version += 1
        return StepResult(state=await self.state())

    async def leave_without_plan(self, invoice: InvoiceRow, error: AlreadySubscribed) -> StepResult:
        """Leave an invoice paid whose customer has another plan by now, and ask people to look at it."""
        event, data = "invoice.paid_without_plan", {**self.step.detail, "code": error.code}
        customer_id, plan_id = self.rows.customer.id, self.rows.plan.id
        result = StepResult(state=await self.state(), refused=Refusal.of(error))
        self.recorder.audit(event, ("invoice", invoice.id), detail=data | {"customer_id": str(customer_id)})
        self.recorder.publish(event, data, customer_id=customer_id, plan_id=plan_id, invoice_id=invoice.id)
        return await self.answer(result)

    async def answer(self, result: StepResult) -> StepResult:
        """Write that the step was taken and what it answered, with all that it added."""
        plan, answer = self.rows.plan, result.model_dump(mode="json")
        columns = {name: getattr(self.step, name) for name in ("key", "kind", "at", "actor", "detail")}
        add_new(self.session, StepRow(org_id=plan.org_id, plan_id=plan.id, result=answer, **columns))
        await write_new_rows(self.session)
        return result

    def _state_after(self, loaded: Loaded | None, outcome: Outcome) -> PlanState:
        """Return the snapshot of the step's plan, whose rows are at hand; nothing was loaded for a new one."""
        before = loaded.facts.ledger if loaded else ()
        about_licenses = [entry for entry in (*before, *outcome.entries) if entry.add_on is None]
        newest = about_licenses[-1] if about_licenses else None
        return state_of(self.rows.plan, self.rows.customer, self.rows.clock_at, self.rows.catalog, newest)

    async def state(self, plan: CustomerPlan | None = None) -> PlanState:
        """Return the snapshot of the step's plan, or of another *plan* of the same customer, as they are written."""
        row = plan or self.rows.plan
        return await plan_by_id(self.session, PlanRef(org_id=str(row.org_id), plan_id=str(row.id)))


def check_version(step: StepInput, plan: CustomerPlan) -> None:
    """Raise `Refused` where a command was meant for the plan as it was before something else changed it."""
    meant = step.plan_version if isinstance(step, CommandInput) else None
    if meant is not None and meant != plan.version:
        message = "The plan has changed since the dry run; look at it, and ask again."
        raise Refused(message, code="plan_changed")


def was_paid_late(invoice: InvoiceRow, trial: CustomerPlan) -> bool:
    """Tell whether the invoice bought the trial, and was paid after the trial had ended."""
    if invoice.kind is not InvoiceKind.TRIAL_PURCHASE or invoice.plan_id != trial.id:
        return False
    if trial.status is not PlanStatus.ENDED or trial.ended_at is None:
        return False
    return invoice.paid_at is not None and invoice.paid_at >= trial.ended_at


def backfill_notice(invoices: Sequence[InvoiceRow]) -> dict[str, object]:
    """Return the data of the one event about all *invoices* that were made late."""
    names = ("issued_at", "due_at", "total", "currency")
    shown = [{"invoice_id": one.id} | {name: getattr(one, name) for name in names} for one in invoices]
    return {"invoices": shown, "total": sum(invoice.total for invoice in invoices)}
