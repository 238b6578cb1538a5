"""A plan's life at the command line, on the real stack."""

from pathlib import Path

import pytest

from tests.cli.terminal import ROOT, Terminal, billflow, environment

pytestmark = pytest.mark.journey


def test_a_trial_follows_the_reported_seats_and_is_found_by_the_beginning_of_its_id(terminal: Terminal) -> None:
    customer = terminal.customer()
    reported = terminal("seats", "report", customer, "--members", "12", "--guests", "3")
    plan = terminal.trial(customer)

    shown = terminal("plan", "show", plan[:8])
    listed = terminal("plan", "list", "--customer", customer[:8], "--status", "free_trial")

    assert reported.out == "Reported.\n"
    assert "12, 12 at renewal, automatic" in shown.out
    assert plan in shown.out
    assert plan[:8] in listed.out
    assert "Plans: 1" in listed.out


def test_a_command_answers_with_the_plan_that_its_preview_promised(terminal: Terminal) -> None:
    plan = terminal.trial(terminal.customer())

    promised = terminal("plan", "preview", plan, "switch-to-annual", "--json").data
    answered = terminal("plan", "command", plan, "switch-to-annual", "--json").data

    for name in ("plan", "successor"):
        foreseen = {field: value for field, value in promised[name].items() if value is not None}
        assert foreseen.items() <= answered[name].items()
    assert (answered["successor"]["schedule"], answered["successor"]["status"]) == ("annual", "free_trial")
    assert promised["invoices"] == answered["invoices"] == []


def test_the_same_key_asks_once(terminal: Terminal) -> None:
    customer = terminal.customer()
    plan = terminal.trial(customer, "--idempotency-key", f"start-{customer}")
    again = terminal.trial(customer, "--idempotency-key", f"start-{customer}")
    first = terminal("plan", "command", plan, "extend-trial", "--days", "7", "--idempotency-key", "more", "--json").data
    second = terminal(
        "plan", "command", plan, "extend-trial", "--days", "7", "--idempotency-key", "more", "--json"
    ).data

    assert again == plan
    assert first == second
    assert terminal("plan", "list", "--customer", customer, "--json").data["total"] == 1


def test_a_refused_command_exits_with_1_and_says_why(terminal: Terminal) -> None:
    plan = terminal.trial(terminal.customer())

    refused = terminal("plan", "command", plan, "downgrade-at-end-of-cycle")
    for_scripts = terminal("plan", "command", plan, "downgrade-at-end-of-cycle", "--json")

    sentence = "A plan in status free_trial does not accept downgrade_at_end_of_cycle."
    assert (refused.code, refused.out, refused.err) == (1, "", f"{sentence}\n")
    assert for_scripts.err == f'{{"code": "illegal_transition", "message": "{sentence}", "field": null}}\n'
    assert terminal.state(plan)["version"] == 1


def test_a_customer_has_one_live_plan_and_an_ended_plan_takes_nothing(terminal: Terminal) -> None:
    customer = terminal.customer()
    plan = terminal.trial(customer)

    second = terminal("plan", "start", customer, "--tier", "cloud_plus", "--schedule", "annual")
    terminal("plan", "command", plan, "end-now")
    late = terminal("plan", "command", plan, "switch-to-annual")

    assert (second.code, second.err) == (
        1,
        "The customer already has a live plan; change or end that one first.\n",
    )
    assert (late.code, late.err) == (1, "The plan has ended; start a new one.\n")
    assert terminal("plan", "list", "--customer", customer, "--json").data["total"] == 1


def test_a_purchase_without_a_card_starts_nothing_and_says_so(terminal: Terminal) -> None:
    customer = terminal.customer()

    declined = terminal("plan", "start", customer, "--tier", "cloud_standard", "--schedule", "monthly")

    assert declined.code == 1
    assert declined.err.startswith("The plan did not start: ")
    assert terminal("plan", "list", "--customer", customer, "--json").data["plans"][0]["status"] == "ended"


