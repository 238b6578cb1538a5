"""Nothing in a workflow is tried again unseen or without bound: read from the source of all workflows."""

import ast
from collections.abc import Iterator

import pytest

from tests.source import BILLFLOW, called, modules, tree
from tests.test_source import ACTIVITY_CALL

WORKFLOWS = BILLFLOW / "workflows"
HELPERS = "activity_execution"

EXECUTING = {
    "_patiently": "shows what fails while it tries",
    "for_a_while": "gives up in minutes; whoever calls it lets others go on",
    "try_in_database": "gives up in a minute; whoever calls it shows what fails",
}
"""The only functions that execute an activity, and how each keeps the rule."""

PASSED_ON = {"at_stripe": "for_a_while", "in_database": "try_in_database"}
"""Helpers that call one that gives up, and keep its rule or pass it on."""

LIMITS = {"start_to_close_timeout", "schedule_to_close_timeout", "heartbeat_timeout"}

Parents = tuple[ast.AST, ...]


def with_parents(node: ast.AST, parents: Parents = ()) -> Iterator[tuple[ast.AST, Parents]]:
    """Yield each node below *node* with all it lies in, the outermost first."""
    for child in ast.iter_child_nodes(node):
        yield child, (*parents, node)
        yield from with_parents(child, (*parents, node))


def function_of(parents: Parents) -> ast.AsyncFunctionDef | None:
    """Return the innermost function that a node lies in."""
    return next((node for node in reversed(parents) if isinstance(node, ast.AsyncFunctionDef)), None)


def is_tolerated(parents: Parents) -> bool:
    """Tell whether the code goes on where the block of a node fails."""
    items = [item for node in parents if isinstance(node, ast.With) for item in node.items]
    return any(called(item.context_expr) == "Tolerated" for item in items)


def notes_failures(function: ast.AST) -> bool:
    """Tell whether a function notes what failed, which is what shows it."""
    return any(called(node) == "failed" for node in ast.walk(function))


def keywords_of(call: ast.Call) -> set[str]:
    """Return the names of a call's keyword arguments."""
    return {keyword.arg for keyword in call.keywords if keyword.arg}


def fault_of(call: ast.Call, parents: Parents, module: str) -> str | None:
    """Say what a call lets happen unseen or without bound, if anything."""
    name, function = called(call), function_of(parents)
    where = function.name if function else ""
    if ACTIVITY_CALL.fullmatch(name) and (module != HELPERS or where not in EXECUTING):
        return "executes an activity past the helpers"
    gives_up = name == "for_a_while" or (name == "at_stripe" and "within" in keywords_of(call))
    is_noted = function is not None and notes_failures(function)
    if gives_up and PASSED_ON.get(where) != name and not (is_tolerated(parents) or is_noted):
        return "gives up, and nothing takes over"
    if name == "try_in_database" and not is_noted:
        return "fails unseen"
    if name == "RetryPolicy" and not keywords_of(call) & {"maximum_interval", "maximum_attempts"}:
        return "waits ever longer"
    if keywords_of(call) & LIMITS and not keywords_of(call) & {"start_to_close_timeout"}:
        return None if where in EXECUTING else "lets one attempt hang"
    is_workflow = name.endswith(("child_workflow", "continue_as_new"))
    return "repeats a whole workflow" if is_workflow and "retry_policy" in keywords_of(call) else None


def faults(parsed: ast.Module, module: str) -> list[str]:
    """Return what the workflows of a module let happen unseen or without bound."""
    found = (
        (node.lineno, fault_of(node, parents, module))
        for node, parents in with_parents(parsed)
        if isinstance(node, ast.Call)
    )
    return [f"{module}:{line} {fault}" for line, fault in found if fault]


def test_every_activity_of_a_workflow_is_tried_by_the_helpers_that_bound_and_show_it() -> None:
    assert [fault for path in modules(WORKFLOWS) for fault in faults(tree(path), path.stem)] == []


def test_each_helper_that_executes_an_activity_is_there() -> None:
    executing = {
        function.name
        for node, parents in with_parents(tree(WORKFLOWS / f"{HELPERS}.py"))
        if ACTIVITY_CALL.fullmatch(called(node)) and (function := function_of(parents))
    }

    assert executing == EXECUTING.keys()


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("await workflow.execute_activity_method(A.a, x, start_to_close_timeout=t)", "past the helpers"),
        ("workflow.start_local_activity(a, x, start_to_close_timeout=t)", "past the helpers"),
        ("await for_a_while(A.a, x, 'a', t, options)", "nothing takes over"),
        ("await at_stripe(A.a, x, 'a', within=t)", "nothing takes over"),
        ("await try_in_database(A.a, x, 'a')", "fails unseen"),
        ("policy = RetryPolicy(backoff_coefficient=2)", "waits ever longer"),
        ("options = dict(heartbeat_timeout=t)", "lets one attempt hang"),
        ("await workflow.execute_child_workflow(W, x, retry_policy=p)", "repeats a whole workflow"),
    ],
)
def test_what_is_tried_unseen_or_without_bound_is_found(statement: str, fault: str) -> None:
    [found] = faults(ast.parse(f"async def run(self):\n    {statement}\n"), "some_workflow")

    assert fault in found
