"""The steps of plans: lock, load, decide, write, all in one transaction that happens once."""

from dataclasses import dataclass, replace
from uuid import UUID, uuid4

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.errors import AlreadySubscribed, InvalidInput, NeedsAttention, Refused
from billflow.domain.offers import OfferTerms
from billflow.domain.plan_start import StartFacts
from billflow.domain.settings import DEFAULT_SETTINGS, BillingSettings
from billflow.models.contracts.customers import CustomerStatus
from billflow.models.contracts.plans import PlanState, ReadPlan, StartPlanInput, StepResult
from billflow.models.contracts.steps import BackfillInput, CommandInput, KnownPlan, LateStartInput, PlanRef, StepInput
from billflow.models.tables import BillingAccountRow, CustomerPlan, CustomerRow, InvoiceRow, TestClock
from billflow.ports.plans import Decide, DecideLate, DecideStart, PlanRepository
from billflow.store.access.seller_records import seller_of
from billflow.store.access.tax_records import settings_by
from billflow.store.customers.transactions import LIVE
from billflow.store.offers.coupon_records import attach, coupon_by_code, coupon_of, new_redemption
from billflow.store.offers.records import accept, named_offer, open_offer
from billflow.store.plans.catalog_records import catalog_of
from billflow.store.plans.facts import PlanRows, facts_of, plan_rows
from billflow.store.plans.mapping import terms_of
from billflow.store.plans.notices import write_notices
from billflow.store.plans.outcome import new_plan_row
from billflow.store.plans.records import plan_by_id
from billflow.store.plans.start import Surroundings, in_one_time, locked_customer, surroundings
from billflow.store.plans.step import (
    StepWriter,
    backfill_notice,
    check_version,
    missed_steps,
    plan_with_result,
    step_result,
    was_paid_late,
)
from billflow.store.plans.step_facts import step_facts
from billflow.store.session.database import Repository, plan_anew
from billflow.store.session.rows import as_id, from_row, row_by_id


