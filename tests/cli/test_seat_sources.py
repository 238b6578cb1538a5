"""Seat sources at the command line: set, checked, pulled, removed."""

from pathlib import Path

import pytest

from tests.cli.terminal import Terminal, assert_refused

pytestmark = pytest.mark.journey


def test_a_source_is_set_checked_pulled_and_removed(terminal: Terminal, tmp_path: Path) -> None:
    customer, file = terminal.customer(), tmp_path / "seats.csv"
    deployment = terminal("customer", "show", customer, "--json").data["deployment_id"]
    file.write_text(f"deployment_id,person_id,kind\n{deployment},u1,member\n{deployment},u2,guest\n", "utf-8")
    made = terminal("seats", "source", "set", "file", "--target", str(file), "--customer", customer, "--json").data

    checked = terminal("seats", "check", "--customer", customer, "--json").data
    pulled = terminal("seats", "pull", "--customer", customer, "--json").data
    members = terminal("seats", "members", customer, "--json").data
    listed = terminal("seats", "source", "show", "--json").data

    assert [checked["counts"][0][name] for name in ("members", "guests", "is_new")] == [1, 1, False]
    assert pulled["counts"][0]["is_new"] is True
    assert [one["is_guest"] for one in members["members"]] in ([False, True], [True, False])
    assert [one["counted"] for one in listed["seat_sources"]] == [1]
    assert terminal("seats", "source", "remove", made["id"][:8]).code == 0
    assert_refused(terminal("seats", "pull", "--customer", customer), "The customer's seats are pushed")


def test_a_source_that_can_not_be_read_is_told_and_the_command_fails(terminal: Terminal) -> None:
    customer = terminal.customer()
    assert_refused(terminal("seats", "source", "set", "ftp", "--target", "x"), "No such command 'ftp'", code=2)
    assert_refused(terminal("seats", "source", "set", "http"), "Missing option '--target'", code=2)
    assert_refused(terminal("seats", "source", "set", "sql", "--target", "x", "--query-file", "none.sql"), "none.sql")
    made = terminal(
        "seats", "source", "set", "http", "--target", "http://127.0.0.1:1/seats", "--customer", customer, "--json"
    ).data
    assert made["secret"].startswith("whsec_")

    answer = terminal("seats", "pull", "--customer", customer)

    assert answer.code == 1
    assert "127.0.0.1 can't be reached; nothing was applied" in answer.out
    terminal("seats", "source", "remove", made["id"])


def test_a_customer_of_an_organization_with_another_source_may_report_by_itself(terminal: Terminal) -> None:
    customer = terminal.customer()

    made = terminal("seats", "source", "set", "push", "--customer", customer, "--json").data

    assert (made["kind"], made["customer_id"], made["secret"]) == ("push", customer, None)
    assert terminal("seats", "source", "remove", made["id"]).code == 0
