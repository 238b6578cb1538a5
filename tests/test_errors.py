"""Every error is in one tree, every code is documented once and raised, and docs/errors.md says what the code does."""

import ast
import builtins
from collections import Counter

from billflow.errors import KINDS, kind_of
from scripts.errors_doc import PAGE, ROWS, TREE, classes, documented, kind_named, name_of, page, uses
from tests.source import BILLFLOW, modules, nodes, nodes_of, place

BUILT_IN = {name for name, held in vars(builtins).items() if isinstance(held, type) and issubclass(held, BaseException)}

FOREIGN = {
    "APIConnectionError": "what Stripe's client wants to hear of an answer that did not come whole",
    "ApplicationError": "Temporal's way to fail an activity or an update; its type is a code or a class of the tree",
    "AttributeError": "Python's way to tell a dataclass that a field has no default",
    "CancelledError": "asyncio's way to end a task, which Temporal's client wraps",
    "Exit": "Typer's way to end a command whose answer is no: nothing went wrong",
    "KeyboardInterrupt": "the demo ends as ctrl-C ends it",
    "RequestValidationError": "FastAPI's list of all fields that are wrong, which problems.py reads",
}
"""What else is raised, and why."""

AT_RUN_TIME = {
    "api/problems.py": "what the domain said of the one field that pydantic reports",
    "cli/plan_commands.py": "the bank's own decline code",
    "client/clients.py": "the code of the server's problem",
    "imports/bundles.py": "the first of all that is wrong with a row",
}
"""Where a code is not written down, and where it comes from."""


def raised(node: ast.AST) -> str:
    """Return the class of an exception that a statement makes; a function that returns one has a small letter."""
    return name_of(node.exc) if isinstance(node, ast.Raise) else ""


def sentence(text: str) -> str:
    """Return the text where it is a whole sentence, else nothing."""
    return text if text.endswith(".") and len(text.split()) > 1 else ""


def validators() -> set[ast.AST]:
    """Return every node in a validator of pydantic, whose protocol is `ValueError`."""
    return {
        inner
        for _, node in nodes(BILLFLOW)
        if isinstance(node, ast.FunctionDef) and any("validator" in name_of(mark) for mark in node.decorator_list)
        for inner in ast.walk(node)
    }


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text("utf-8") == page(), "run: python scripts/errors_doc.py"


def test_every_code_that_is_raised_is_documented_and_every_documented_one_is_raised() -> None:
    assert {use.code for use in uses() if use.code} == set(documented())


def test_a_code_is_documented_once() -> None:
    counted = Counter([*ROWS, *(known.code for known in classes().values() if known.code)])

    assert [code for code, count in counted.items() if count > 1] == []


def test_every_code_says_when_it_comes_and_what_to_do_in_whole_sentences() -> None:
    incomplete = [code for code, texts in documented().items() if len(texts) < 2 or "" in map(sentence, texts[:2])]

    assert incomplete == []


def test_a_code_is_written_where_it_is_given_unless_somebody_else_chose_it() -> None:
    assert {use.place.rpartition(":")[0] for use in uses() if not use.code} == set(AT_RUN_TIME)


def test_every_exception_of_ours_is_in_the_tree() -> None:
    strangers = [
        place(path, node)
        for path, node in nodes(BILLFLOW)
        if isinstance(node, ast.ClassDef) and node.name not in classes()
        if any(name_of(base) in BUILT_IN or name_of(base).endswith("Error") for base in node.bases)
    ]

    assert strangers == []


def test_nothing_else_is_raised_but_what_other_libraries_ask_for() -> None:
    bound = validators()
    found = [
        (raised(node), place(path, node))
        for path in modules(BILLFLOW)
        for node in nodes_of(path)
        if raised(node)[:1].isupper()
        and raised(node) not in classes()
        and not (raised(node) == "ValueError" and node in bound)
    ]
    made = [
        place(path, node)
        for path, node in nodes(BILLFLOW)
        if isinstance(node, ast.Call) and name_of(node) in BUILT_IN and node not in bound
    ]

    assert [where for name, where in found if name not in FOREIGN] == []
    assert {name for name, _ in found} == set(FOREIGN)
    assert made == []


def test_every_error_has_a_kind() -> None:
    assert [name for name in classes().keys() - {TREE} if kind_named(name) not in KINDS] == []


def test_a_kind_below_another_comes_before_it() -> None:
    assert [kind.error for kind in KINDS if kind_of(kind.error) is not kind] == []