@dataclass(frozen=True)
class PostgresPlanRepository(Repository, PlanRepository):
    """Plans in PostgreSQL: how the organization bills comes with them."""

    settings: BillingSettings = DEFAULT_SETTINGS

    async def get(self, plan: PlanRef) -> PlanState:
        async with self.database.unit_of_work(plan.org_id) as session:
            return await plan_by_id(session, plan)

    async def get_with_result(self, plan: PlanRef, key: str) -> tuple[PlanState, StepResult | None]:
        """Return the plan as it stands, and what its step of that *key* answered if it is taken; raises `NotFound`."""
        async with self.database.unit_of_work(plan.org_id, by_keys=True) as session:
            return await plan_with_result(session, plan, key)

    async def read(self, known: KnownPlan) -> ReadPlan:
        async with self.database.unit_of_work(known.org_id) as session:
            state = await plan_by_id(session, known)
            missed = None if state.version == known.version else await missed_steps(session, known)
            return ReadPlan(**dict(state), missed=missed)

    async def take_step(self, step: StepInput, decide: Decide) -> StepResult:
        is_command = step.kind == CommandInput.kind
        # All is found by keys but what was charged for the running cycle, which commands read, or was added in it.
        async with self.database.unit_of_work(step.plan.org_id, by_keys=not is_command) as session:
            rows = await plan_rows(session, step.plan, lock=True)
            found = await step_facts(session, rows.plan, step.at, step.key)
            if found.answer:
                return found.answer
            if found.has_additions:
                await plan_anew(session)
            if rows.clock_at is not None:
                await write_notices(session, rows, step.at, self.settings, found)
            loaded = await facts_of(session, rows, found, step.at, self.settings, credits_cycle=is_command)
            offer = await named_offer(session, rows.customer, step)
            writer = StepWriter(session, rows, step)
            try:
                check_version(step, rows.plan)
                outcome = decide(replace(loaded.facts, offer=from_row(OfferTerms, offer)) if offer else loaded.facts)
            except NeedsAttention as error:
                return await writer.put_on_hold(error)
            except (Refused, InvalidInput) as error:
                return await (writer.refuse(error) if is_command else writer.put_on_hold(error))
            if offer:
                accept(offer, rows.customer, writer.recorder)
            return await writer.write(outcome, rows.plan, loaded.facts.customer, loaded=loaded)

    async def start_plan(self, ask: StartPlanInput, decide: DecideStart) -> StepResult:
        async with self.database.unit_of_work(ask.org_id) as session:
            customer, account = await locked_customer(session, ask.customer_id)
            around = await surroundings(session, customer, ask)
            if around.answer is not None:
                return StepResult.model_validate(around.answer)
            if customer.status is not CustomerStatus.ACTIVE:
                raise Refused(f"The customer is {customer.status}; activate it first.", code="customer_not_active")
            clock_id = ask.test_clock_id
            clock = await row_by_id(session, TestClock, clock_id, "test clock") if clock_id else None
            in_one_time(clock, elsewhere=around.in_other_time)
            offer = await open_offer(session, customer, ask.start.offer_id) if ask.start.offer_id else None
            facts = await self._start_facts(session, ask, (customer, account), around)
            facts = replace(facts, offer=from_row(OfferTerms, offer)) if offer else facts
            coupon = await coupon_by_code(session, ask.start.coupon, lock=True) if ask.start.coupon else None
            attached = new_redemption(coupon) if coupon else None
            outcome = decide(replace(facts, coupon=attached))
            row = new_plan_row(customer, UUID(facts.plan_id), clock.id if clock else None)
            rows = PlanRows(row, customer, account, clock.now_at if clock else None, facts.catalog, None)
            writer, known_terms = StepWriter(session, rows, ask), facts.customer
            if offer:
                accept(offer, customer, writer.recorder)
            if coupon and attached:
                row.coupon_redemption_id = (await attach(coupon, customer, attached, writer.recorder)).id
                known_terms = replace(known_terms, coupon=attached)
            return await writer.write(outcome, row, known_terms, sent=ask.sent_invoice)

    async def _start_facts(
        self,
        session: AsyncSession,
        ask: StartPlanInput,
        payer: tuple[CustomerRow, BillingAccountRow],
        around: Surroundings,
    ) -> StartFacts:
        customer, account = payer
        coupon = await coupon_of(session, customer.id) if around.has_coupon else None
        seller = await seller_of(session, around.seller_id)
        return StartFacts(
            plan_id=str(uuid4()),
            customer=terms_of(customer, account, coupon, had_plan=around.had_plan),
            catalog=await catalog_of(session, around.catalog_id),
            has_live_plan=around.has_live_plan,
            buying=around.is_buying,
            has_offer=around.has_offer,
            sent_by_support=ask.start.offer_id is not None and ask.sent_invoice is not None,
            last_observation=around.observation,
            settings=await settings_by(session, self.settings, seller, around.tax_versions),
        )

    async def start_after_trial(self, step: LateStartInput, decide: DecideLate) -> StepResult | None:
        async with self.database.unit_of_work(step.plan.org_id) as session:
            rows = await plan_rows(session, step.plan, lock=True)
            found = await step_facts(session, rows.plan, step.at, step.key)
            if found.answer:
                return found.answer
            invoice = await session.get_one(InvoiceRow, as_id(step.invoice_id, "invoice"))
            if not was_paid_late(invoice, rows.plan):
                return None
            facts = (await facts_of(session, rows, found, step.at, self.settings)).facts
            facts, plan_id = replace(facts, paid_licenses=invoice.licenses or 0), uuid4()
            writer = StepWriter(session, rows, step)
            lives = exists().where(CustomerPlan.customer_id == rows.customer.id, LIVE)
            has_live_plan = bool(await session.scalar(select(lives)))
            try:
                outcome = decide(facts, str(plan_id), has_live_plan=has_live_plan)
            except AlreadySubscribed as error:
                return await writer.leave_without_plan(invoice, error)
            row = new_plan_row(rows.customer, plan_id, rows.plan.test_clock_id)
            return await writer.write(outcome, row, facts.customer)

    async def record_backfill(self, step: BackfillInput) -> None:
        async with self.database.unit_of_work(step.plan.org_id) as session:
            rows = await plan_rows(session, step.plan, lock=True)
            if await step_result(session, step.key):
                return
            wanted = [as_id(invoice_id, "invoice") for invoice_id in step.invoice_ids]
            query = select(InvoiceRow).where(InvoiceRow.id.in_(wanted)).order_by(InvoiceRow.issued_at, InvoiceRow.id)
            notice = backfill_notice((await session.scalars(query)).all())
            writer = StepWriter(session, rows, step)
            result = StepResult(state=await writer.state())
            writer.recorder.publish("billing.backfilled", notice, customer_id=rows.customer.id, plan_id=rows.plan.id)
            await writer.answer(result)
