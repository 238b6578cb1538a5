"""Comparing the billing database, Stripe and workflows from the command line."""

from tests.cli.terminal import Terminal


def test_records_that_agree_end_with_code_0(terminal: Terminal) -> None:
    terminal.trial(terminal.customer())

    report = terminal("reconcile", "--repair", "--json").data

    assert report["findings"] == []
    assert report["finished_at"] is not None
    assert terminal("reconcile", "--last", "--json").data["run_id"] == report["run_id"]
    assert "0 findings" in terminal("reconcile").out
