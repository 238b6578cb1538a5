"""Every name in our source and tests, and what it says to people when something is refused."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.source import BILLFLOW, ROOT, called, modules, nodes, nodes_of, place
from tests.vocabulary import Kind, Use

_FOLDERS = ("src", "tests")
_EVENT = re.compile(r"[a-z_]+\.[a-z_]+")
_NOT_NAMED_BY_US = {"self", "cls", "_"}
_SPEAK_SQL = {"store", "models", "migrations"}


def module_paths() -> list[str]:
    """Return the paths of all modules and packages, without their endings."""
    files = [path for folder in _FOLDERS for path in modules(ROOT / folder)]
    found = {path.relative_to(ROOT).with_suffix("") for path in files}
    return sorted({str(part) for path in found for part in (path, *path.parents) if part != Path()})


def module_names() -> Iterator[Use]:
    """Yield the name of each module and package."""
    for path in module_paths():
        if "/migrations/versions/" in path:  # a revision keeps its name
            continue
        yield Use(Kind.MODULE, path.rpartition("/")[2], path)


def code_names() -> Iterator[Use]:
    """Yield the names of classes, functions, parameters, fields and constants."""
    for folder in _FOLDERS:
        for path in modules(ROOT / folder):
            for node in nodes_of(path):
                for kind, name, named in _names(node):
                    if name not in _NOT_NAMED_BY_US:
                        yield Use(kind, name, place(path, named))


def _names(node: ast.AST) -> Iterator[tuple[Kind, str, ast.AST]]:
    match node:
        case ast.ClassDef(name=name):
            yield Kind.CLASS, name, node
            yield from ((Kind.FIELD, field.id, field) for field in _assigned(node.body))
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            yield (Kind.TEST if name.startswith("test_") else Kind.FUNCTION), name, node
        case ast.arg(arg=name):
            yield Kind.PARAMETER, name, node
        case ast.Module():
            yield from ((Kind.CONSTANT, constant.id, constant) for constant in _assigned(node.body))
        case ast.Attribute(value=ast.Name(id="self"), attr=name, ctx=ast.Store()):
            yield Kind.FIELD, name, node


def _assigned(body: list[ast.stmt]) -> Iterator[ast.Name]:
    for node in body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        for target in targets:
            for name in target.elts if isinstance(target, ast.Tuple) else [target]:
                if isinstance(name, ast.Name):
                    yield name


def event_names() -> Iterator[Use]:
    """Yield the types of the events that are sent, such as `invoice.paid`."""
    for path, node in nodes(BILLFLOW):
        if isinstance(node, ast.Call):
            for argument in node.args:
                if isinstance(argument, ast.Constant) and _EVENT.fullmatch(str(argument.value)):
                    yield Use(Kind.EVENT, str(argument.value), place(path, argument))


def sentences() -> Iterator[Use]:
    """Yield what our code says to people: every text with a space in it that is neither a docstring nor SQL."""
    for path in modules(BILLFLOW):
        if path.relative_to(BILLFLOW).parts[0] in _SPEAK_SQL:
            continue
        documentation = {id(node.value) for node in nodes_of(path) if isinstance(node, ast.Expr)}
        for node in nodes_of(path):
            if isinstance(node, ast.Constant) and id(node) not in documentation and " " in str(node.value):
                yield Use(Kind.TEXT, str(node.value), place(path, node))


def errors() -> Iterator[Use]:
    """Yield the codes and sentences of everything that is raised, and of the classes of errors."""
    for path, node in nodes(ROOT / "src"):
        for kind, text in _said(node):
            yield Use(kind, text, place(path, node))


def _said(node: ast.AST) -> Iterator[tuple[Kind, str]]:
    match node:
        case ast.Raise(exc=ast.Call() as call):
            yield from _said_by(call)
        case ast.Call() if called(node) == "__init__" or any(keyword.arg == "code" for keyword in node.keywords):
            yield from _said_by(node)
        case ast.ClassDef(body=body):
            for line in body:
                if isinstance(line, ast.Assign) and ast.unparse(line.targets[0]) == "code":
                    yield Kind.CODE, str(getattr(line.value, "value", ""))


def _said_by(call: ast.Call) -> Iterator[tuple[Kind, str]]:
    for argument in call.args:
        yield from ((Kind.TEXT, text) for text in _texts(argument))
    for keyword in call.keywords:
        kind = Kind.CODE if keyword.arg == "code" else Kind.TEXT
        yield from ((kind, text) for text in _texts(keyword.value))


def _texts(node: ast.AST) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value