def test_an_invoice_adds_up_and_explains_itself(terminal: Terminal) -> None:
    customer = terminal.customer()
    clock = terminal("clock", "create", "books", "--at", "2024-01-31", "--json").data["id"]
    words = ("--tier", "cloud_standard", "--schedule", "monthly", "--licenses", "10")
    by_invoice = ("--license-management", "manual", "--collection-method", "send_invoice")
    terminal("plan", "start", customer, *words, *by_invoice, "--test-clock", clock[:8])

    [invoice] = terminal("invoice", "list", "--customer", customer, "--json").data["invoices"]
    shown = terminal("invoice", "show", invoice["id"][:8])
    explained = terminal("invoice", "explain", invoice["id"])
    lines = terminal("invoice", "explain", invoice["id"], "--json").data["lines"]

    assert invoice["status"] == "open"
    assert "USD 80" in shown.out
    assert "from 2024-01-31 00:00 to 2024-02-29 00:00 UTC: 10 x USD 8 = USD 80." in explained.out
    assert sum(line["amount"] for line in lines) == invoice["total"] == 8000


def test_a_clock_takes_a_trial_to_its_end_and_the_forecast_comes_true(terminal: Terminal) -> None:
    customer = terminal.customer()
    clock = terminal("clock", "create", "years", "--at", "2024-01-01", "--json").data["id"]
    terminal("seats", "report", customer, "--members", "5", "--at", "2023-12-31")
    plan = terminal.trial(customer, "--test-clock", clock)
    terminal("seats", "report", customer, "--members", "5", "--at", "2024-01-30")

    [expected] = terminal("plan", "forecast", plan, "--count", "1", "--json").data["invoices"]
    moved = terminal("clock", "advance", clock, "2024-01-31")
    [invoice] = terminal("invoice", "list", "--plan", plan, "--json").data["invoices"]
    ledger = terminal("plan", "ledger", plan, "--json").data["ledger"]

    assert moved.code == 0, moved.err
    assert (
        (invoice["total"], invoice["issued_at"])
        == (expected["total"], expected["issued_at"])
        == (4000, "2024-01-31T00:00:00Z")
    )
    assert [entry["disposition"] for entry in ledger] == ["trial", "billed"]
    assert terminal.state(plan)["status"] == "active"


def test_a_list_goes_on_where_its_page_ended(terminal: Terminal) -> None:
    newest = [terminal.customer() for _ in range(2)]

    first = terminal("customer", "list", "--limit", "1", "--json").data
    second = terminal("customer", "list", "--limit", "1", "--after", first["next"], "--json").data

    assert [page["customers"][0]["id"] for page in (first, second)] == newest[::-1]


def test_a_suspended_customer_comes_back(terminal: Terminal) -> None:
    customer = terminal.customer()
    plan = terminal.trial(customer)

    suspended = terminal("customer", "suspend", customer, "--reason", "unpaid", "--json").data
    back = terminal("customer", "activate", customer[:8], "--json").data

    assert (suspended["status"], back["status"]) == ("suspended", "active")
    assert terminal.state(plan)["status"] == "free_trial"


def test_seats_come_from_a_csv_whose_bad_rows_are_named(terminal: Terminal, tmp_path: Path) -> None:
    customer = terminal.customer()
    name = terminal("customer", "show", customer, "--json").data["name"]
    file = tmp_path / "seats.csv"
    header = "organization,observed_on,members,guests"
    file.write_text(f"{header}\n{name},2024-01-01,5,0\n{name},2024-01-02,many,0\n{name},2024-01-03,6,0\n")

    imported = terminal("seats", "import", str(file))

    assert imported.code == 1
    assert imported.err == "Line 3: members 'many' is no whole number from 0 to 1,000,000.\n"
    assert imported.out == "Reported 2 new moments of 1 customers.\n"


@pytest.mark.full
def test_the_starter_starts_signals_and_updates(terminal: Terminal, stack: Path) -> None:
    customer = terminal.customer()
    env, program = environment(stack), [ROOT / "starter.py"]
    asked = ("--tier", "cloud_standard", "--schedule", "annual", "--trial-days", "14", "--json")

    plan = billflow("start-plan", customer, *asked, env=env, program=program).data["plan"]["id"]
    signalled = billflow("signal", plan, "downgrade-at-end-of-free-trial", env=env, program=program)
    terminal.until_status(plan, "downgrade_at_end_of_free_trial")
    updated = billflow("update", plan, "cancel-scheduled-change", env=env, program=program)

    assert (signalled.code, updated.code) == (0, 0)
    assert "free trial" in updated.out
