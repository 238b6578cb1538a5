"""Write docs/errors.md from the code: `python scripts/errors_doc.py`.

The source is read, not run: classes say when they come and what to do in their docstrings, `errors.toml` says it of the
codes that are given to a kind where it is raised, and the status of a code follows from where it is raised.
"""

import ast
import tomllib
from collections.abc import Iterator
from functools import cache
from inspect import cleandoc
from pathlib import Path
from typing import NamedTuple

from billflow.errors import KINDS, ErrorKind

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "billflow"
PAGE = ROOT / "docs" / "errors.md"

TREE = "BillingError"
ROWS: dict[str, list[str]] = tomllib.loads((SOURCE / "errors.toml").read_text("utf-8"))
"""Of each code without a class: when it comes and what to do."""

NOT_SERVED = ("cli/", "client/", "conformance/", "demo/", "dev/")
"""What runs on the caller's own machine; its errors have no HTTP status."""

NEVER = "–"

INTRODUCTION = """# Errors

Written by `python scripts/errors_doc.py` from `errors.py`, `errors.toml` and the classes of errors; a test fails when
it is out of date.

Every error has a stable `code`, a sentence for people and, where one field is at fault, the field's name. The API
answers with `application/problem+json`, where the sentence is the `detail` and `errors` names the fields; a command
writes the sentence to standard error, or with `--json` an object with `code`, `message` and `field`. `billflow.client`
raises the kind that has the answer's status, with the answer's code.
"""

KINDS_HEAD = """## Kinds

What an error means follows from its kind. One without an HTTP status never comes over HTTP.
"""

CODES_HEAD = """## Codes

Where several fields are wrong, the code is `invalid_input` and each entry of `errors` has its own code; one that is not
listed here is the type of [pydantic's errors](https://docs.pydantic.dev/latest/errors/validation_errors/).
Why a bank refused a payment is Stripe's [decline code](https://docs.stripe.com/declines/codes).
"""


class ErrorClass(NamedTuple):
    """A class of the tree: its bases, the code that is its own, when it comes, and what to do."""

    name: str
    bases: tuple[str, ...]
    code: str | None
    text: tuple[str, ...]


class Use(NamedTuple):
    """A place where an error of the tree is made, and its code; empty where the code is known at run time only."""

    error: str
    code: str
    place: str


def parsed() -> Iterator[tuple[str, ast.Module]]:
    """Yield the syntax tree of every module, with its path below src/billflow."""
    for path in sorted(SOURCE.rglob("*.py")):
        yield str(path.relative_to(SOURCE)), ast.parse(path.read_text("utf-8"))


def name_of(node: ast.AST | None) -> str:
    """Return the last name of what a node refers to or calls; empty where it does neither."""
    if isinstance(node, ast.Call):
        return name_of(node.args[0] if name_of(node.func) == "partial" else node.func)
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


@cache
def classes() -> dict[str, ErrorClass]:
    """Return every class of the tree by its name."""
    defined = [node for _, tree in parsed() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    found: dict[str, ErrorClass] = {}
    before = -1
    while before < len(found):
        before = len(found)
        for node in defined:
            bases = tuple(map(name_of, node.bases))
            if node.name == TREE or not found.keys().isdisjoint(bases):
                found[node.name] = ErrorClass(node.name, bases, _own_code(node), _paragraphs(node))
    return found


@cache
def uses() -> list[Use]:
    """Return every place where an error of the tree is made."""
    return [
        Use(name_of(node), _code(node), f"{path}:{node.lineno}")
        for path, tree in parsed()
        for node in _made(tree)
        if name_of(node) in classes()
    ]


def kind_named(name: str) -> ErrorKind:
    """Return the kind of a class; raises `StopIteration` where it has none."""
    lineage = _lineage(name)
    return next(kind for kind in KINDS if kind.error.__name__ in lineage)


def documented() -> dict[str, tuple[str, ...]]:
    """Return when each code comes and what to do."""
    own = {known.code: known.text for known in classes().values() if known.code}
    return dict(sorted({**own, **{code: tuple(texts) for code, texts in ROWS.items()}}.items()))


def page() -> str:
    """Return the whole page."""
    kinds = [
        [f"`{kind.error.__name__}`", _status(kind), str(kind.exit_code), *classes()[kind.error.__name__].text[:2]]
        for kind in KINDS
    ]
    codes = [[f"`{code}`", _statuses(code), *texts[:2]] for code, texts in documented().items()]
    return "\n".join(
        [
            INTRODUCTION,
            KINDS_HEAD,
            _table(["kind", "HTTP status", "exit code", "when", "what to do"], kinds),
            CODES_HEAD,
            _table(["code", "HTTP status", "when", "what to do"], codes),
        ]
    )


def _made(tree: ast.AST) -> Iterator[ast.expr]:
    """Yield what makes an error: calls, and classes that are raised as they are."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield node
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Name):
            yield node.exc


def _code(node: ast.expr) -> str:
    given = [keyword.value for keyword in getattr(node, "keywords", ()) if keyword.arg == "code"]
    if given:
        return str(given[0].value) if isinstance(given[0], ast.Constant) else ""
    return next((code for name in _lineage(name_of(node)) if (code := classes()[name].code)), "")


def _lineage(name: str) -> list[str]:
    """Return a class and all above it in the tree, the nearest first."""
    bases = [base for base in classes()[name].bases if base in classes()]
    return [name, *(above for base in bases for above in _lineage(base))]


def _own_code(node: ast.ClassDef) -> str | None:
    for line in node.body:
        if isinstance(line, ast.Assign) and name_of(line.targets[0]) == "code" and isinstance(line.value, ast.Constant):
            return str(line.value.value)
    return None


def _paragraphs(node: ast.ClassDef) -> tuple[str, ...]:
    return tuple(" ".join(text.split()) for text in cleandoc(ast.get_docstring(node) or "").split("\n\n"))


def _statuses(code: str) -> str:
    """Return the statuses that the API has for a code, by the kinds to which it is given."""
    kinds = {kind_named(use.error) for use in uses() if use.code == code and not use.place.startswith(NOT_SERVED)}
    return ", ".join(sorted({_status(kind) for kind in kinds})) or NEVER


def _status(kind: ErrorKind) -> str:
    return str(int(kind.http_status)) if kind.http_status else NEVER


def _table(head: list[str], rows: list[list[str]]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows)) + "\n"


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
