"""A worker that dies at each step of a cutover, and is back before or after either clock has passed its date."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from itertools import product
from typing import Any

import httpx
import pytest

from billflow.models.contracts.cutovers import DecideCutoverInput
from billflow.ports.payments import PaymentsRejected
from tests.api_environment import ApiEnvironment
from tests.cutovers.moving import Moving, moving_in
from tests.sizes import sized

PERIODS = ["2026-02-15", "2026-03-15", "2026-04-15"]


class Dies(StrEnum):
    """Where the worker dies, for as long as the block runs."""

    BEFORE_STRIPE_IS_ASKED = "before Stripe is asked"
    BEFORE_IT_IS_RECORDED = "before it is recorded"
    BEFORE_IT_IS_ANSWERED = "before it is answered"


@dataclass(frozen=True)
class Case:
    """What is asked when the worker dies, where, and whose clock passes the cutover's date before it is back."""

    asked: str
    dies: Dies
    passing: tuple[str, ...]

    def __str__(self) -> str:
        """Return what the case is called."""
        return f"{self.asked}, {self.dies}, {' and '.join(self.passing) or 'neither'}"


CLOCKS = ((), ("stripe",), ("ours",), ("stripe", "ours"), ("ours", "stripe"))
CASES = [Case(*one) for one in product(("begin", "cancel"), Dies, CLOCKS)]
FIRST = [one for one in CASES if one.dies is Dies.BEFORE_IT_IS_RECORDED and one.passing == ("stripe", "ours")]

SOME = [one for one in CASES if one.dies is Dies.BEFORE_IT_IS_RECORDED or one.passing == ("stripe", "ours")]
"""Every order of clocks, and every place; `test_each_period_once` has them all together, without a worker."""


@contextmanager
def dying(env: ApiEnvironment, plan: str, dies: Dies) -> Iterator[None]:
    """Let whatever decides the cutover of a plan die at a point; what it did before is done."""
    stripe, rows = env.engine.old_subscriptions, env.engine.repositories.plans
    known = (stripe.end, stripe.keep, rows.take_step)

    async def dying_step(step: Any, decide: Any) -> Any:
        result = await known[2](step, decide)
        if isinstance(step, DecideCutoverInput) and step.plan.plan_id == plan:
            raise PaymentsRejected("killed")
        return result

    if dies is Dies.BEFORE_IT_IS_ANSWERED:
        _put(rows, take_step=dying_step)
    else:
        _put(stripe, end=_killed(stripe.end, plan, dies), keep=_killed(stripe.keep, plan, dies))
    try:
        yield
    finally:
        _put(stripe, end=known[0], keep=known[1])
        _put(rows, take_step=known[2])


def _killed(method: Any, plan: str, dies: Dies) -> Any:
    async def call(old: Any, *args: Any) -> Any:
        if old.plan_id == plan and dies is Dies.BEFORE_STRIPE_IS_ASKED:
            raise PaymentsRejected("killed")
        found = await method(old, *args)
        if old.plan_id == plan:
            raise PaymentsRejected("killed")
        return found

    return call


def _put(holder: object, **methods: Any) -> None:
    for name, method in methods.items():
        object.__setattr__(holder, name, method)


async def let_pass(moving: Moving, passing: tuple[str, ...]) -> None:
    """Let clocks pass the cutover's date in turn."""
    for whose in passing:
        if whose == "ours":
            await moving.live("2026-02-16")
        else:
            await asyncio.to_thread(moving.let_stripe_live, "2026-02-16")


@pytest.mark.parametrize("case", sized(FIRST, SOME, CASES), ids=str)
async def test_each_period_is_billed_once(env: ApiEnvironment, api: httpx.AsyncClient, case: Case) -> None:
    moving = await moving_in(env, api)
    if case.asked == "cancel":
        await moving.begin()

    with dying(env, moving.plan, case.dies):
        if case.asked == "begin":
            await moving.begin()
        else:
            assert (await moving.command("cancel_cutover")).status_code == 200
        await let_pass(moving, case.passing)

    for day in ("2026-02-17", "2026-03-16", "2026-04-16"):
        await asyncio.to_thread(moving.let_stripe_live, day)
        await moving.live(day)
    await moving.live("2026-04-17")
    ours, theirs, plan = await moving.billed(), moving.billed_by_stripe(), await moving.shown()
    assert sorted([*ours, *theirs]) == PERIODS
    assert plan["attention"] is None
    if case.asked == "begin":
        assert plan["cutover_status"] == "done"
        assert ours[0] == plan["cutover_at"][:10]
    elif theirs:
        assert (plan["cutover_status"], ours) == (None, [])
    else:
        assert (plan["cutover_status"], ours) == ("done", PERIODS)
