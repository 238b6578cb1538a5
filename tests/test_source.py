"""The rules of the house that no other tool checks."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

from tests.source import BILLFLOW, ROOT, called, committed, imported, modules, nodes, nodes_of, place, tree

DOMAIN = BILLFLOW / "domain"
WORKFLOWS = BILLFLOW / "workflows"

LINES_PER_FILE = {"src": 300, "tests": 400}
LINES_PER_FUNCTION = 40

IMPURE_MODULES = {"random", "secrets", "time", "uuid", "os", "socket", "threading", "asyncio"}
CLOCK_CALLS = {"now", "utcnow", "today"}
CLOCKS = {"datetime", "date", "datetime.datetime", "datetime.date"}
CONTAINERS = {"dict", "list", "set", "deque", "defaultdict", "Counter"}
SETS = {"set", "frozenset"}
LABEL_OF = {
    "sleep": "summary",
    "execute_child_workflow": "static_summary",
    "start_child_workflow": "static_summary",
}
ACTIVITY_CALL = re.compile(r"(execute|start)_(local_)?activity(_method|_class)?")

# Spelled in pieces, because this file is committed too.
FOREIGN = re.compile(
    "|".join(
        ["pypi" + r"\.org", "python" + "hosted", "extra" + "-index", r"(?<!\w)/(work|root)" + "/", "tmp/" + "venv"]
    )
)


def iterated(node: ast.AST) -> ast.AST | None:
    return node.iter if isinstance(node, ast.For | ast.comprehension) else None


def is_set(node: ast.AST | None) -> bool:
    return isinstance(node, ast.Set | ast.SetComp) or (node is not None and called(node) in SETS)


def label_of(node: ast.Call) -> str | None:
    """Return the keyword that names a step of a workflow for the Web UI, if the call needs one."""
    name = called(node)
    if ACTIVITY_CALL.fullmatch(name):
        return "summary"
    if name == "wait_condition":
        has_timer = any(keyword.arg == "timeout" for keyword in node.keywords)
        return "timeout_summary" if has_timer else None
    return LABEL_OF.get(name)


def test_no_float_comes_near_an_amount() -> None:
    floats = [
        place(path, node)
        for path, node in nodes(DOMAIN)
        if (isinstance(node, ast.Name) and node.id == "float")
        or (isinstance(node, ast.Constant) and isinstance(node.value, float))
    ]

    assert floats == []


def test_the_domain_knows_no_clock_no_chance_and_no_environment() -> None:
    impure = [
        place(path, node)
        for path, node in nodes(DOMAIN)
        if IMPURE_MODULES & {name.split(".")[0] for name in imported(node)} or called(node) in CLOCK_CALLS
    ]

    assert impure == []


def test_the_domain_never_walks_a_set_whose_order_changes_from_run_to_run() -> None:
    assert [place(path, node) for path, node in nodes(DOMAIN) if is_set(iterated(node))] == []


def test_every_step_of_a_workflow_says_what_it_is() -> None:
    unlabelled = [
        place(path, node)
        for path, node in nodes(WORKFLOWS)
        if isinstance(node, ast.Call)
        and (label := label_of(node))
        and label not in {keyword.arg for keyword in node.keywords}
    ]

    assert unlabelled == []


def test_workflows_log_with_the_logger_that_is_silent_on_replay() -> None:
    loggers = [
        place(path, node)
        for path, node in nodes(WORKFLOWS)
        if {"structlog", "logging"} & {name.split(".")[0] for name in imported(node)}
    ]

    assert loggers == []


def test_workflows_ask_temporal_alone_for_time_and_chance() -> None:
    impure = [
        place(path, node)
        for path, node in nodes(WORKFLOWS)
        if (IMPURE_MODULES - {"asyncio"}) & {name.split(".")[0] for name in imported(node)}
        or (isinstance(node, ast.Attribute) and node.attr in CLOCK_CALLS and ast.unparse(node.value) in CLOCKS)
    ]

    assert impure == []


def test_workflow_modules_keep_nothing_that_changes() -> None:
    kept = [
        place(path, statement)
        for path in modules(WORKFLOWS)
        for statement in tree(path).body
        if isinstance(statement, ast.Assign | ast.AnnAssign)
        and statement.value is not None
        and (isinstance(statement.value, ast.Dict | ast.List | ast.Set) or called(statement.value) in CONTAINERS)
    ]

    assert kept == []
    assert [place(path, node) for path, node in nodes(WORKFLOWS) if isinstance(node, ast.Global)] == []


def test_only_the_unit_of_work_commits() -> None:
    commits = [
        place(path, node)
        for path, node in nodes(BILLFLOW)
        if called(node) == "commit" and path != BILLFLOW / "store" / "session" / "database.py"
    ]

    assert commits == []


@pytest.mark.parametrize("folder", ["src", "tests"])
def test_files_and_functions_stay_small(folder: str) -> None:
    files = [
        str(path.relative_to(ROOT))
        for path in modules(ROOT / folder)
        if len(path.read_text().splitlines()) > LINES_PER_FILE[folder]
    ]
    functions = [
        place(path, node)
        for path, node in nodes(ROOT / folder)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or node.lineno) - node.lineno >= LINES_PER_FUNCTION
    ]

    assert (files, functions) == ([], [])


def test_nothing_committed_names_a_registry_or_a_path_of_one_machine() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in committed()
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1)
        if FOREIGN.search(line)
    ]

    assert found == []


def test_tiers_are_data_and_no_code_of_one_stands_in_the_source() -> None:
    files = (BILLFLOW / "catalogs" / "cloud_and_self_hosted.toml", BILLFLOW / "conformance" / "reference.toml")
    codes = {code for file in files for code in tomllib.loads(file.read_text())["tier"]}
    examples = BILLFLOW / "api" / "routes"  # the page of the API shows requests as they are sent
    named = [
        place(path, node)
        for path, node in nodes(ROOT / "src")
        if isinstance(node, ast.Constant) and node.value in codes and not path.is_relative_to(examples)
    ]

    assert len(codes) == 8
    assert named == []


def decorated(folder: Path, decorator: str) -> set[str]:
    """Return the names of the functions and classes below a folder that carry `@decorator` or `@decorator(...)`."""
    return {
        node.name
        for _, node in nodes(folder)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        for applied in node.decorator_list
        if ast.unparse(applied.func if isinstance(applied, ast.Call) else applied) == decorator
    }


def holding(folder: Path, decorator: str) -> set[str]:
    """Return the names of the classes below a folder that have a method with `@decorator`."""
    return {
        node.name
        for _, node in nodes(folder)
        if isinstance(node, ast.ClassDef)
        and any(decorator in map(ast.unparse, getattr(member, "decorator_list", ())) for member in node.body)
    }


def test_every_workflow_and_activity_is_registered_with_a_worker() -> None:
    ours = decorated(BILLFLOW, "workflow.defn") | holding(BILLFLOW, "activity.defn")
    building = {path for path, node in nodes(BILLFLOW) if called(node) == "build_worker"}
    named = {
        node.attr if isinstance(node, ast.Attribute) else node.id
        for path in building
        for node in nodes_of(path)
        if isinstance(node, ast.Attribute | ast.Name)
    }

    assert len(ours) > 2
    assert sorted(ours - named) == []


def test_the_top_of_store_can_be_read_at_a_glance() -> None:
    entries = {path.name for path in (BILLFLOW / "store").iterdir() if not path.name.startswith("__")}

    assert len(entries) <= 12
