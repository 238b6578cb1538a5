"""Recovery from the command line."""

import pytest

from tests.cli.terminal import Terminal


@pytest.mark.full
def test_a_stack_that_is_whole_has_nothing_to_start_and_every_plan_can_be_woken(terminal: Terminal) -> None:
    terminal.trial(terminal.customer())

    report = terminal("recover", "--json").data
    woken = terminal("recover", "--wake", "--json").data

    [plans, *_] = report["kinds"]
    assert (plans["kind"], plans["started"]) == ("plans", 0)
    assert plans["running"] >= 1
    assert woken["kinds"][0]["woken"] == plans["running"]
    assert "0 started" in terminal("recover").out
