"""Playing one customer's part on the real stack: sign up, buy, and live through the years at the clock's pace."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from billflow.demo.scenario import PlanToPlay, ScenarioStep
from billflow.models.contracts.customers import ChangeContext, CustomerRef, NewCustomer, SeatReport
from billflow.models.contracts.invoices import BilledCustomer
from billflow.models.contracts.keys import KeyNamespace
from billflow.models.contracts.plans import PlanState, StartPlanInput
from billflow.models.contracts.steps import CommandRequest, PlanRef
from billflow.payments.sandbox import Sandbox
from billflow.wiring.engine import Engine

ACTOR = "demo"
BATCH = 1_000

Reached = Callable[[datetime], None]
"""Told how far the customer's clock has come."""


@dataclass(frozen=True, slots=True)
class DemoEnvironment:
    """Where the parts are played: the engine, the organization, test cards, and a prefix that keeps runs apart."""

    engine: Engine
    sandbox: Sandbox
    org_id: str
    run: str


@dataclass(frozen=True, slots=True)
class DemoResult:
    """A part that was played to its end."""

    part: PlanToPlay
    customer_id: str
    stripe_customer_id: str


@dataclass(slots=True)
class Player:
    """One customer in the middle of its part."""

    env: DemoEnvironment
    part: PlanToPlay
    reached: Reached
    customer_id: str = ""
    clock_id: str = ""
    stripe_customer_id: str = ""

    async def play(self) -> DemoResult:
        """Play the part from the first observation to the last day."""
        await self._sign_up()
        await self._give_card(self.part.card)
        plan = await self._buy()
        for number, scene in enumerate(self.part.scenes):
            await self._advance(scene.at)
            await self._act(plan, scene, number)
        await self._advance(self.part.ends_at)
        return DemoResult(self.part, self.customer_id, self.stripe_customer_id)

    async def _sign_up(self) -> None:
        repositories, env, part = self.env.engine.repositories, self.env, self.part
        name = part.organization.name
        new = NewCustomer(name=name, email=f"billing+{env.run}@{_host(name)}.example")
        customer = await repositories.customers.create(env.org_id, new, ChangeContext(actor=ACTOR, at=part.starts_at))
        self.customer_id = customer.customer_id
        clock = await repositories.test_clocks.create(env.org_id, part.starts_at, f"{name} {env.run}")
        self.clock_id = clock.test_clock_id
        reports = [
            SeatReport(observed_at=seen.observed_at, members=seen.members, guests=seen.guests)
            for seen in part.organization.observations
        ]
        for start in range(0, len(reports), BATCH):
            await repositories.seats.report(
                CustomerRef(org_id=env.org_id, customer_id=self.customer_id), reports[start : start + BATCH]
            )
        await self._make_stripe_customer(new)

    async def _make_stripe_customer(self, new: NewCustomer) -> None:
        customer = BilledCustomer(
            org_id=self.env.org_id,
            customer_id=self.customer_id,
            name=new.name,
            email=new.email,
            currency=new.default_currency,
        )
        self.stripe_customer_id = await self.env.engine.gateway.ensure_customer(customer)
        await self.env.engine.repositories.invoices.record_stripe_customer(customer, self.stripe_customer_id)

    async def _give_card(self, card: str) -> None:
        await self.env.sandbox.give_card(self.stripe_customer_id, card)

    async def _buy(self) -> PlanRef:
        ask = StartPlanInput(
            org_id=self.env.org_id,
            customer_id=self.customer_id,
            idempotency_key=KeyNamespace.CLIENT.key("demo", self.customer_id),
            actor=ACTOR,
            start=self.part.asked,
            test_clock_id=self.clock_id,
            at=self.part.starts_at,
        )
        started = await self.env.engine.plans.start(ask)
        return PlanRef(org_id=self.env.org_id, plan_id=started.state.plan_id)

    async def _advance(self, to: datetime) -> None:
        await self.env.engine.clocks.advance(self.env.org_id, self.clock_id, to)
        self.reached(to)

    async def _act(self, first: PlanRef, scene: ScenarioStep, number: int) -> None:
        if scene.card:
            await self._give_card(scene.card)
            await self.env.engine.collection.retry_payments(self.env.org_id, self.customer_id)
        if scene.command:
            plan = await self._live_plan()
            key = KeyNamespace.CLIENT.key("demo", first.plan_id, str(number))
            request = CommandRequest(command_id=key, command=scene.command, actor=ACTOR)
            await self.env.engine.plans.command(plan.ref, request)

    async def _live_plan(self) -> PlanState:
        plans = await self.env.engine.queries.plans.running(self.env.org_id, customer_id=self.customer_id)
        return plans[0]


def _host(name: str) -> str:
    return "".join(character if character.isalnum() else "-" for character in name.lower()).strip("-") or "customer"
