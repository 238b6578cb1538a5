"""Plans whose billing dates fall due in real time, with callers that repeat their commands until they are answered."""

import asyncio
import random
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from billflow.domain.calendar import add_months
from billflow.domain.commands import SetLicenses
from billflow.domain.errors import InvalidInput, Refused
from billflow.errors import Unavailable
from billflow.models.contracts.customers import CustomerRecord
from billflow.models.contracts.invoices import InvoiceStatus
from billflow.models.contracts.plans import PlanState
from tests.accounts import differences
from tests.api_environment import until
from tests.environment import MANUAL, SEATS, Environment, ref
from tests.reconciliation.conftest import ReconciliationEnvironment, eventually
from tests.sizes import sized
from tests.waiting import PATIENCE

TRIAL = timedelta(days=14)
ASKED = replace(MANUAL, trial_days=TRIAL.days)
REPEATED_AFTER = sized(0.3, 1.0, 2.0)
"""Seconds after which a caller that was told to come again does."""


@dataclass(frozen=True)
class RealTimePlan:
    """A plan that began with a trial in the past and is behind by some dates; the next one falls due soon."""

    env: Environment
    customer: CustomerRecord
    plan: PlanState
    begin: datetime
    due: datetime
    sent: list[str] = field(default_factory=list)

    @property
    def dates(self) -> list[datetime]:
        """Return every billing date until now."""
        anchor, now = self.begin + TRIAL, datetime.now(UTC)
        dates = [add_months(anchor, month) for month in range(36)]
        return [date for date in dates if date <= now]

    async def fire_some(self, count: int, within: float, chosen: random.Random) -> None:
        """Send so many commands at moments of the next seconds, each until it is answered."""
        await asyncio.gather(*(self.fire(chosen, chosen.uniform(0, within)) for _ in range(count)))

    async def fire(self, chosen: random.Random, after: float = 0) -> None:
        """Send a command after some seconds, again and again until it is answered."""
        command, name = SetLicenses(licenses=chosen.randrange(SEATS, 60)), f"fired-{len(self.sent)}"
        self.sent.append(name)
        await asyncio.sleep(after)
        async with asyncio.timeout(PATIENCE):
            while not await self._is_answered(command, name):  # noqa: ASYNC110  (asked, not told)
                await asyncio.sleep(REPEATED_AFTER)

    async def _is_answered(self, command: SetLicenses, name: str) -> bool:
        try:
            await self.env.command(self.plan, command, name)
        except Unavailable:
            return False
        except (Refused, InvalidInput):
            return True
        return True

    async def come_through(self) -> None:
        """Wait until nothing is due and everything is paid."""

        async def is_through() -> bool:
            state, invoices = await self.env.state(self.plan), await self.env.invoices(self.customer)
            is_billed = state.due_at is not None and state.due_at > datetime.now(UTC)
            return is_billed and all(invoice.status is InvoiceStatus.PAID for invoice in invoices)

        await until(is_through)

    async def assert_right(self) -> None:
        """Fail unless every date was billed once, every command taken once, and every invoice is as it must be."""
        steps = await self.env.engine.queries.plans.steps(ref(self.plan))
        assert [step.at for step in steps if step.kind == "close_cycle"] == self.dates
        taken = sorted(step.key.rsplit("/", 1)[1] for step in steps if step.kind == "command")
        assert taken == sorted(self.sent)
        assert await differences(self.env, self.customer, ASKED, self.begin) == ()


def months_before(due: datetime, months: int) -> datetime:
    """Return the latest day of which *due*, or the days before where months are short, is so many months later."""
    days = (due - timedelta(days=number) for number in range(28 * months, 32 * months + 1))
    return next(day for day in days if add_months(day, months) <= due)


async def real_time_plan(env: Environment, due: datetime, months: int) -> RealTimePlan:
    """Start a plan that has a billing date at *due* and is behind by a trial and the *months* before."""
    customer, begin = await env.customer(), months_before(due, months) - TRIAL
    await env.report(customer, SEATS, begin)
    asked = await env.ask(customer, ASKED)
    started = await env.engine.plans.start(asked.model_copy(update={"at": begin}))
    return RealTimePlan(env, customer, started.state, begin, due)


async def assert_nothing_is_found(env: Environment) -> None:
    """Fail unless reconciliation, which repairs nothing, finds nothing, and the emulator no broken invariant."""
    compared = ReconciliationEnvironment(env.engine, env.org_id, env.database_url)

    async def is_clean() -> bool:
        return not (await compared.reconcile(repair=False)).findings

    await eventually(is_clean)
    assert (await env.control("GET", "/invariants"))["broken"] == []
