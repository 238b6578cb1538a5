"""The versions of the workers from the command line: what is shown, and what is refused."""

from importlib.metadata import version
from pathlib import Path

import pytest

from tests.cli.terminal import ROOT, Terminal, assert_refused, environment, started, wait_for

OURS = version("billflow")


def test_the_workers_of_the_stack_have_the_packages_version_which_is_current_by_itself(terminal: Terminal) -> None:
    report = terminal("deploy", "status", "--json").data

    ours = next(one for one in report["versions"] if one["build_id"] == OURS)
    assert (ours["status"], ours["percentage"]) == ("current", 100)
    assert ours["workers"] >= 1
    assert (report["workers_without_version"], report["failing_count"]) == (0, 0)
    assert f"{OURS}" in terminal("deploy", "status").out
    assert terminal("deploy", "promote", "--json").data == terminal("deploy", "status", "--json").data


def test_what_can_not_be_promoted_is_refused_and_changes_nothing(terminal: Terminal) -> None:
    before = terminal("deploy", "status", "--json").data

    assert_refused(terminal("deploy", "promote", "9.9"), "No worker of version 9.9 ever ran; known are: ")
    assert_refused(terminal("deploy", "rollback", "--to", "9.9"), "No worker of version 9.9 ever ran; known are: ")
    for ramp in ("", "50,5,100", "5,50", "0,100", "5,many"):
        answer = terminal("deploy", "promote", "--ramp", ramp)
        assert_refused(answer, f"--ramp is {ramp!r}; give rising numbers that end with 100")
    assert terminal("deploy", "status", "--json").data == before


@pytest.mark.full
@pytest.mark.journey
def test_a_worker_of_another_version_says_that_it_is_not_current_and_how_to_promote_it(
    terminal: Terminal, stack: Path
) -> None:
    with started(env=environment(stack, BILLFLOW_BUILD_ID="next"), program=[ROOT / "worker.py"]) as worker:
        said = wait_for(worker, "is not current").splitlines()[-1]

        assert said == (
            f"Version next is not current, version {OURS} is: this worker is given nothing until "
            "`billflow deploy promote next`."
        )
        promoted = terminal("deploy", "promote", "next", "--watch", "0", "--json")
        assert (promoted.code, promoted.err.splitlines()[-1]) == (0, "Version next takes 100% of the plans.")
        assert "is current now" in wait_for(worker, "is current now")
        back = terminal("deploy", "rollback", "--json").data
        assert [one["build_id"] for one in back["versions"] if one["status"] == "current"] == [OURS]


@pytest.mark.full
def test_what_runs_is_replayed_by_the_program_that_runs_it(terminal: Terminal) -> None:
    terminal.trial(terminal.customer())

    report = terminal("replay", "--sample", "2", "--json").data
    plans = next(one for one in report["types"] if one["workflow_type"] == "PlanWorkflow")

    assert 1 <= plans["replayed"] <= 2
    assert report["failures"] == []
    assert terminal("replay").out.endswith(" runs replayed, 0 can't be.\n")
