"""Comparing the billing database, Stripe and workflows from the command line."""

import pytest

from tests.cli.terminal import Terminal, assert_refused


@pytest.mark.full
def test_records_that_agree_end_with_code_0(terminal: Terminal) -> None:
    terminal.trial(terminal.customer())

    report = terminal("reconcile", "--repair", "--json").data

    assert report["findings"] == []
    assert report["finished_at"] is not None
    assert terminal("reconcile", "--last", "--json").data["run_id"] == report["run_id"]
    assert "0 findings" in terminal("reconcile").out


def test_a_run_over_the_api_is_listed_with_what_it_found(terminal: Terminal) -> None:
    made = terminal("reconciliation", "start", "--days", "30", "--json").data
    listed = terminal("reconciliation", "list", "--json").data
    shown = terminal("reconciliation", "show", made["id"])
    found = terminal("reconciliation", "findings", made["id"], "--json").data
    unknown = terminal("reconciliation", "repair", made["id"], "7b21", "--reason", "x")

    assert made["id"] in {run["id"] for run in listed["reconciliation_runs"]}
    assert made["id"][:8] in shown.out
    assert found["findings"] == []
    assert_refused(unknown, "There is no finding '7b21'")
