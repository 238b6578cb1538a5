"""Commands fired around billing dates while workers are killed: none refused wrongly, none taken twice, bills right."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import stripe

from billflow.demo.replay import step_again
from billflow.domain import plan_start
from billflow.domain.calendar import add_months
from billflow.domain.catalog import Hosting
from billflow.domain.commands import (
    CancelScheduledChange,
    DowngradeAtEndOfCycle,
    PlanCommand,
    RemoveEndDate,
    SetCollectionMethod,
    SetEndDate,
    SetLicenses,
    SetLicensesAtRenewal,
)
from billflow.domain.customer import CustomerTerms
from billflow.domain.errors import InvalidInput, Refused
from billflow.domain.plan import CollectionMethod
from billflow.domain.projection import after
from billflow.domain.seats import SeatObservation
from billflow.domain.step import Facts
from billflow.models.contracts.customers import CustomerRecord
from billflow.models.contracts.invoices import InvoiceStatus
from billflow.models.contracts.plans import PlanState
from billflow.models.contracts.records import StepRecord
from tests.accounts import differences
from tests.api_environment import until
from tests.chaos.test_killed_workers import SEED
from tests.chaos.workers import workers_at_risk
from tests.databases import migrated_database
from tests.environment import MANUAL, SEATS, Environment, dev_server_environment, ref
from tests.sizes import sized

CUSTOMERS = sized(1, 3, 12)
DATES = sized(2, 4, 24)
COMMANDS = sized(12, 30, 60)
KILLS = sized(2, 6, 80)
AT_ONCE = 4
"""Each of which may be sent twice: fewer than the ten updates that the server lets be in flight."""

FOR = 2.0
"""Seconds over which the commands of a billing date are fired."""

TRIAL = timedelta(days=14)
BEGIN = datetime(2023, 5, 17, 10, 0, tzinfo=UTC)
ANCHOR = BEGIN + TRIAL
ASKED = replace(MANUAL, trial_days=TRIAL.days)
LONGEST = sized(1500, 1500, 7200)


@pytest.fixture
async def env(postgres_url: str, temporal_server: str) -> AsyncIterator[Environment]:
    """Yield a world whose workers are processes of their own."""
    async with dev_server_environment(temporal_server, await migrated_database(postgres_url), working=False) as env:
        yield env


@dataclass
class Shooting:
    """A plan on a clock, and what became of each command that was fired at it: the code of its refusal, or nothing."""

    env: Environment
    customer: CustomerRecord
    plan: PlanState
    clock: str
    chosen: random.Random
    codes: dict[str, str] = field(default_factory=dict)
    in_flight: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    async def around(self, date: datetime) -> None:
        """Fire commands while the clock comes to a billing date; some are sent twice at once under one id."""
        await self.env.advance(self.clock, date - timedelta(seconds=1))
        wishes = [self.wish(date, number) for number in range(COMMANDS)]
        await asyncio.gather(self.comes(date), *map(self.fire, wishes))
        await self.fire(CancelScheduledChange())
        await self.pay()

    async def pay(self) -> None:
        """Pay what was sent, so that nobody is suspended, who may buy nothing."""

        async def is_closed() -> bool:
            invoices = await self.env.invoices(self.customer)
            for invoice in invoices:
                if invoice.status is InvoiceStatus.OPEN and invoice.collection_method is CollectionMethod.SEND_INVOICE:
                    held = invoice.stripe_invoice_id or ""
                    with suppress(stripe.InvalidRequestError):  # paid at the last look
                        await self.env.engine.stripe.v1.invoices.pay_async(held, {"paid_out_of_band": True})
            return all(invoice.status is InvoiceStatus.PAID for invoice in invoices)

        await until(is_closed)

    async def comes(self, date: datetime) -> None:
        """Let the clock come to a billing date when half of the commands were fired."""
        await asyncio.sleep(FOR / 2)
        await self.env.advance(self.clock, date)

    def wish(self, date: datetime, number: int) -> PlanCommand:
        """Choose a command; what ends a plan is asked for only where the trial's end is what decides about it."""
        wishes: list[PlanCommand] = [
            SetLicenses(licenses=self.chosen.randrange(SEATS, 60)),
            SetLicensesAtRenewal(licenses=self.chosen.randrange(SEATS - 2, 60)),
            SetCollectionMethod(collection_method=self.chosen.choice(list(CollectionMethod))),
            SetEndDate(end_date=add_months(date, self.chosen.randrange(30, 40))),
            RemoveEndDate(),
        ]
        if date == ANCHOR:
            wishes.append(DowngradeAtEndOfCycle())
        return wishes[number % len(wishes)]

    async def fire(self, command: PlanCommand) -> None:
        """Send a command after a while, and note the answer."""
        name = f"fired-{len(self.codes)}"
        self.codes[name] = "unanswered"
        await asyncio.sleep(self.chosen.uniform(0, FOR))
        async with self.in_flight:
            answers = await asyncio.gather(*(self.answer(command, name) for _ in range(self.chosen.choice([1, 1, 2]))))
        assert len(set(answers)) == 1
        self.codes[name] = answers[0]

    async def answer(self, command: PlanCommand, name: str) -> str:
        """Return the code a command is refused with, nothing where it is taken."""
        try:
            await self.env.command(self.plan, command, name)
        except (Refused, InvalidInput) as error:
            return error.code
        return ""

    async def judged(self) -> list[tuple[str, str]]:
        """Take the recorded steps again by the domain alone; return what it says to each command."""
        return list(verdicts(await self.facts(), await self.env.engine.queries.plans.steps(ref(self.plan))))

    async def facts(self) -> Facts:
        """Return the facts that the plan began with."""
        catalog = await self.env.engine.repositories.catalogs.current(self.env.org_id)
        terms = CustomerTerms(id=self.customer.customer_id, hosting=Hosting.CLOUD)
        seen = SeatObservation(observed_at=BEGIN, members=SEATS, guests=0)
        start = plan_start.StartFacts(plan_id="again", customer=terms, catalog=catalog, last_observation=seen)
        started = plan_start.start_plan(start, ASKED, BEGIN)
        return after(Facts(plan=started.plan, customer=started.customer, catalog=catalog), started)


