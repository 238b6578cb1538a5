"""With `--json` a command prints what the API answers, under the same names; `Terminal` looks at each that is typed."""

from typing import Any

from tests.cli.responses import OF_THE_COMMAND_LINE, RESPONSES, SCHEMAS, differences
from tests.cli.test_help import EVERY, ROOT


def with_json() -> set[str]:
    """Return how each command that takes `--json` is typed, one over plan commands for all of them."""
    found = set()
    for path in EVERY:
        command: Any = ROOT
        for word in path:
            command = command.commands[word] if word in getattr(command, "commands", {}) else command
            command = command.load() if hasattr(command, "load") else command
        if any("--json" in parameter.opts for parameter in command.params):
            words = [word for word in path if word != "0192f3"]
            found.add(" ".join(words[:2] if words[0] == "plan" else words))
    return found


def test_every_command_with_json_names_its_answer_or_why_there_is_none() -> None:
    assert RESPONSES.keys() | OF_THE_COMMAND_LINE.keys() == with_json()
    assert RESPONSES.keys() & OF_THE_COMMAND_LINE.keys() == set()
    assert set(RESPONSES.values()) <= SCHEMAS.keys()


def test_a_field_more_or_fewer_is_found_however_deep() -> None:
    policy = {"trial_will_end": 3, "invoice_upcoming": 7, "plan_will_renew": 30}
    row = {"plan_id": "p", "customer": "c"}

    assert differences(("notices", "show", "--json"), policy) == []
    assert differences(("notices", "show"), {**policy, "days": 3}) == ["notices show.days"]
    found = differences(("plan", "list"), {"plans": [row], "total": 1, "next": None})
    assert {"plan list.plans[].plan_id", "plan list.plans[].id", "plan list.plans[].customer"} <= set(found)
