"""Running one customer's scenario on the real stack: sign up, buy, and go through the years by a test clock."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from billflow.demo.scenario import Scenario, ScenarioStep
from billflow.models.contracts.customers import ChangeContext, CustomerRef, NewCustomer, SeatReport
from billflow.models.contracts.keys import KeyNamespace, NamespacedKey
from billflow.models.contracts.plans import StartPlanInput
from billflow.models.contracts.steps import CommandRequest
from billflow.wiring.engine import Engine

ACTOR = "demo"
BATCH = 1_000


@dataclass(frozen=True, slots=True)
class DemoEnvironment:
    """Where scenarios are run: the engine, the organization, and a prefix that keeps runs apart."""

    engine: Engine
    org_id: str
    run: str


@dataclass(frozen=True, slots=True)
class DemoResult:
    """A scenario that was run to its end."""

    scenario: Scenario
    customer_id: str
    stripe_customer_id: str


async def run_scenario(env: DemoEnvironment, scenario: Scenario, reached: Callable[[datetime], None]) -> DemoResult:
    """Run a scenario from the first observation to the last day; *reached* is called with each date of its clock."""
    engine, starts_at, name = env.engine, scenario.starts_at, scenario.organization.name
    customer_id = await _sign_up(env, scenario)
    clock = await engine.repositories.test_clocks.create(env.org_id, starts_at, f"{name} {env.run}")
    customer = await engine.invoices.payer(env.org_id, customer_id)
    result = DemoResult(scenario, customer_id, customer.stripe_customer_id or "")
    await engine.sandbox.give_card(result.stripe_customer_id, scenario.card)
    request = StartPlanInput(
        org_id=env.org_id,
        customer_id=customer_id,
        idempotency_key=KeyNamespace.CLIENT.key("demo", customer_id),
        actor=ACTOR,
        start=scenario.start,
        test_clock_id=clock.test_clock_id,
        at=starts_at,
    )
    started = await engine.plans.start(request)
    for number, step in enumerate([*scenario.steps, ScenarioStep(scenario.ends_at)]):
        await engine.clocks.advance(env.org_id, clock.test_clock_id, step.at)
        reached(step.at)
        await _take(env, result, step, KeyNamespace.CLIENT.key("demo", started.state.plan_id, str(number)))
    return result


async def _sign_up(env: DemoEnvironment, scenario: Scenario) -> str:
    repositories, name = env.engine.repositories, scenario.organization.name
    new = NewCustomer(name=name, email=f"billing+{env.run}@{_host(name)}.example", default_currency=scenario.currency)
    change = ChangeContext(actor=ACTOR, at=scenario.starts_at)
    customer = await repositories.customers.create(env.org_id, new, change)
    reports = [
        SeatReport(observed_at=seen.observed_at, members=seen.members, guests=seen.guests)
        for seen in scenario.organization.observations
    ]
    ref = CustomerRef(org_id=env.org_id, customer_id=customer.customer_id)
    for start in range(0, len(reports), BATCH):
        await repositories.seats.report(ref, reports[start : start + BATCH])
    return customer.customer_id


async def _take(env: DemoEnvironment, result: DemoResult, step: ScenarioStep, command_id: NamespacedKey) -> None:
    engine = env.engine
    if step.card:
        await engine.sandbox.give_card(result.stripe_customer_id, step.card)
        await engine.collection.retry_payments(env.org_id, result.customer_id)
    if step.command:
        plan, *_ = await engine.queries.plans.running(env.org_id, customer_id=result.customer_id)
        await engine.plans.command(plan.ref, CommandRequest(command_id=command_id, command=step.command, actor=ACTOR))


def _host(name: str) -> str:
    return "".join(character if character.isalnum() else "-" for character in name.lower()).strip("-") or "customer"
