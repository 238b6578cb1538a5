"""Worker processes that are killed at every step of a cutover, and of taking one back: never both, never none."""

import asyncio
import os
import random
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.chaos.workers import running_workers
from tests.cutovers.moving import Moving, moving_in
from tests.databases import migrated_database
from tests.environment import Environment, dev_server_environment
from tests.imports.openings import Json
from tests.imports.test_import import advance
from tests.sizes import sized

PROGRAM = Path(__file__).parent / "mortal_worker.py"
DATE, LATER = "2026-02-16", "2026-03-16"
PERIODS = ["2026-02-15", "2026-03-15"]
CREDIT = 500
SEED = int(os.environ.get("BILLFLOW_CHAOS_SEED") or random.randrange(1_000_000))
KILLS = int(os.environ.get("BILLFLOW_CUTOVER_KILLS") or sized(2, 12, 1_000))
"""At how many of all steps a worker is killed, which the seed chooses; in the long size at every one."""

AT_ONCE = 6
"""Plans that live at a time: others are in the middle of their cutovers when one kills the worker."""

CLOCKS = (("stripe", "ours"), ("ours", "stripe"))
LONGEST = sized(900, 900, 10_800)


@dataclass(frozen=True)
class Course:
    """What is asked, at which place and time the worker dies (None: never), and whose clock is first."""

    asked: str
    death: tuple[int, str] | None = None
    clocks: tuple[str, str] = CLOCKS[0]


@dataclass(frozen=True)
class Life:
    """What came of a course: the places that were come to up to the cutover's date, and what each side billed.

    `carried` is the credit that was taken over from Stripe.
    """

    course: Course
    reached: Sequence[str]
    died: bool
    ours: list[str]
    theirs: list[str]
    carried: int
    plan: Json


@pytest.fixture
def deaths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "deaths"
    folder.mkdir()
    monkeypatch.setenv("BILLFLOW_TEST_DEATHS", str(folder))
    return folder


@pytest.fixture
async def env(postgres_url: str, temporal_server: str) -> AsyncIterator[Environment]:
    """Yield a world whose workers are processes of their own."""
    async with dev_server_environment(temporal_server, await migrated_database(postgres_url), working=False) as env:
        yield env


async def lived(env: Environment, api: httpx.AsyncClient, deaths: Path, course: Course) -> Life:
    """Let a plan and its subscription live through a course, until both clocks stand behind two more periods."""
    moving = await moving_in(env, api)
    entry: Any = {"amount": -CREDIT, "currency": "usd"}
    moving.client.v1.customers.balance_transactions.create(str(moving.old().customer), entry)
    if course.asked == "cancel_cutover":
        await command(moving, "begin_cutover", include_different=True)
    number, place = course.death or (1, "never")
    (deaths / moving.plan).write_text(f"{number} {place}")
    await command(moving, course.asked, **({"include_different": True} if course.asked == "begin_cutover" else {}))
    await pass_by(moving, course, DATE)
    reached = (deaths / f"{moving.plan}.reached").read_text().splitlines()
    await pass_by(moving, course, LATER)
    plan, statement = await moving.shown(), await api.get(f"/api/v1/customers/{moving.customer}/statement")
    carried = sum(account["credits"] for account in statement.json()["accounts"])
    died = (deaths / f"{moving.plan}.died").exists()
    return Life(course, reached, died, await moving.billed(), moving.billed_by_stripe(), carried, plan)


async def command(moving: Moving, kind: str, **fields: object) -> None:
    """Give the plan a command, and ask again as long as there is no answer in time."""
    path, key = f"/api/v1/plans/{moving.plan}/commands", {"Idempotency-Key": secrets.token_hex(8)}
    answer = await moving.api.post(path, json={"type": kind, **fields}, headers=key)
    while answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE:
        answer = await moving.api.post(path, json={"type": kind, **fields}, headers=key)
    assert answer.status_code == HTTPStatus.OK, answer.text


async def pass_by(moving: Moving, course: Course, day: str) -> None:
    """Let both clocks pass a day, one after the other, and wait until the plan has done what is due by then."""
    for whose in course.clocks:
        if whose == "stripe":
            await asyncio.to_thread(moving.let_stripe_live, day)
        else:
            await advance(moving.api, moving.clock, f"{day}T00:00:00Z")
    while not has_come(await moving.shown(), day):  # noqa: ASYNC110  (it happens in a database, in `LONGEST` at most)
        await asyncio.sleep(1.0)


def has_come(plan: Json, day: str) -> bool:
    """Tell whether a plan has billed, or computed, what is due by a day, and waits for nothing."""
    return plan["attention"] is None and plan["next_invoice_date"] > f"{day}T00:00:00Z"


def courses(undisturbed: Sequence[Life]) -> Iterator[Course]:
    """Yield a course for each step that a life had, and each order of the clocks."""
    for life in undisturbed:
        seen = Counter[str]()
        for place in life.reached:
            seen[place] += 1
            yield from (Course(life.course.asked, (seen[place], place), clocks) for clocks in CLOCKS)


@pytest.mark.full
@pytest.mark.chaos
@pytest.mark.timeout(LONGEST + 60)
async def test_a_worker_killed_at_any_step_of_a_cutover_leaves_no_period_out_and_none_billed_twice(
    env: Environment, deaths: Path, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    record_property("BILLFLOW_CHAOS_SEED", SEED)
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(course: Course) -> Life:
        async with gate:
            return await lived(env, api, deaths, course)

    async with (
        asyncio.timeout(LONGEST),
        env.client(await env.key()) as api,
        running_workers(env, tmp_path / "workers.log", PROGRAM) as workers,
        workers.replaced_when_they_die(),
    ):
        api.timeout = httpx.Timeout(LONGEST)  # for a while no worker may run
        undisturbed = await asyncio.gather(*(one(Course(asked)) for asked in ("begin_cutover", "cancel_cutover")))
        every = [*courses(undisturbed)]
        chosen = random.Random(SEED).sample(every, min(KILLS, len(every)))
        lives = await asyncio.gather(*map(one, chosen))

    assert len(every) >= 2 * 40
    assert [life.course for life in lives if not life.died] == []
    assert workers.kills == len(lives) == len(chosen)
    for life in (*undisturbed, *lives):
        assert sorted([*life.ours, *life.theirs]) == PERIODS, life
        assert life.plan["attention"] is None, life
        assert life.plan["cutover_status"] == ("done" if life.ours else None), life
        assert life.ours or life.course.asked == "cancel_cutover", life
        assert life.ours == [start for start in PERIODS if life.ours and start >= life.plan["cutover_at"][:10]], life
        assert life.carried == (0 if life.theirs else CREDIT), life
