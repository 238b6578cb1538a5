"""A trial by card that ends without one, in the rows: its tier pauses it until Stripe tells of a card."""

import secrets
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime

import pytest

from billflow.domain import billing_dates, plan_start
from billflow.domain.calendar import add_months
from billflow.domain.catalog import TrialWithoutCard
from billflow.domain.plan import PlanStatus
from billflow.models.contracts.customers import ChangeContext, NewCustomer
from billflow.models.contracts.keys import NamespacedKey
from billflow.models.contracts.plans import PlanState, StartPlanInput, StepResult
from billflow.models.contracts.steps import CloseCycleInput
from billflow.store.plans.repository import PostgresPlanRepository
from tests.api_environment import ApiEnvironment, until
from tests.pipeline.environment import BEGIN, DAY, MONTHLY, PlanEnvironment

TRIAL_ENDS = BEGIN + 30 * DAY


async def without_card(env: ApiEnvironment) -> PlanEnvironment:
    """Return a new customer that Stripe knows, with no card, on a new clock."""
    new = NewCustomer(name="Acme", email=f"{secrets.token_hex(6)}@acme.example")
    change = ChangeContext(actor="tests", at=BEGIN)
    customer = await env.engine.repositories.customers.create(env.org_id, new, change)
    clock = await env.engine.repositories.test_clocks.create(env.org_id, BEGIN)
    return PlanEnvironment(env, customer, clock.test_clock_id)


@pytest.fixture
async def pausing(env: ApiEnvironment) -> AsyncIterator[None]:
    """Let the tiers pause trials without a card for a while."""
    catalogs, change = env.engine.repositories.catalogs, ChangeContext(actor="tests", at=BEGIN)
    _, sold = await catalogs.version(env.org_id)
    tiers = {code: replace(tier, trial_without_card=TrialWithoutCard.PAUSE) for code, tier in sold.tier.items()}
    await catalogs.apply(env.org_id, sold.model_copy(update={"tier": tiers}), change)
    yield
    await catalogs.apply(env.org_id, sold, change)


async def closed(plans: PostgresPlanRepository, plan: PlanState, at: datetime) -> StepResult:
    step = CloseCycleInput(plan=plan.ref, at=at)
    return await plans.take_step(step, lambda facts: billing_dates.process_billing_date(facts, at))


@pytest.mark.usefixtures("pausing")
async def test_a_paused_trial_goes_on_at_the_moment_of_the_card(env: ApiEnvironment) -> None:
    plan_env, plans = await without_card(env), env.engine.repositories.plans
    ask = StartPlanInput(
        org_id=env.org_id,
        customer_id=plan_env.customer_id,
        idempotency_key=NamespacedKey(secrets.token_hex(8)),
        actor="tests",
        start=replace(MONTHLY, trial_days=30),
        test_clock_id=plan_env.clock_id,
        at=BEGIN,
    )
    plan = (await plans.start_plan(ask, lambda facts: plan_start.start_plan(facts, ask.start, BEGIN))).state
    paused = await closed(plans, plan, TRIAL_ENDS)
    assert paused.state.attention is not None
    assert (paused.state.attention.code, paused.state.status) == ("trial_without_card", PlanStatus.FREE_TRIAL)

    entered = TRIAL_ENDS + 12 * DAY
    clock = "UPDATE test_clock SET now_at = %s WHERE id = %s RETURNING id"
    await plan_env.query(clock, [entered, plan_env.clock_id])
    await env.give_card(plan_env.customer_id)

    async def is_known() -> bool:
        known = "SELECT card_since FROM billing_account WHERE customer_id = %s AND card_since IS NOT NULL"
        return bool(await plan_env.query(known, [plan_env.customer_id]))

    await until(is_known)
    waited = await closed(plans, plan, TRIAL_ENDS)
    assert (waited.state.attention, waited.state.due_at, waited.invoices) == (None, entered, ())

    begun = await closed(plans, plan, entered)
    [invoice] = begun.invoices
    detail = await env.engine.queries.invoices.get(env.org_id, invoice.invoice_id)
    assert (begun.state.status, begun.state.billing_cycle_anchor) == (PlanStatus.ACTIVE, entered)
    assert (detail.lines[0].period_start, detail.lines[0].period_end) == (entered, add_months(entered, 1))
