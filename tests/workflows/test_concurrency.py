"""Many commands at once, and commands while the workflow continues as new."""

import asyncio
import random
from datetime import UTC, datetime
from functools import partial
from itertools import pairwise

import pytest

from billflow.domain.calendar import add_months
from billflow.domain.commands import (
    CancelScheduledChange,
    DowngradeAtEndOfCycle,
    PlanCommand,
    SetLicenses,
    SetLicensesAtRenewal,
    SwitchToAnnual,
)
from billflow.domain.errors import Refused
from billflow.models.contracts.plans import PlanState
from tests.accounts import differences
from tests.api_environment import until
from tests.environment import MANUAL, Environment, ref
from tests.sizes import sized
from tests.workflows.histories import runs_of

BEGIN = datetime(2024, 6, 15, 8, 0, tzinfo=UTC)


async def attempt(env: Environment, plan: PlanState, command: PlanCommand, command_id: str) -> str:
    """Take a command; return its id where it was accepted, nothing where it was refused."""
    try:
        await env.command(plan, command, command_id)
    except Refused:
        return ""
    return command_id


@pytest.mark.parametrize("seed", sized([1], [1, 2], range(1, 20)))
async def test_commands_at_once_in_any_order_leave_a_ledger_that_explains_every_invoice(
    dev_env: Environment, seed: int
) -> None:
    customer = await dev_env.customer()
    await dev_env.report(customer, 10, BEGIN)
    clock, plan = await dev_env.plan_on_clock(customer, BEGIN, MANUAL)
    commands: list[PlanCommand] = [SetLicenses(licenses=10 + number) for number in range(1, 21)]
    commands += [DowngradeAtEndOfCycle(), CancelScheduledChange(), SwitchToAnnual(), SetLicensesAtRenewal(licenses=40)]
    random.Random(seed).shuffle(commands)

    accepted = await asyncio.gather(
        *(attempt(dev_env, plan, command, f"c{number}") for number, command in enumerate(commands))
    )
    await dev_env.advance(clock, add_months(BEGIN, 2))

    steps = [step for step in await dev_env.engine.queries.plans.steps(ref(plan)) if step.kind == "command"]
    assert sorted(step.key.rsplit("/", 1)[1] for step in steps if not step.refused) == sorted(filter(None, accepted))
    ledger = await dev_env.engine.queries.plans.ledger(ref(plan))
    assert [entry.seq for entry in ledger] == list(range(1, len(ledger) + 1))
    first_cycle = [entry.licenses for entry in ledger if entry.event_time < add_months(BEGIN, 1)]
    assert all(earlier <= later for earlier, later in pairwise(first_cycle))
    assert first_cycle[-1] == 30
    assert await differences(dev_env, customer, MANUAL, BEGIN) == ()


async def commands_taken(env: Environment, plan: PlanState) -> list[str]:
    """Return the ids of the commands that a plan has taken, in order of the steps."""
    steps = await env.engine.queries.plans.steps(ref(plan))
    return [step.key.rsplit("/", 1)[1] for step in steps if step.kind == "command"]


@pytest.mark.full
async def test_commands_around_continue_as_new_are_all_taken_and_none_twice(dev_env: Environment) -> None:
    customer = await dev_env.customer()
    await dev_env.report(customer, 10, BEGIN)
    clock, plan = await dev_env.plan_on_clock(customer, BEGIN, MANUAL)
    months = sized(2, 6, 6)

    async def raise_by_update(number: int) -> None:
        await dev_env.command(plan, SetLicensesAtRenewal(licenses=100 + number), f"update-{number}")

    async def raise_by_signal(number: int) -> None:
        await dev_env.signal(plan, SetLicensesAtRenewal(licenses=200 + number), f"signal-{number}")

    async def has_run_after(runs: int) -> bool:
        return len(await runs_of(dev_env.temporal, dev_env.workflow(plan).id)) > runs

    async def all_taken() -> bool:
        return len(await commands_taken(dev_env, plan)) >= 2 * 5 * months

    for month in range(1, months + 1):
        numbers = range(10 * month, 10 * month + 5)
        await asyncio.gather(
            dev_env.advance(clock, add_months(BEGIN, month)),
            *map(raise_by_update, numbers),
            *map(raise_by_signal, numbers),
        )
        if month % 2:  # in the other months the next commands may arrive before the run could end, which then goes on
            await until(partial(has_run_after, (month + 1) // 2))

    await until(all_taken)
    wanted = [
        f"{way}-{10 * month + n}" for way in ("signal", "update") for month in range(1, months + 1) for n in range(5)
    ]
    assert sorted(await commands_taken(dev_env, plan)) == sorted(wanted)
    assert len(await dev_env.invoices(customer)) == months + 1
    assert await differences(dev_env, customer, MANUAL, BEGIN) == ()
