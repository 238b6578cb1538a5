"""A world on the time-skipping server, where years take seconds."""

import asyncio
import sysconfig
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from pathlib import Path

from temporalio.api.testservice.v1 import SleepRequest
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import WorkflowEnvironment

from billflow.domain.calendar import add_months
from billflow.models.contracts.invoices import InvoiceStatus
from billflow.models.contracts.records import InvoiceFilter
from billflow.temporal import search_attributes
from tests.api_environment import until
from tests.environment import ALL, Environment, running_environment, strict_plugins

LONGEST_LEAP = timedelta(minutes=10)
"""How long a leap may take before the request is given up."""

SEEN_NOTHING = ((RPCStatusCode.INTERNAL, "h2 protocol error"), (RPCStatusCode.CANCELLED, "Timeout expired"))
"""What the SDK says of a request that the time-skipping server broke off, and of one that had no answer in time."""

PROGRAM = Path(sysconfig.get_path("scripts")) / "temporal-test-server"


@dataclass(frozen=True)
class SkippingEnvironment(Environment):
    """A world whose time stands where the test leaves it, more or less, and leaps when asked to."""

    environment: WorkflowEnvironment

    async def now(self) -> datetime:
        """Return the server's time."""
        return await self.environment.get_current_time()

    async def leap(self, delta: timedelta) -> None:
        """Let time pass, with everything in it that is due, and don't look what became of it.

        The environment's own `sleep` gives up after a minute, however many years are to pass.
        """
        request = SleepRequest()
        request.duration.FromTimedelta(delta)
        await self.environment.client.test_service.unlock_time_skipping_with_sleep(request, timeout=LONGEST_LEAP)

    async def leap_until(self, happened: Callable[[], Awaitable[bool]], within: timedelta) -> None:
        """Let time pass until something has happened.

        The server's clock gets stuck when a child ends whose parent has gone on to another run, as collections do.
        """
        leaping = asyncio.create_task(self.leap(within))
        await until(lambda: _seen(happened))
        leaping.cancel()

    async def leap_to(self, moment: datetime) -> None:
        """Let time pass until *moment*, and wait until every plan has come through it with its invoices sent."""
        await self.leap(moment - await self.now())
        await until(self.is_quiet)

    async def months(self, months: int) -> None:
        """Let so many months pass, and an hour."""
        await self.leap_to(months_after(await self.now(), months) + timedelta(hours=1))

    async def is_quiet(self) -> bool:
        """Tell whether nothing is due that is not on hold, and no invoice is still to be sent or charged."""
        now = await self.now()
        plans = await self.engine.queries.plans.running(self.org_id)
        untried = [await self._untried(status) for status in (InvoiceStatus.DRAFT, InvoiceStatus.OPEN)]
        due = [plan for plan in plans if not plan.attention and plan.due_at and plan.due_at <= now]
        return not due and not any(untried)

    async def _untried(self, status: InvoiceStatus) -> bool:
        """Tell whether an invoice of that status waits for its first attempt."""
        found = await self.engine.queries.invoices.search(self.org_id, InvoiceFilter(status=status), ALL)
        return any(invoice.attempts == 0 for invoice in found.rows)


def months_after(moment: datetime, months: int) -> datetime:
    """Return a moment so many months later, which runs over into the next month where the last one is short.

    A plan that was bought at 23:15 on the 28th has a billing date on 28 February, and an hour after one is the 29th.
    """
    later = add_months(moment, months)
    return later + timedelta(days=moment.day - later.day)


@asynccontextmanager
async def skipping_environment(database_url: str, smtp_url: str | None = None) -> AsyncIterator[SkippingEnvironment]:
    """Run a world on a server of its own: the clock is one for the whole server."""
    async with await WorkflowEnvironment.start_time_skipping(
        test_server_existing_path=str(PROGRAM), plugins=strict_plugins()
    ) as environment:
        await search_attributes.ensure(environment.client)
        async with running_environment(environment.client, database_url, smtp_url=smtp_url) as env:
            parts = {field.name: getattr(env, field.name) for field in fields(Environment)}
            yield SkippingEnvironment(**parts, environment=environment)


async def _seen(happened: Callable[[], Awaitable[bool]]) -> bool:
    """Look once; a look that the time-skipping server broke off or did not answer has seen nothing.

    While its time leaps a worker that is busy may lose a workflow task, and a query waits until it is done once more.
    """
    try:
        return await happened()
    except RPCError as error:
        if not any(error.status is status and message in error.message for status, message in SEEN_NOTHING):
            raise
        return False
