"""How long ahead customers are told, at the command line."""

from tests.cli.terminal import Terminal, assert_refused


def test_some_of_the_days_are_set_and_the_others_stay(terminal: Terminal) -> None:
    before = terminal("notices", "show", "--json").data

    changed = terminal("notices", "set", "--invoice-upcoming", "14", "--trial-will-end", "0", "--json").data

    assert changed == {**before, "invoice_upcoming": 14, "trial_will_end": 0}
    assert terminal("notices", "show", "--json").data == changed
    shown = terminal("notices", "show").out
    assert "14 days" in shown
    assert "never" in shown
    assert_refused(terminal("notices", "set", "--plan-will-renew", "-1"), "plan_will_renew")
    assert terminal("notices", "show", "--json").data == changed
    restored = [word for name, days in before.items() for word in (f"--{name.replace('_', '-')}", str(days))]
    assert terminal("notices", "set", *restored, "--json").data == before
