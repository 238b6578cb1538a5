"""Property: whatever is asked, killed and late, each period is billed by one of both systems, and by one only."""

import asyncio
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain, count, product, repeat
from typing import Any

import pytest
import stripe
from hypothesis import HealthCheck, event, example, given, settings
from hypothesis import strategies as st

from billflow.domain.cutover_commands import BeginCutover, CancelCutover
from billflow.domain.plan import CutoverStatus
from billflow.payments.client import stripe_client
from billflow.payments.subscriptions import StripeSubscriptions
from stripe_emulator.server import StripeEmulator
from tests.cutovers.old_and_new import BEGIN, Kill, OldAndNew, in_parallel, periods_until, subscribed
from tests.sizes import sized
from tests.stripe_emulator.clients import client_for

EXAMPLES = int(os.environ.get("BILLFLOW_CUTOVER_EXAMPLES") or sized(5, 150, 2000))
ACCOUNTS = count(1)
HORIZON = BEGIN + timedelta(days=250)
ACTIONS = ("begin", "begin", "begin_later", "cancel", "stripe", "stripe", "ours", "ours", "late")


@pytest.fixture(scope="module")
def emulator() -> Iterator[StripeEmulator]:
    with StripeEmulator() as server:
        yield server


async def act(both: OldAndNew, action: str, step: timedelta) -> None:
    if action == "stripe":
        both.let_stripe_live(min(both.stripe_now + step, HORIZON))
    elif action == "ours":
        await both.live(min(both.now + step, HORIZON))
    elif action == "late":
        await both.late_requests()
    else:
        later = both.now + timedelta(days=40) if action == "begin_later" else None
        command = CancelCutover() if action == "cancel" else BeginCutover(not_before=later)
        if both.ask(command):
            await both.decide()


@dataclass(frozen=True)
class Course:
    """What is asked and how both clocks move, where workers are killed, and whose clock moves on first at the end."""

    asked: list[tuple[str, int]]
    killed: list[Kill]
    first: str


async def lived(course: Course, client: stripe.StripeClient, url: str, key: str) -> OldAndNew:
    """Let both systems live through a course and then on, undisturbed, to the horizon."""
    subscription, clock = subscribed(client)
    async with stripe_client(key, url) as asynchronous:
        subscriptions = StripeSubscriptions(asynchronous, livemode=False)
        now = BEGIN + timedelta(hours=1)
        kills_ = chain(course.killed, repeat(Kill.NEVER))
        both = OldAndNew(client, subscriptions, subscription, clock, in_parallel(subscription, now), now, kills_)
        for action, number in course.asked:
            await act(both, action, timedelta(days=number))
        await both.late_requests()
        both.kills = repeat(Kill.NEVER)
        if course.first == "stripe":
            both.let_stripe_live(HORIZON)
        await both.live(HORIZON)
        both.let_stripe_live(HORIZON)
        for _ in range(20):
            await both.live(HORIZON)
        return both


days = st.integers(1, 45)
acts = st.lists(st.tuples(st.sampled_from(ACTIONS), days), min_size=1, max_size=8)
kills = st.lists(st.sampled_from(tuple(Kill)), max_size=8)
courses = st.builds(Course, asked=acts, killed=kills, first=st.sampled_from(("stripe", "ours")))


EACH_KILL = tuple(product(Kill, ("stripe", "ours")))


def each_kill(test: Any) -> Any:
    """Add a course for each place of a kill (in the small size for two), in a cutover and in taking one back."""
    for kill, first in sized(((Kill.AFTER, "stripe"), (Kill.LATE, "ours")), EACH_KILL, EACH_KILL):
        test = example(course=Course([("begin", 1)], [kill], first))(test)
        test = example(course=Course([("begin", 1), ("cancel", 1)], [Kill.NEVER, kill], first))(test)
        test = example(course=Course([("begin", 1), ("cancel", 1)], [kill, Kill.NEVER], first))(test)
        test = example(course=Course([("begin", 1), ("cancel", 1), ("ours", 40)], [kill, kill, kill], first))(test)
    return test


@each_kill
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(course=courses)
def test_each_period_is_billed_once(emulator: StripeEmulator, course: Course) -> None:
    key = f"sk_test_cutover_{next(ACCOUNTS)}"
    client = client_for(emulator.url, key)

    both = asyncio.run(lived(course, client, emulator.url, key))

    event(f"cutover {both.plan.cutover_status}, billed by us {bool(both.billed)}")
    assert both.plan.due_at is not None
    assert both.plan.due_at > HORIZON
    assert sorted([*both.billed, *both.billed_by_stripe]) == periods_until(HORIZON)
    if both.plan.cutover_status is CutoverStatus.DONE:
        assert both.plan.cutover_at is not None
        assert all(start >= both.plan.cutover_at for start in both.billed)
        assert all(start < both.plan.cutover_at for start in both.billed_by_stripe)
    else:
        assert both.billed == []
