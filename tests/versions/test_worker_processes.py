"""Two versions of the worker as real processes: this source and a copy with a harmless change, while plans live."""

import json
from collections.abc import Awaitable
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from temporalio.client import WorkflowQueryFailedError

from tests.environment import Environment
from tests.sizes import sized
from tests.versions.test_deploying import LivePlans, live_plans
from tests.versions.worker_processes import BROKEN, HARMLESS, Versions, changed_source

PLANS = sized(5, 50, 50)
Running = Awaitable[CompletedProcess[str]]

AT_ONCE = "--watch 0"
"""Each stage is watched until the plans that it woke have done their tasks."""


async def taken_by(versions: Versions) -> dict[str, float]:
    """Return which version takes how many percent of the plans, as `deploy status` says."""
    answered = await versions.run("deploy status --json")
    assert answered.returncode == 0, answered.stderr
    found = json.loads(answered.stdout)["versions"]
    return {one["build_id"]: one["percentage"] for one in found if one["percentage"]}


async def is_changed(plans: LivePlans) -> bool:
    """Tell whether the plans' code is that of the copy with the harmless change."""
    _, plan = plans.plans[0]
    try:
        answer: bool = await plans.env.workflow(plan).query("is_changed")
    except WorkflowQueryFailedError:
        return False
    return answer


async def assert_promoted(promoting: Running) -> None:
    """Fail unless a command gives a version the work in three stages."""
    ended = await promoting
    assert ended.returncode == 0, ended.stderr
    stages = [line for line in ended.stderr.splitlines() if "% of the plans" in line]
    assert [*dict.fromkeys(stages)] == [f"Version two takes {part}% of the plans." for part in (5, 50, 100)]


async def assert_stopped(promoting: Running) -> None:
    """Fail unless the gate stops a command that would give a bad version the work."""
    ended = await promoting
    assert ended.returncode == 1
    assert "Version bad was taken back: the tasks of plan/" in " ".join(ended.stderr.split())


async def assert_rolled_back(versions: Versions) -> None:
    """Go back to the version before, by its command."""
    ended = await versions.run("deploy rollback --to one")
    assert ended.returncode == 0, ended.stderr
    assert await taken_by(versions) == {"one": 100}


@pytest.mark.full
@pytest.mark.timeout(1800)
async def test_workers_of_two_releases_and_a_bad_one_come_and_go_and_every_plan_is_billed_once(
    env: Environment, tmp_path: Path
) -> None:
    versions = Versions(env, tmp_path)
    changed = changed_source(tmp_path / "changed", HARMLESS)
    broken = changed_source(tmp_path / "broken", BROKEN)
    async with versions.worker("one"):
        assert await taken_by(versions) == {"one": 100}, "the first version is current by itself"
        plans = await live_plans(env, PLANS)
        await versions.phase("the first date on version one", plans.come_to_the_next_date())
        assert not await is_changed(plans)
        async with versions.worker("two", changed):
            assert await taken_by(versions) == {"one": 100}
            promoting = versions.run(f"deploy promote two {AT_ONCE}")
            await versions.phase(
                "a ramp to version two at a date", assert_promoted(promoting), plans.come_to_the_next_date()
            )
            assert await taken_by(versions) == {"two": 100}
            assert await is_changed(plans)
            async with versions.worker("bad", broken):
                await versions.phase(
                    "version bad is stopped", assert_stopped(versions.run(f"deploy promote bad {AT_ONCE}"))
                )
                assert await taken_by(versions) == {"two": 100}
                assert "a fault of this version" in versions.log("bad").read_text()
            await versions.phase("a date after version bad", plans.come_to_the_next_date())
            await versions.phase("a rollback to version one", assert_rolled_back(versions))
            assert not await is_changed(plans)
            await versions.phase("a date on version one again", plans.come_to_the_next_date())
        await versions.phase("every plan is looked at", plans.assert_each_was_billed_once())
        reconciled = await versions.run("reconcile --json")
        assert (reconciled.returncode, json.loads(reconciled.stdout)["findings"]) == (0, []), reconciled.stderr
