"""One command for many plans, at the command line: what would happen first, then with a reason, then once."""

import pytest

from tests.cli.terminal import Terminal, assert_refused

COUNTS = {"waiting": 0, "ready": 0, "refused": 0, "done": 0, "failed": 0}


@pytest.mark.full
def test_a_dry_run_changes_nothing_and_a_reason_does_it(terminal: Terminal) -> None:
    customer = terminal.customer()
    plan = terminal.trial(customer)
    named = ("plan", "batch", "--customer", customer, "downgrade-at-end-of-free-trial")

    assert_refused(terminal(*named), "Say why by --reason, or only look by --dry-run.")
    dry = terminal(*named, "--dry-run")
    made = terminal(*named, "--dry-run", "--json").data
    nothing = terminal.state(plan)["status"]
    done = terminal("batch", "confirm", made["id"], "--reason", "they moved", "--json").data
    again = terminal(*named, "--reason", "they moved", "--json").data

    assert "status free trial → downgrade at end of free trial" in dry.out
    assert "Nothing is changed yet: `billflow batch confirm" in dry.out
    assert (made["status"], made["counts"], nothing) == ("previewed", COUNTS | {"ready": 1}, "free_trial")
    assert (done["status"], done["counts"], done["reason"]) == ("finished", COUNTS | {"done": 1}, "they moved")
    assert terminal.state(plan)["status"] == "downgrade_at_end_of_free_trial"
    assert again["counts"] == COUNTS | {"refused": 1}
    shown = terminal("batch", "show", again["id"])
    assert "refused" in shown.out
    rows = terminal("batch", "items", again["id"], "--csv").out.splitlines()
    assert len(rows) == 2
    assert plan in rows[1]
    assert made["id"] in {one["id"] for one in terminal("batch", "list", "--json").data["plan_batches"]}


def test_a_dry_run_is_canceled_and_not_confirmed_after_that(terminal: Terminal) -> None:
    customer = terminal.customer()
    terminal.trial(customer)
    made = terminal("plan", "batch", "--customer", customer, "retry", "--dry-run", "--json").data

    canceled = terminal("batch", "cancel", made["id"], "--json").data

    assert canceled["status"] == "canceled"
    assert_refused(terminal("batch", "confirm", made["id"], "--reason", "x"), "The batch was canceled")
