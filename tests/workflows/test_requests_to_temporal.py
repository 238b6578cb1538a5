"""How often Temporal is asked for a start, a command and a billing period: bounded, so that it does not grow unseen."""

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from prometheus_client.parser import text_string_to_metric_families

from billflow.domain.commands import DowngradeAtEndOfFreeTrial
from billflow.domain.plan_start import StartPlan
from billflow.models.contracts.customers import CustomerRecord
from billflow.temporal.sdk_metrics import CountingRuntime, counting_runtime
from tests.environment import MONTHLY, SEATS, Environment, running_environment, strict_plugins
from tests.namespaces import fresh_namespace

REQUESTS = frozenset({"temporal_request_total", "temporal_long_request_total"})
POLLS = frozenset({"PollWorkflowTaskQueue", "PollActivityTaskQueue"})
"""What a worker asks all the time; what it was given is counted by its answers."""

ROUNDS = 3
TRIAL = replace(MONTHLY, trial_days=30)

OF_A_TRIAL = Counter(ExecuteMultiOperation=1, RespondWorkflowTaskCompleted=1)
OF_A_COMMAND = Counter(UpdateWorkflowExecution=1, RespondWorkflowTaskCompleted=1)
OF_A_PURCHASE = Counter(
    ExecuteMultiOperation=1, RespondWorkflowTaskCompleted=2, RespondActivityTaskCompleted=1, SignalWorkflowExecution=1
)
OF_A_PERIOD = Counter(
    SignalWithStartWorkflowExecution=1,
    RespondWorkflowTaskCompleted=3,
    RespondActivityTaskCompleted=1,
    SignalWorkflowExecution=1,
)
"""The clock moves, the step is taken, its invoice is sent, the next run begins; Stripe tells of the payment."""

Work = Callable[[], Awaitable[object]]


@dataclass(frozen=True)
class Requests:
    """What the workers and the services of an environment ask of Temporal, as its SDK counts it."""

    env: Environment
    counted: CountingRuntime

    async def least(self, works: Sequence[Work]) -> Counter[str]:
        """Return what one of the works asked that asked least: a busy machine may lose a task, and do it again."""
        return min([await self._of(work) for work in works], key=Counter.total)

    async def _of(self, work: Work) -> Counter[str]:
        before = await self._so_far()
        await work()
        return await self._so_far() - before

    async def _so_far(self) -> Counter[str]:
        so_far = Counter[str]()
        for family in text_string_to_metric_families((await self.counted.exposition()).decode()):
            for sample in family.samples:
                if sample.name in REQUESTS and sample.labels["operation"] not in POLLS:
                    so_far[sample.labels["operation"]] += int(sample.value)
        return so_far


@pytest.fixture(scope="module")
async def requests(env_database_url: str, temporal_server: str) -> AsyncIterator[Requests]:
    """Yield a world whose SDK counts."""
    counted = counting_runtime()
    client = await fresh_namespace(temporal_server, "requests", strict_plugins(), runtime=counted.runtime)
    async with running_environment(client, env_database_url) as env:
        yield Requests(env, counted)


async def test_a_start_and_a_command_are_one_request_and_one_task_each(requests: Requests) -> None:
    env = requests.env
    plans = [await env.plan(await env.subscriber(card=None), TRIAL) for _ in range(ROUNDS)]

    started = await requests.least(await starts(env, TRIAL))
    commanded = await requests.least([partial(env.command, plan, DowngradeAtEndOfFreeTrial()) for plan in plans])

    assert started["RespondWorkflowTaskCompleted"] == commanded["RespondWorkflowTaskCompleted"] == 1
    assert started <= OF_A_TRIAL, started
    assert commanded <= OF_A_COMMAND, commanded


@pytest.mark.full
async def test_a_purchase_by_card_is_one_request_and_two_tasks(requests: Requests) -> None:
    bought = await requests.least(await starts(requests.env, MONTHLY))

    assert bought["RespondActivityTaskCompleted"] == 1
    assert bought <= OF_A_PURCHASE, bought


@pytest.mark.full
async def test_a_period_is_three_tasks_and_one_activity(requests: Requests) -> None:
    env, began_at = requests.env, datetime(2026, 1, 15, 12, tzinfo=UTC)
    customer = await env.customer()
    await env.report(customer, SEATS, began_at - timedelta(hours=1))
    clock_id, _ = await env.plan_on_clock(customer, began_at)

    first, *others = [began_at.replace(month=began_at.month + n) for n in range(1, 2 + ROUNDS)]
    await one_period(env, customer, clock_id, first)  # takes in what is left of the purchase
    spent = await requests.least([partial(one_period, env, customer, clock_id, month) for month in others])

    assert spent["RespondActivityTaskCompleted"] == 1
    assert spent <= OF_A_PERIOD, spent


async def starts(env: Environment, asked: StartPlan) -> Sequence[Work]:
    """Return starts of plans of different customers."""
    return [partial(env.buy, await env.subscriber(), asked) for _ in range(ROUNDS)]


async def one_period(env: Environment, customer: CustomerRecord, clock_id: str, to: datetime) -> None:
    """Move a plan's test clock to its next billing date."""
    await env.report(customer, SEATS, to - timedelta(hours=1))
    await env.advance(clock_id, to)
