"""The customer portal at the command line, on the real stack."""

import pytest

from tests.cli.terminal import Terminal, assert_refused

pytestmark = pytest.mark.journey


def test_a_link_is_made_listed_and_revoked(terminal: Terminal) -> None:
    customer = terminal.customer()
    made = terminal("customer", "portal-link", customer, "--return-url", "https://app.example/", "--json").data
    listed = terminal("customer", "portal-links", customer, "--json").data["portal_links"]

    assert "/portal/open?token=" in made["url"]
    assert [(one["id"], one["return_url"], one["opened_at"]) for one in listed] == [
        (made["id"], "https://app.example/", None)
    ]
    assert terminal("customer", "revoke-portal-link", customer, made["id"]).out.strip() == "Revoked."
    assert made["id"] in terminal("customer", "portal-links", customer).out.replace("\n", "")
    assert_refused(terminal("customer", "revoke-portal-link", customer, "nobody"), "There is no portal link")


def test_what_customers_may_do_is_set_in_parts(terminal: Terminal) -> None:
    before = terminal("portal", "show", "--json").data
    changed = terminal("portal", "set", "--no-cancel", "--no-change-card", "--json").data

    assert changed == before | {"cancel": False, "change_card": False}
    assert "cancel" in terminal("portal", "show").out
    assert terminal("portal", "set", "--cancel", "--change-card", "--json").data == before


def test_days_are_named_of_a_link_that_is_mailed_alone(terminal: Terminal) -> None:
    customer = terminal.customer()
    written = terminal("customer", "portal-link", customer, "--mail", "--expires-in-days", "7", "--json").data

    assert (written["occasion"], written["link_days"]) == ("portal_link", 7)
    assert_refused(terminal("customer", "portal-link", customer, "--expires-in-days", "7"), "goes with --mail")
    both = terminal("customer", "portal-link", customer, "--mail", "--return-url", "https://app.example/")
    assert_refused(both, "--mail goes without --return-url")


def test_a_frames_address_is_made_for_origins_that_are_allowed(terminal: Terminal) -> None:
    customer, origin = terminal.customer(), "https://app.example"
    refused = terminal("customer", "portal-link", customer, "--origin", origin)
    allowed = terminal("portal", "set", "--embed-origin", origin, "--json").data
    shown = terminal("portal", "show").out
    made = terminal("customer", "portal-link", customer, "--origin", origin, "--json").data
    nobody = terminal("portal", "set", "--no-embed", "--json").data

    assert_refused(refused, "Pages of this origin may not frame the portal")
    assert (allowed["embed_origins"], nobody["embed_origins"]) == ([origin], [])
    assert origin in shown
    assert "/portal/embedded/" in made["url"]
    assert "/open#" in made["url"]
    assert_refused(terminal("portal", "set", "--embed-origin", "app.example"), "is no origin of pages over TLS")
