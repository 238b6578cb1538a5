"""Taking a step: lock, load, decide, write, all in one transaction that happens once."""

from dataclasses import dataclass, replace

from billflow.domain.errors import InvalidInput, NeedsAttention, Refused
from billflow.domain.seat_observations import StaleSeatData
from billflow.domain.step import Outcome
from billflow.models.contracts.plans import Refusal, StepResult
from billflow.models.contracts.steps import PlanRef, StepInput
from billflow.ports.billing import Decide
from billflow.store.audit.recorder import Recorder
from billflow.store.offers.records import accept, named_offer, terms_of_offer
from billflow.store.plans.base import PlanStore, idempotent_answer, store_idempotent_answer
from billflow.store.plans.facts import Loaded, PlanRows, load, plan_rows
from billflow.store.plans.outcome import OutcomeWriter
from billflow.store.plans.snapshots import attention_of, summary

COMMAND = "command"


@dataclass(frozen=True)
class Steps(PlanStore):
    """The steps of running plans."""

    async def take_step(self, step: StepInput, decide: Decide) -> StepResult:
        """Take the step of `step.key` once; whoever asks again is given the first answer.

        A refused command is a value and is kept as the step's answer. What stops any other step holds the plan and
        leaves the step untaken. Raises `NotFound` or `NoDatabase`.
        """
        async with self.database.unit_of_work(step.plan.org_id) as session:
            rows = await plan_rows(session, step.plan, lock=True)
            if known := await idempotent_answer(session, step.key):
                return known
            loaded = await load(session, rows, step.at, self.catalog, self.settings)
            offer = await named_offer(session, rows.customer, step)
            recorder = Recorder(session, rows.plan.org_id, step.at, step.actor, step.request_id)
            try:
                outcome = decide(replace(loaded.facts, offer=terms_of_offer(offer)) if offer else loaded.facts)
            except NeedsAttention as error:
                return await self._hold(recorder, rows, error)
            except (Refused, InvalidInput) as error:
                if step.kind != COMMAND:
                    return await self._hold(recorder, rows, error)
                return await self._refuse(recorder, rows, step, error)
            if offer:
                accept(offer, rows.customer, recorder)
            return await self._write(recorder, loaded, step, outcome)

    async def taken(self, plan: PlanRef, key: str) -> StepResult | None:
        """Return what the step of that key answered, None where it is still to be taken."""
        async with self.database.unit_of_work(plan.org_id) as session:
            return await idempotent_answer(session, key)

    async def _write(self, recorder: Recorder, loaded: Loaded, step: StepInput, outcome: Outcome) -> StepResult:
        rows, session = loaded.rows, recorder.session
        writer = OutcomeWriter(recorder, rows.customer, rows.account, step.key, _action(step), step.detail)
        successor = await writer.write(outcome, rows.plan, loaded.entries, loaded.facts.customer)
        result = StepResult(
            state=await self._state(session, rows),
            invoices=tuple(map(summary, writer.made)),
            voided=tuple(map(summary, writer.voided)),
            successor=await self._state(session, rows, successor) if successor else None,
        )
        store_idempotent_answer(session, rows, step, result)
        return result

    async def _refuse(
        self, recorder: Recorder, rows: PlanRows, step: StepInput, error: Refused | InvalidInput
    ) -> StepResult:
        refused = Refusal.of(error)
        detail = {**step.detail, "refused": refused.model_dump()}
        recorder.audit("plan.command_refused", ("plan", rows.plan.id), detail=detail)
        result = StepResult(state=await self._state(recorder.session, rows), refused=refused)
        store_idempotent_answer(recorder.session, rows, step, result)
        return result

    async def _hold(
        self, recorder: Recorder, rows: PlanRows, error: NeedsAttention | Refused | InvalidInput
    ) -> StepResult:
        """Note why the plan waits; only a new reason is news."""
        row, known = rows.plan, attention_of(rows.plan)
        subject = {"customer_id": row.customer_id, "plan_id": row.id}
        if isinstance(error, StaleSeatData) and error.notify:
            row.stale_data_notice_sent = True
            recorder.publish("plan.seat_data_stale", {"due": recorder.at}, **subject)
        if known is None or known.code != error.code:
            row.attention_code, row.attention_since = error.code, recorder.at
            reason = {"code": error.code, "message": error.message}
            recorder.audit("plan.on_hold", ("plan", row.id), detail=reason)
            recorder.publish("plan.needs_attention", reason, **subject)
        row.attention_message = error.message
        if recorder.session.is_modified(row):
            row.version += 1
        return StepResult(state=await self._state(recorder.session, rows))


def _action(step: StepInput) -> str:
    command = step.detail.get("command") or {}
    return f"plan.{command.get('type', step.kind)}"
