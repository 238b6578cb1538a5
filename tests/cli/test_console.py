"""An operator lets people into the console of the running stack."""

import httpx

from tests.cli.terminal import Terminal, assert_refused


def test_a_link_of_the_command_line_opens_the_console_that_dev_serves(terminal: Terminal) -> None:
    link = terminal("console", "login-link", "Kim", "--role", "support", "--json").data
    shown = httpx.get(link["url"], trust_env=False)

    assert (link["person"], link["role"]) == ("Kim", "support")
    assert "This link signs you in as <strong>Kim</strong>" in shown.text
    assert "/console/sign-in?token=" in terminal("console", "login-link", "Kim").out


def test_a_person_without_a_name_and_a_role_that_is_none_are_refused(terminal: Terminal) -> None:
    assert_refused(terminal("console", "login-link", " "), "person")
    assert terminal("console", "login-link", "Kim", "--role", "owner").code == 2
