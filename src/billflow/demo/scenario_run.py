"""Running one customer's scenario on the real stack: sign up, buy, and go through the years by a test clock."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from billflow.demo.product import Product
from billflow.demo.scenario import PriceChange, Scenario, ScenarioStep
from billflow.domain.seats import SeatObservation
from billflow.models.contracts.addresses import Address
from billflow.models.contracts.adjustments import AdjustmentInput, CreditNoteInput, RefundInput
from billflow.models.contracts.customer_settings import CompanySettings, CustomerSettings
from billflow.models.contracts.customers import ChangeContext, CustomerRef, NewCustomer, SeatReport
from billflow.models.contracts.invoices import InvoiceStatus
from billflow.models.contracts.keys import KeyNamespace, NamespacedKey
from billflow.models.contracts.plans import StartPlanInput
from billflow.models.contracts.records import InvoiceFilter, Paging
from billflow.models.contracts.steps import CommandRequest

if TYPE_CHECKING:
    from billflow.wiring.engine import Engine

ACTOR = "demo"
BATCH = 1_000


@dataclass(frozen=True, slots=True)
class DemoEnvironment:
    """Where scenarios are run: the engine, the organization, and a prefix that keeps runs apart.

    Seats are pulled from the *product*, where there is one, and reported otherwise. *together* holds scenarios back
    until all are there, at the moment of a price change.
    """

    engine: "Engine"
    org_id: str
    run: str
    product: Product | None = None
    together: asyncio.Barrier = field(default_factory=lambda: asyncio.Barrier(1))


@dataclass(frozen=True, slots=True)
class DemoResult:
    """A scenario that was run to its end."""

    scenario: Scenario
    customer_id: str
    stripe_customer_id: str


async def run_scenario(env: DemoEnvironment, scenario: Scenario, reached: Callable[[datetime], None]) -> DemoResult:
    """Run a scenario from the first observation to the last day; *reached* is called with each date of its clock."""
    engine, starts_at, name, change = env.engine, scenario.starts_at, scenario.organization.name, scenario.price_change
    if change and change.at <= starts_at:
        await _announce(env, change)
    customer_id = await _sign_up(env, scenario)
    clock = await engine.repositories.test_clocks.create(env.org_id, starts_at, f"{name} {env.run}")
    customer = await engine.invoices.payer(env.org_id, customer_id)
    result = DemoResult(scenario, customer_id, customer.stripe_customer_id or "")
    await _give_card(env, result, scenario.card, starts_at)
    request = StartPlanInput(
        org_id=env.org_id,
        customer_id=customer_id,
        idempotency_key=KeyNamespace.CLIENT.key("demo", customer_id),
        actor=ACTOR,
        start=scenario.start,
        test_clock_id=clock.test_clock_id,
        at=starts_at,
    )
    started, at = await engine.plans.start(request), starts_at
    for number, step in enumerate([*scenario.steps, ScenarioStep(scenario.ends_at)]):
        if change and at < change.at <= step.at:
            await engine.clocks.advance(env.org_id, clock.test_clock_id, change.at)
            await _announce(env, change)
        await engine.clocks.advance(env.org_id, clock.test_clock_id, at := step.at)
        reached(at)
        await _take(env, result, step, KeyNamespace.CLIENT.key("demo", started.state.plan_id, str(number)))
    return result


async def _sign_up(env: DemoEnvironment, scenario: Scenario) -> str:
    repositories, name = env.engine.repositories, scenario.organization.name
    new = NewCustomer(
        name=name,
        email=scenario.email or f"billing+{env.run}@{_host(name)}.example",
        default_currency=scenario.currency,
        default_language=scenario.language,
        billing_address=Address(country=scenario.country) if scenario.country else None,
        settings=CustomerSettings(company=CompanySettings(tax_id=scenario.tax_id)),
    )
    change = ChangeContext(actor=ACTOR, at=scenario.starts_at)
    customer = await repositories.customers.create(env.org_id, new, change)
    if env.product:
        await _count(env, customer.customer_id, scenario.organization.observations[0])
        return customer.customer_id
    reports = [
        SeatReport(observed_at=seen.observed_at, members=seen.members, guests=seen.guests)
        for seen in scenario.organization.observations
    ]
    ref = CustomerRef(org_id=env.org_id, customer_id=customer.customer_id)
    for start in range(0, len(reports), BATCH):
        await repositories.seats.report(ref, reports[start : start + BATCH])
    return customer.customer_id


async def _count(env: DemoEnvironment, customer_id: str, seen: SeatObservation) -> None:
    """Let the product have so many people, and pull their number."""
    customer = await env.engine.queries.customers.get(env.org_id, customer_id)
    if env.product:
        await env.product.set_people(customer.deployment_id, seen.members, seen.guests)
        await env.engine.seats.pull(env.org_id, customer_id, at=seen.observed_at)


async def _take(env: DemoEnvironment, result: DemoResult, step: ScenarioStep, command_id: NamespacedKey) -> None:
    engine = env.engine
    if step.members is not None:
        seen = SeatObservation(observed_at=step.at, members=step.members, guests=step.guests)
        await _count(env, result.customer_id, seen)
    if step.card:
        await _give_card(env, result, step.card, step.at)
    if step.command:
        plan, *_ = await engine.queries.plans.running(env.org_id, customer_id=result.customer_id)
        await engine.plans.command(plan.ref, CommandRequest(command_id=command_id, command=step.command, actor=ACTOR))
    if step.refund or step.credit_note:
        await _adjust(env, result.customer_id, step, command_id)


async def _give_card(env: DemoEnvironment, result: DemoResult, card: str, at: datetime) -> None:
    method = await env.engine.sandbox.give_card(result.stripe_customer_id, card)
    await env.engine.collection.card_changed(env.org_id, result.stripe_customer_id, method, at)


async def _adjust(env: DemoEnvironment, customer_id: str, step: ScenarioStep, key: NamespacedKey) -> None:
    paid = InvoiceFilter(customer_id=customer_id, status=InvoiceStatus.PAID)
    newest, *_ = (await env.engine.queries.invoices.search(env.org_id, paid, Paging(limit=1))).rows
    at = await env.engine.adjustments.now_of(env.org_id, newest.invoice_id)
    of_newest = AdjustmentInput(org_id=env.org_id, invoice_id=newest.invoice_id, key=key, actor=ACTOR, at=at)
    if step.refund:
        await env.engine.adjustments.refund(RefundInput(**dict(of_newest), amount=step.refund))
    if step.credit_note:
        await env.engine.adjustments.credit(CreditNoteInput(**dict(of_newest), amount=step.credit_note))


async def _announce(env: DemoEnvironment, price_change: PriceChange) -> None:
    """Apply and announce other prices once for all scenarios, when each of them is there."""
    if await env.together.wait() == 0:
        change = ChangeContext(actor=ACTOR, at=price_change.at)
        await env.engine.repositories.catalogs.apply(env.org_id, price_change.after, change)
        await env.engine.pricing.announce(env.org_id, price_change.asked, change)
    await env.together.wait()


def _host(name: str) -> str:
    return "".join(character if character.isalnum() else "-" for character in name.lower()).strip("-") or "customer"
