"""What was known at a moment is answered again as it was answered then, byte for byte."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from uuid import uuid4

import httpx
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from billflow.domain.errors import BillingError
from tests.api.histories import STEPS, History, began, paths_of, photographed
from tests.api_environment import ApiEnvironment
from tests.sizes import sized
from tests.store.conftest import company_of

STEP_NAMES = st.sampled_from(["start_plan", *STEPS, "close_cycle", "finalize", "pay"])


@asynccontextmanager
async def begun(env: ApiEnvironment, seed: int) -> AsyncIterator[tuple[History, httpx.AsyncClient]]:
    """Begin the history of a new organization with two customers, and yield a client of its."""
    org_id = await env.engine.repositories.organizations.ensure(f"past-{uuid4().hex[:8]}")
    history = await began(company_of(env.engine.database, org_id), seed)
    async with env.client(await env.key(org_id=org_id)) as api:
        yield history, api


@settings(max_examples=sized(1, 6, 300), phases=[Phase.generate])
@given(names=st.lists(STEP_NAMES, min_size=10, max_size=sized(16, 30, 60)), seed=st.integers(0, 2**32))
async def test_every_moment_of_a_history_is_answered_as_it_was(
    env: ApiEnvironment, names: list[str], seed: int
) -> None:
    async with begun(env, seed) as (history, api):
        photographs = []
        for name in ["report_seats", "tax", "start_plan", *names]:
            with suppress(BillingError):  # what is refused is a part of history too
                await STEPS[name](history)
            paths = await paths_of(history)
            photographs.append((name, paths, *await photographed(api, paths)))
        for name, paths, moment, before in photographs:
            _, after = await photographed(api, paths, moment)
            for path in after:
                assert after[path] == before[path], (name, path, moment)
