"""With `--json` a command prints what the API answers, under the same names; `Terminal` looks at each that is typed."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from tests.cli.responses import OF_THE_COMMAND_LINE, RESPONSES, differences
from tests.cli.test_help import EVERY, ROOT, loaded
from tests.interfaces import document, schemas

OWN_OPTIONS = {
    "--json": "how it is printed",
    "--csv": "how it is printed",
    "--idempotency-key": "the header Idempotency-Key",
    "--retry-after": "retry_after_days, as they are typed",
    "--remind": "reminder_days, as they are typed",
    "--suspend": "suspend_customer",
    "--end-plan-after": "end_plan_after_days, or off",
    "--add": "part of a list: a new entry, by its name or address",
    "--remove": "part of a list: an entry to take away",
    "--default": "part of a list: the entry that becomes the default one",
    "--primary": "is_primary of the entry that is added",
    "--set": "a setting, by its dotted key",
    "--unset": "a setting to take away",
    "--pdf": "the file that it is written to as well",
    "--query-file": "the file that `query` is read from",
    "--dry-run": "whether it is confirmed",
    "--no-embed": "embed_origins, none",
    "--seal": "what is stored of an address that a variable holds",
}
"""Options that name no field of the API, and what they are."""


@cache
def with_json() -> Mapping[str, Any]:
    """Return each command that takes `--json` by how it is typed, one over plan commands for all of them."""
    found = {}
    for path in EVERY:
        command: Any = ROOT
        for word in path:
            command = command.commands[word] if word in getattr(command, "commands", {}) else command
            command = loaded(command) if hasattr(command, "load") else command
        if any("--json" in parameter.opts for parameter in command.params):
            words = [word for word in path if word != "0192f3"]
            found[" ".join(words[:2] if words[0] == "plan" else words)] = command
    return found


def fields() -> set[str]:
    """Return the names of all fields and parameters of the API, those of things without their `_id` too."""
    operations = [operation for methods in document()["paths"].values() for operation in methods.values()]
    named = {one["name"] for operation in operations for one in operation.get("parameters", [])}
    named |= {field for schema in schemas().values() for field in schema.get("properties", {})}
    return named | {name.removesuffix("_id") for name in named} | {name.removesuffix("s") for name in named}


def test_every_command_with_json_names_its_answer_or_why_there_is_none() -> None:
    assert RESPONSES.keys() | OF_THE_COMMAND_LINE.keys() == with_json().keys()
    assert RESPONSES.keys() & OF_THE_COMMAND_LINE.keys() == set()
    assert set(RESPONSES.values()) <= schemas().keys()


def test_a_field_more_or_fewer_is_found_however_deep() -> None:
    policy = {"trial_will_end": 3, "invoice_upcoming": 7, "plan_will_renew": 30}
    row = {"plan_id": "p", "customer": "c"}

    assert differences(("notices", "show", "--json"), policy) == []
    assert differences(("notices", "show"), {**policy, "days": 3}) == ["notices show.days"]
    found = differences(("plan", "list"), {"plans": [row], "total": 1, "next": None})
    assert {"plan list.plans[].plan_id", "plan list.plans[].id", "plan list.plans[].customer"} <= set(found)


def test_an_option_is_called_as_the_field_that_it_fills() -> None:
    known, commands = fields(), with_json()
    wrong = [
        (name, option)
        for name in RESPONSES
        for parameter in commands[name].params
        for option in parameter.opts
        if option.startswith("--") and option not in OWN_OPTIONS and option[2:].replace("-", "_") not in known
    ]

    assert wrong == []