def verdicts(facts: Facts, steps: Sequence[StepRecord]) -> Iterator[tuple[str, str]]:
    """Yield each command with the code that the domain refuses it with, after all steps before it."""
    for step in steps:
        code = ""
        try:
            outcome = step_again(facts, step)
        except (Refused, InvalidInput) as error:
            outcome, code = None, error.code
        facts = after(facts, outcome) if outcome else facts
        if step.kind == "command":
            assert step.refused is bool(code), (step, code, facts.plan, facts.ledger[-2:])
            yield step.key.rsplit("/", 1)[1], code


async def shot_at(env: Environment, number: int) -> Shooting:
    """Start a trial, and fire at the plan around each of its billing dates."""
    customer = await env.customer()
    await env.report(customer, SEATS, BEGIN)
    clock, plan = await env.plan_on_clock(customer, BEGIN, ASKED)
    shooting = Shooting(env, customer, plan, clock, random.Random(SEED + number))
    for month in range(DATES):
        await shooting.around(add_months(ANCHOR, month))
    return shooting


@pytest.mark.full
@pytest.mark.chaos
@pytest.mark.timeout(LONGEST + 60)
async def test_around_billing_dates_with_workers_killed_every_command_is_answered_as_the_rows_have_it(
    env: Environment, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    record_property("BILLFLOW_CHAOS_SEED", SEED)
    async with asyncio.timeout(LONGEST), workers_at_risk(env, tmp_path / "workers.log", SEED, KILLS) as workers:
        shootings = await asyncio.gather(*(shot_at(env, number) for number in range(CUSTOMERS)))

    assert workers.kills == KILLS
    for shooting in shootings:
        judged = await shooting.judged()
        assert len(judged) == len(shooting.codes) == DATES * (COMMANDS + 1)
        assert dict(judged) == shooting.codes
        assert "" in shooting.codes.values()
        assert any(shooting.codes.values())
        assert await differences(env, shooting.customer, ASKED, BEGIN) == ()
    assert (await env.control("GET", "/invariants"))["broken"] == []
