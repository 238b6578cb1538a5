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

EXAMPLES = int(os.environ.get("BILLFLOW_CUTOVER_EXAMPLES") or sized(20, 150, 2000))
ACCOUNTS = count(1)
HORIZON = BEGIN + timedelta(days=250)
ACTIONS = ("begin", "begin", "begin_later", "cancel", "stripe", "stripe", "ours", "ours", "late")


@pytest.fixture(scope="module")
def emulator() -> Iterator[StripeEmulator]:
    with StripeEmulator() as server:
        yield server


async def act(world: OldAndNew, action: str, step: timedelta) -> None:
    if action == "stripe":
        world.let_stripe_live(min(world.stripe_now + step, HORIZON))
    elif action == "ours":
        await world.live(min(world.now + step, HORIZON))
    elif action == "late":
        await world.late_requests()
    else:
        later = world.now + timedelta(days=40) if action == "begin_later" else None
        command = CancelCutover() if action == "cancel" else BeginCutover(not_before=later)
        if world.ask(command):
            await world.settle()


@dataclass(frozen=True)
class Story:
    """What is asked and how both clocks move, where workers are killed, and whose clock moves on first at the end."""

    asked: list[tuple[str, int]]
    killed: list[Kill]
    first: str


async def lived(story: Story, client: stripe.StripeClient, url: str, key: str) -> OldAndNew:
    """Let both systems live through a story and then on, undisturbed, to the horizon."""
    subscription, clock = subscribed(client)
    async with stripe_client(key, url) as asynchronous:
        subscriptions = StripeSubscriptions(asynchronous, livemode=False)
        now = BEGIN + timedelta(hours=1)
        kills_ = chain(story.killed, repeat(Kill.NEVER))
        world = OldAndNew(client, subscriptions, subscription, clock, in_parallel(subscription, now), now, kills_)
        for action, number in story.asked:
            await act(world, action, timedelta(days=number))
        await world.late_requests()
        world.kills = repeat(Kill.NEVER)
        if story.first == "stripe":
            world.let_stripe_live(HORIZON)
        await world.live(HORIZON)
        world.let_stripe_live(HORIZON)
        for _ in range(20):
            await world.live(HORIZON)
        return world


days = st.integers(1, 45)
acts = st.lists(st.tuples(st.sampled_from(ACTIONS), days), min_size=1, max_size=8)
kills = st.lists(st.sampled_from(tuple(Kill)), max_size=8)
stories = st.builds(Story, asked=acts, killed=kills, first=st.sampled_from(("stripe", "ours")))


def each_kill(test: Any) -> Any:
    """Add a story for each place of a kill, in a cutover and in taking one back, with either clock ahead."""
    for kill, first in product(Kill, ("stripe", "ours")):
        test = example(story=Story([("begin", 1)], [kill], first))(test)
        test = example(story=Story([("begin", 1), ("cancel", 1)], [Kill.NEVER, kill], first))(test)
        test = example(story=Story([("begin", 1), ("cancel", 1)], [kill, Kill.NEVER], first))(test)
        test = example(story=Story([("begin", 1), ("cancel", 1), ("ours", 40)], [kill, kill, kill], first))(test)
    return test


@each_kill
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(story=stories)
def test_each_period_is_billed_once(emulator: StripeEmulator, story: Story) -> None:
    key = f"sk_test_cutover_{next(ACCOUNTS)}"
    client = client_for(emulator.url, key)

    world = asyncio.run(lived(story, client, emulator.url, key))

    event(f"cutover {world.plan.cutover_status}, billed by us {bool(world.billed)}")
    assert world.plan.due_at is not None
    assert world.plan.due_at > HORIZON
    assert sorted([*world.billed, *world.billed_by_stripe]) == periods_until(HORIZON)
    if world.plan.cutover_status is CutoverStatus.DONE:
        assert world.plan.cutover_at is not None
        assert all(start >= world.plan.cutover_at for start in world.billed)
        assert all(start < world.plan.cutover_at for start in world.billed_by_stripe)
    else:
        assert world.billed == []
