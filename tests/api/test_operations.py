"""Operators are answered on a listener of their own, from what was looked at in the background."""

import asyncio
import math
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import event

from billflow.api.authentication import WRONG_KEYS_RATE
from billflow.api.metrics import shared_success
from billflow.api.operations import Operations, operations_app
from billflow.api.server import serving
from billflow.dev.ports import LOOPBACK
from billflow.dev.postgres import RUNS, as_login
from billflow.models.contracts.access import Mode, PresentedKey
from billflow.store.session.pools import Pools
from billflow.store.session.url import sqlalchemy_url
from billflow.telemetry.process_metrics import SHARED
from billflow.temporal.queue_rates import QueueLook
from billflow.temporal.queues import ALL
from billflow.wiring.api import build_api
from billflow.wiring.operations import operations_of
from tests.api_environment import ApiEnvironment, until
from tests.sizes import sized
from tests.waiting import PATIENCE

NEEDED = ("postgresql", "temporal")
SERVERS = (*NEEDED, "stripe")
FLOOD = sized(100, 400, 400)
NEVER_AGAIN = 3600.0


async def fails() -> None:
    raise ConnectionError("nobody there")


async def passes() -> None:
    """Reach whatever it is."""


@contextmanager
def statements(pools: Pools) -> Iterator[list[str]]:
    """Yield what goes to the database meanwhile by any of the pools."""
    sent: list[str] = []
    engines = [pool.engine.sync_engine for pool in (pools.requests, pools.work, pools.background)]

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    yield sent
    for engine in engines:
        event.remove(engine, "before_cursor_execute", note)


async def test_a_process_that_reaches_everything_is_ready(env: ApiEnvironment) -> None:
    async with env.operator() as operator:

        async def is_ready() -> bool:
            return (await operator.get("/readyz")).status_code == 200

        await until(is_ready)
        ready, alive = (await operator.get("/readyz")).json(), (await operator.get("/healthz")).json()

    assert ready == {"status": "ready", "checks": dict.fromkeys(SERVERS, "ok")}
    assert alive == {"status": "ok"}


@pytest.mark.parametrize("part", NEEDED)
async def test_a_server_out_of_reach_is_named(env: ApiEnvironment, part: str) -> None:
    operations = operations_of(env.engine)
    operations.probes = {**operations.probes, part: fails}
    await operations.look()

    async with served(operations) as url, httpx.AsyncClient(base_url=url, timeout=PATIENCE) as client:
        answer = await client.get("/readyz")

    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert [name for name, state in answer.json()["checks"].items() if state != "ok"] == [part]


async def test_a_process_is_ready_without_stripe_and_says_that_it_is_away(env: ApiEnvironment) -> None:
    operations = operations_of(env.engine)
    operations.probes = {**operations.probes, "stripe": fails}
    await operations.look()

    async with served(operations) as url, httpx.AsyncClient(base_url=url, timeout=PATIENCE) as client:
        answer = await client.get("/readyz")

    assert answer.status_code == 200
    assert answer.json()["checks"] == dict.fromkeys(NEEDED, "ok") | {"stripe": "out of reach"}


async def test_a_worker_says_that_it_polls_and_when_it_last_succeeded(env: ApiEnvironment) -> None:
    await env.customer()
    identities = [env.engine.client.identity]
    operations = replace(operations_of(env.engine), pollers=lambda: identities)
    before = operations.health()

    async def polls() -> bool:
        await operations.look()
        return operations.health()["polling"] is True

    await until(polls)
    health = operations.health()
    stopped = replace(operations)
    stopped.looks = [QueueLook(look.record, {}) for look in operations.looks or ()]
    identities.append("")
    replaced = operations.health()

    assert before["polling"] is None
    assert set(health["last_polls"]) == set(ALL)
    assert stopped.health()["polling"] is replaced["polling"] is False
    assert set(replaced["last_polls"].values()) == {None}
    assert health["status"] == stopped.health()["status"] == "ok"


def test_the_last_success_of_several_processes_is_the_latest_of_them(tmp_path: Path) -> None:
    never = shared_success(str(tmp_path))
    for moment in (200, 300, 100):
        program = f"from billflow.telemetry.process_metrics import last_success; last_success().set({moment})"
        subprocess.run([sys.executable, "-c", program], env={**os.environ, SHARED: str(tmp_path)}, check=True)

    assert never is None
    assert shared_success(str(tmp_path)) == datetime.fromtimestamp(300, UTC)


