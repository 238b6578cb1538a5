"""An import that is killed in the middle and typed again takes each customer once, and each plan lives."""

import asyncio
import json
import sys
from asyncio.subprocess import DEVNULL
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from billflow.models.contracts.customers import ChangeContext
from billflow.models.contracts.imports import ImportCreate
from tests.api_environment import ApiEnvironment, until
from tests.cli.terminal import billflow, environment
from tests.imports.openings import Json, opening, with_plan
from tests.imports.test_import import a_clock, advance, imported, lines_of, outcomes

MANY = 45
"""More than one request takes."""


def written(folder: Path) -> list[Json]:
    """Write customers with a plan each to a folder, and return them."""
    bundles = [with_plan(opening(f"killed_{n}")) for n in range(MANY)]
    for kind, rows in (
        ("customers", [one["customer"] for one in bundles]),
        ("plans", [plan for one in bundles for plan in one["plans"]]),
    ):
        (folder / f"{kind}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return bundles


@pytest.mark.full
async def test_a_command_killed_in_the_middle_is_typed_again(
    api: httpx.AsyncClient, env: ApiEnvironment, api_key: str, tmp_path: Path
) -> None:
    clock = await a_clock(api)
    written(tmp_path)
    words = ["import", "json", str(tmp_path), "--test-clock", clock, "--json"]
    shell = environment(BILLFLOW_API_URL=env.api_url, BILLFLOW_API_KEY=api_key)

    async def how_many() -> int:
        return int((await api.get("/api/v1/customers", params={"q": "killed_"})).json()["total"])

    async def begun() -> bool:
        return await how_many() > 0

    killed = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "billflow.cli", *words, env=shell, stdout=DEVNULL
    )
    await until(begun)
    killed.kill()
    await killed.wait()
    again = await asyncio.to_thread(billflow, *words, env=shell)

    counts = json.loads(again.out)["counts"]
    assert again.code == 0, again.out
    assert set(counts) <= {"known", "imported"}
    assert sum(counts.values()) == 2 * MANY
    assert await how_many() == MANY
    plans = (await api.get("/api/v1/plans", params={"test_clock_id": clock, "limit": 100})).json()
    assert len({plan["customer_id"] for plan in plans["plans"]}) == plans["total"] == MANY


async def test_a_plan_whose_workflow_was_not_started_is_started_by_the_next_run(
    api: httpx.AsyncClient, env: ApiEnvironment
) -> None:
    clock, bundle = await a_clock(api), with_plan(opening())
    change = ChangeContext(actor="tests", at=datetime.now(UTC))
    asked = ImportCreate.model_validate({"customers": [bundle], "test_clock_id": clock})
    [result] = await env.engine.repositories.imports.take(env.org_id, asked, change)
    assert not await env.engine.control.is_running(f"plan/{result.plans[0].plan_id}")

    again = await imported(api, bundle, test_clock_id=clock)

    assert outcomes(again) == [("customer", "known"), ("plan", "known")]
    await advance(api, clock, "2026-02-16T00:00:00Z")
    assert [line[1:3] for line in await lines_of(api, again[0]["id"])] == [(6, 800)]
