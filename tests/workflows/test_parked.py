"""A plan that can't go on waits, says why, and blocks nobody."""

from datetime import timedelta

from billflow.domain.calendar import add_months
from billflow.domain.commands import Retry, SetLicensesAtRenewal
from billflow.models.contracts.customers import CustomerRecord
from billflow.models.contracts.plans import PlanState
from tests.engine_fixtures import until
from tests.workflows.skipping import SkippingWorld
from tests.world import MANUAL


async def parked(world: SkippingWorld) -> tuple[CustomerRecord, PlanState]:
    """Let a plan with ten licences come to its renewal with twelve people at work."""
    customer = await world.subscriber(seats=10)
    plan = await world.plan(customer, MANUAL)
    await world.report(customer, 12, await world.now() + timedelta(days=3))
    await world.months(1)
    state = await world.state(plan)
    assert state.attention
    assert state.attention.code == "renewal_licenses_below_current_users"
    return customer, plan


async def goes_on(world: SkippingWorld, customer: CustomerRecord, plan: PlanState) -> list[int]:
    """Wait until the plan is free, and return what its renewals billed; each at the moment it was due."""
    due = add_months(plan.billing_cycle_anchor, 1)

    async def is_free() -> bool:
        state = await world.state(plan)
        return state.attention is None and state.due_at != due

    await until(is_free)
    renewals = (await world.invoices(customer))[1:]
    assert [invoice.issued_at for invoice in renewals] == [due]
    return [invoice.total for invoice in renewals]


async def test_a_parked_plan_shows_why_it_waits_and_others_are_billed_meanwhile(world: SkippingWorld) -> None:
    other = await world.subscriber(seats=10)
    await world.plan(other)

    customer, plan = await parked(world)

    seen = await world.workflow(plan).query("state", result_type=PlanState)
    assert seen.attention == (await world.state(plan)).attention
    assert len(await world.invoices(customer)) == 1
    assert len(await world.invoices(other)) == 2


async def test_the_command_that_buys_enough_licenses_lets_a_parked_plan_go_on_at_once(world: SkippingWorld) -> None:
    customer, plan = await parked(world)

    await world.command(plan, SetLicensesAtRenewal(licenses=12))

    assert await goes_on(world, customer, plan) == [9600]


async def test_a_parked_plan_goes_on_by_itself_within_the_hour_after_its_cause_is_gone(world: SkippingWorld) -> None:
    customer, plan = await parked(world)
    await world.report(customer, 10, await world.now() - timedelta(seconds=1))
    due = add_months(plan.billing_cycle_anchor, 1)
    pricing = customer.pricing.model_copy(update={"exempt_from_license_number_check": True})
    await world.engine.registry.set_pricing(world.org_id, customer.customer_id, pricing, await world.change())

    await world.leap(timedelta(minutes=65))

    assert await goes_on(world, customer, plan) == [8000]
    assert (await world.state(plan)).due_at == add_months(due, 1)


async def test_support_can_have_a_parked_plan_look_again_now(world: SkippingWorld) -> None:
    customer, plan = await parked(world)
    pricing = customer.pricing.model_copy(update={"exempt_from_license_number_check": True})
    await world.engine.registry.set_pricing(world.org_id, customer.customer_id, pricing, await world.change())

    await world.command(plan, Retry())

    assert await goes_on(world, customer, plan) == [8000]