def served(operations: Operations) -> Any:
    return serving(operations_app(operations), LOOPBACK, 0)


async def test_before_the_first_look_nothing_is_said_to_be_well(env: ApiEnvironment) -> None:
    looking = asyncio.Event()
    operations = operations_of(env.engine)
    operations.probes = {"postgresql": looking.wait}

    async with served(operations) as url, httpx.AsyncClient(base_url=url, timeout=PATIENCE) as client:
        before = await client.get("/readyz")
        looking.set()

    assert (before.status_code, before.json()["checks"]) == (503, {})


async def test_the_public_port_serves_neither_numbers_nor_readiness(api: httpx.AsyncClient) -> None:
    paths = ("/metrics", "/readyz", "/metrics/", "/api/v1/metrics")
    answers = {path: (await api.get(path)).status_code for path in paths}
    document = (await api.get("/openapi.json")).json()

    assert set(answers.values()) == {404}, answers
    assert not {"/metrics", "/readyz"} & set(document["paths"])


async def test_the_operations_port_serves_nothing_else(env: ApiEnvironment) -> None:
    async with env.operator() as operator:
        for path in ("/api/v1/plans", "/docs", "/openapi.json", "/codec/decode"):
            assert (await operator.get(path)).status_code == 404
        answer = await operator.get("/metrics")

    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.full
async def test_numbers_cost_no_query_however_often_they_are_asked_for_in_a_flood_of_wrong_keys(
    env: ApiEnvironment, env_database_url: str
) -> None:
    looks = 0
    pools = Pools.on(sqlalchemy_url(as_login(env_database_url, RUNS)))
    engine = replace(env.engine, pools=pools, database=pools.work)
    operations = operations_of(engine)
    count = operations.waiting_work

    async def counted() -> Any:
        nonlocal looks
        looks += 1
        return await count()

    operations = replace(operations, probes={"nothing": passes}, waiting_work=counted, interval=NEVER_AGAIN)
    begun = time.monotonic()
    async with (
        serving(build_api(engine), LOOPBACK, 0) as url,
        served(operations) as ops_url,
        httpx.AsyncClient(base_url=url, timeout=PATIENCE, limits=httpx.Limits(max_connections=20)) as stranger,
        httpx.AsyncClient(base_url=ops_url, timeout=PATIENCE) as operator,
    ):
        await until(lambda: _is_counted(operations))
        with statements(pools) as sent:
            answers, numbers = await asyncio.gather(
                asyncio.gather(*(_wrong(stranger, env.org_id) for _ in range(FLOOD))),
                asyncio.gather(*(operator.get("/metrics") for _ in range(FLOOD))),
            )
        took = time.monotonic() - begun
    await pools.close()

    assert {401} <= set(answers) <= {401, 429}  # a slow machine gets through them at the rate that is allowed
    assert {answer.status_code for answer in numbers} == {200}
    assert "billflow_plans_needing_attention " in numbers[0].text
    assert looks == 1
    assert not [statement for statement in sent if "attention" in statement]
    asked = [statement for statement in sent if "FROM api_key" in statement]
    assert 0 < len(asked) <= WRONG_KEYS_RATE * (2 + math.ceil(took))


async def _is_counted(operations: Operations) -> bool:
    return b"billflow_counted_timestamp_seconds 0.0" not in operations.waiting.exposition()


async def _wrong(client: httpx.AsyncClient, org_id: str) -> int:
    key = PresentedKey.fresh(Mode.TEST, org_id, str(uuid4())).text().get_secret_value()
    return (await client.get("/api/v1/plans", headers={"Authorization": f"Bearer {key}"})).status_code


async def test_looks_are_as_far_apart_as_their_interval_says() -> None:
    looks: list[float] = []

    async def look() -> None:
        looks.append(asyncio.get_running_loop().time())

    async def nothing() -> Any:
        raise ConnectionError("no database")

    operations = Operations({"part": look}, nothing, nothing, nothing, nothing, bytes, interval=0.05)
    running = asyncio.create_task(operations.run())

    async def were_three() -> bool:
        return len(looks) >= 3

    await until(were_three)
    running.cancel()

    rounded = 0.002  # uvloop counts in whole milliseconds
    assert all(later - earlier >= 0.05 - rounded for earlier, later in pairwise(looks))
    assert operations.checks == {"part": "ok"}
    assert b"billflow_counted_timestamp_seconds 0.0" in operations.waiting.exposition()
