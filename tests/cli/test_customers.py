"""Customers at the command line: changed, looked at, taken in, let go."""

import pytest

from tests.cli.terminal import Terminal, assert_refused

pytestmark = pytest.mark.journey


def test_a_customer_is_changed_and_found_by_its_erp_number(terminal: Terminal) -> None:
    customer = terminal.customer()

    changed = terminal(
        "customer", "update", customer[:8], "--name", "Muster AG", "--erp-customer-number", "4711", "--json"
    ).data
    listed = terminal("customer", "list", "--erp-customer-number", "4711", "--json").data

    assert (changed["name"], changed["erp_customer_number"]) == ("Muster AG", "4711")
    assert [row["id"] for row in listed["customers"]] == [customer]


def test_a_customer_is_named_as_people_call_it(terminal: Terminal) -> None:
    customer = terminal.customer()
    terminal("customer", "update", customer, "--name", "Wasserwerke Oberland")

    assert terminal("customer", "show", "werke oberland", "--json").data["id"] == customer
    assert terminal("customer", "show", "WASSERWERKE OBERLAND", "--json").data["id"] == customer
    listed = terminal("customer", "list", "--q", "rwerke ob", "--json").data
    assert [row["id"] for row in listed["customers"]] == [customer]
    assert_refused(
        terminal("customer", "show", "Nobody"), "There is no customer 'Nobody'; `billflow customer list` shows them."
    )


def test_settings_are_set_by_dotted_keys_and_taken_away(terminal: Terminal) -> None:
    customer = terminal.customer()
    typed = ("--set", "features.max_projects=1", "--set", "features.ai_enabled=true", "--set", "theme=dark")

    set_ = terminal("customer", "settings", customer, *typed, "--json").data
    left = terminal("customer", "settings", customer, "--unset", "features.ai_enabled")

    assert set_["settings"] == {"features": {"max_projects": 1, "ai_enabled": True}, "theme": "dark"}
    assert "Settings: 2" in left.out
    assert "features.max_projects" in left.out


def test_a_wrong_setting_is_named_in_one_sentence(terminal: Terminal) -> None:
    customer = terminal.customer()

    assert_refused(terminal("customer", "settings", customer, "--set", "theme"), "write it as features.max_projects=20")
    assert_refused(terminal("customer", "settings", customer, "--set", "features.max_projects=ten"), "max_projects")


def test_contacts_and_projects_come_and_go(terminal: Terminal) -> None:
    customer = terminal.customer()
    terminal("customer", "contacts", customer, "--add", "a@muster.de")
    added = terminal("customer", "contacts", customer, "--add", "b@muster.de", "--primary", "--json").data
    terminal("customer", "settings", customer, "--set", "features.max_projects=1")

    project = terminal("customer", "projects", customer, "--add", "Sales Department", "--json").data["projects"][0]
    full = terminal("customer", "projects", customer, "--add", "Support")
    removed = terminal("customer", "projects", customer, "--remove", project["id"], "--json").data

    assert [(row["email"], row["is_primary"]) for row in added["contacts"]] == [
        ("b@muster.de", True),
        ("a@muster.de", False),
    ]
    assert project["slug"] == "sales-department"
    assert_refused(full, "The customer has reached features.max_projects, 1; raise it in its settings.")
    assert removed["total"] == 0


def test_billing_accounts_come_and_go_and_one_is_the_default(terminal: Terminal) -> None:
    customer = terminal.customer()
    typed = ("--add", "Subsidiary", "--currency", "EUR", "--invoice-email", "ap@muster.de")

    added = terminal("customer", "billing-accounts", customer, *typed, "--json").data["billing_accounts"]
    first, second = (row["id"] for row in added)
    chosen = terminal("customer", "billing-accounts", customer, "--default", second)
    kept = terminal("customer", "billing-accounts", customer, "--remove", second)
    removed = terminal("customer", "billing-accounts", customer, "--remove", first, "--json").data

    assert [(row["currency"], row["is_default"]) for row in added] == [("USD", True), ("EUR", False)]
    assert "Billing accounts: 2" in chosen.out
    assert kept.code == 1
    assert [row["id"] for row in removed["billing_accounts"]] == [second]


def test_support_decides_on_requests_to_be_sponsored(terminal: Terminal) -> None:
    customer = terminal.customer()
    typed = ("--organization-type", "open_source", "--description", "A compiler that volunteers maintain")

    first = terminal("customer", "request-sponsorship", customer, *typed, "--json").data
    twice = terminal("customer", "request-sponsorship", customer, *typed)
    declined = terminal("customer", "decline-sponsorship", customer, first["id"][:8])
    second = terminal("customer", "request-sponsorship", customer, *typed, "--expected-users", "12", "--json").data
    approved = terminal("customer", "approve-sponsorship", customer, second["id"], "--json").data
    listed = terminal("customer", "sponsorships", customer)

    assert twice.code == 1
    assert "is declined" in declined.out
    assert (approved["status"], approved["expected_users"]) == ("approved", 12)
    assert "Sponsorship requests: 2" in listed.out
    assert_refused(terminal("customer", "decline-sponsorship", customer, "zz"), "There is no sponsorship request 'zz'")


def test_an_onboarded_customer_has_a_trial_and_says_what_it_may_do(terminal: Terminal) -> None:
    customer = terminal.customer()

    done = terminal("customer", "onboard", customer, "--tier", "cloud_standard", "--trial-days", "14")
    access = terminal("customer", "access", customer, "--json").data
    report = terminal("customer", "report", customer, "--json").data
    suspended = terminal("customer", "suspend", customer, "--json").data
    shut = terminal("customer", "access", customer)

    assert "Onboarding: done" in done.out
    assert (access["plan"]["status"], access["can_send_messages"]) == ("free_trial", True)
    assert [(plan["tier"], plan["paid"]) for plan in report["plans"]] == [("cloud_standard", 0)]
    assert suspended["status"] == "suspended"
    assert "Suspended at" in shut.out


def test_a_credit_is_granted_once_per_key(terminal: Terminal) -> None:
    customer = terminal.customer()
    words = ("customer", "credit", customer, "2500", "--reason", "outage", "--idempotency-key", f"credit-{customer}")

    said = [terminal(*words).out for _ in range(2)]

    assert said == 2 * ["Granted USD 25.\n"]
    report = terminal("customer", "report", customer, "--json").data
    assert report["credit_balance"] == [{"amount": 2500, "currency": "USD"}]


def test_a_customer_is_closed_and_deleted(terminal: Terminal) -> None:
    customer = terminal.customer()

    closed = terminal("customer", "deactivate", customer, "--reason", "moved away", "--json").data
    deleted = terminal("customer", "delete", customer)

    assert (closed["status"], deleted.out) == ("inactive", "Deleted.\n")
    assert_refused(terminal("customer", "show", customer), f"There is no customer '{customer}'.")
