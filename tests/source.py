"""Reading our own source: what the project rules are checked against."""

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
BILLFLOW = ROOT / "src" / "billflow"


def modules(folder: Path) -> list[Path]:
    """Return the Python files below a folder of ours, in order."""
    return sorted(path for path in folder.rglob("*.py") if "__pycache__" not in path.parts)


@cache
def tree(path: Path) -> ast.Module:
    """Return a file's syntax tree."""
    return ast.parse(path.read_text(), str(path))


@cache
def nodes_of(path: Path) -> tuple[ast.AST, ...]:
    """Return every node of a file; finding the million of them all takes seconds, so it is done once."""
    return tuple(ast.walk(tree(path)))


def nodes(folder: Path) -> Iterator[tuple[Path, ast.AST]]:
    """Yield every node of every file below a folder."""
    for path in modules(folder):
        for node in nodes_of(path):
            yield path, node


def place(path: Path, node: ast.AST) -> str:
    """Say where a node is, as editors understand it."""
    return f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"


def imported(node: ast.AST) -> list[str]:
    """Return the modules that an import statement names."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [node.module or ""]
    return []


def called(node: ast.AST) -> str:
    """Return the last name of what is called, or nothing when the node is no call."""
    if not isinstance(node, ast.Call):
        return ""
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""


def committed() -> list[Path]:
    """Return the files that git tracks and that are there."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S607
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]
