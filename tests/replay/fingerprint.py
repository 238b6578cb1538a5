"""What our workflows command, read from their source: a change here changes what old histories must replay."""

import ast
import json
from collections.abc import Iterator
from pathlib import Path

from tests.source import BILLFLOW, called, modules, tree

BASELINE = Path(__file__).with_name("fingerprint.json")
WORKFLOWS = BILLFLOW / "workflows"
COMMANDS = {
    "_patiently",
    "_step",
    "at_stripe",
    "continue_as_new",
    "create_task",
    "execute_activity_method",
    "execute_child_workflow",
    "execute_local_activity_method",
    "for_a_while",
    "get_external_workflow_handle",
    "in_background",
    "in_database",
    "on_schedule",
    "patched",
    "patiently",
    "deprecate_patch",
    "signal_workflow",
    "sleep",
    "start_child_workflow",
    "start_workflow",
    "try_in_database",
    "upsert_search_attributes",
    "wait_condition",
}
WITH_SUBJECT = {
    "_step",
    "at_stripe",
    "for_a_while",
    "in_background",
    "in_database",
    "on_schedule",
    "patched",
    "patiently",
    "start_workflow",
}


def fingerprint() -> dict[str, list[str]]:
    """Return for each function that commands something what it commands, in the order of its lines."""
    every = (named for path in modules(WORKFLOWS) for named in _functions(tree(path), path.stem))
    return dict(sorted((name, commands) for name, function in every if (commands := _commands(function))))


def save() -> None:
    """Make what the source says now the baseline."""
    BASELINE.write_text(json.dumps(fingerprint(), indent=2) + "\n")


def _functions(node: ast.AST, name: str) -> Iterator[tuple[str, ast.AST]]:
    """Yield each function below a node, by its module, its class and its name."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            if not isinstance(child, ast.ClassDef):
                yield f"{name}.{child.name}", child
            yield from _functions(child, f"{name}.{child.name}")


def _commands(function: ast.AST) -> list[str]:
    calls = sorted(
        (node for node in ast.walk(function) if isinstance(node, ast.Call)),
        key=lambda node: (node.lineno, node.col_offset),
    )
    return [_described(call) for call in calls if called(call) in COMMANDS]


def _described(call: ast.Call) -> str:
    name = called(call)
    timer = any(keyword.arg == "timeout" for keyword in call.keywords)
    subject = ast.unparse(call.args[0]) if call.args and name in WITH_SUBJECT else ""
    return f"{name}({subject}{'timeout' if timer else ''})"
