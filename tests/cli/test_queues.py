"""How fast work is handed out is shown and set from the command line."""

from tests.cli.terminal import Terminal, assert_refused


def test_a_rate_is_set_and_shown_until_it_is_taken_away(terminal: Terminal) -> None:
    queues = terminal("queues", "show", "--json").data["queues"]
    assert [(queue["queue"], queue["per_second"]) for queue in queues] == [
        ("billflow", None),
        ("billflow-stripe", None),
        ("billflow-reconciliation", None),
        ("billflow-delivery", None),
        ("billflow-seats", None),
        ("billflow-dry-runs", None),
    ]
    assert all(queue["workers"] for queue in queues)

    [changed] = terminal("queues", "set", "billflow-stripe", "--per-second", "500", "--reason", "try", "--json").data[
        "queues"
    ]
    assert (changed["per_second"], changed["reason"]) == (500, "try")
    assert changed["set_by"].startswith("cli:")
    assert "500" in terminal("queues", "show").out

    [changed] = terminal("queues", "set", "billflow-stripe", "--unlimited", "--json").data["queues"]
    assert changed["per_second"] is None


def test_a_queue_that_is_not_there_and_a_rate_that_is_none_are_refused(terminal: Terminal) -> None:
    assert_refused(terminal("queues", "set", "stripe", "--unlimited"), "There is no queue 'stripe'")
    assert_refused(terminal("queues", "set", "billflow-stripe"), "Give either --per-second or --unlimited")
