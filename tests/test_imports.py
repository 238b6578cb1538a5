"""Imports never go round in a circle, wherever in a module they stand."""

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from tests.source import ROOT, modules, nodes_of, tree

Graph = Mapping[str, set[str]]


def imports_of(read: Iterable[ast.AST], known: set[str]) -> Iterator[str]:
    """Yield which of the *known* modules a module imports: at its top, in a function, or for its types only."""
    for node in read:
        match node:
            case ast.Import(names=names):
                yield from (name.name for name in names if name.name in known)
            case ast.ImportFrom(module=str(package), names=names):
                found = {f"{package}.{name.name}" for name in names} & known
                yield from found or {package} & known


def graph(folder: Path, read: Callable[[Path], Iterable[ast.AST]] = nodes_of) -> Graph:
    """Return each module below a folder with those of the same folder that it imports, by what is *read* of it."""
    paths = {".".join(path.relative_to(folder).with_suffix("").parts): path for path in modules(folder)}
    known = {name.removesuffix(".__init__"): path for name, path in paths.items()}
    return {name: set(imports_of(read(path), set(known))) for name, path in known.items()}


def imported_with(name: str, imports: Graph) -> set[str]:
    """Return the modules that come with one, by whatever way."""
    found, coming = set[str](), {name}
    while coming:
        found |= coming
        coming = {other for one in coming for other in imports[one]} - found
    return found


def circle_in(imports: Graph) -> list[str]:
    """Return the modules of one circle, the first of them at both ends; nothing where there is none."""
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def top_of(path: Path) -> Iterable[ast.AST]:
    """Read of a module what runs at its import: no functions, nothing for types only."""
    return tree(path).body


def as_it_stands(path: Path) -> Iterable[ast.AST]:
    """Read a module that changes."""
    return ast.walk(ast.parse(path.read_text()))


def test_a_worker_and_the_api_start_without_what_draws_pdf_files() -> None:
    imports = graph(ROOT / "src", top_of)
    served = imported_with("billflow.wiring.workers", imports) | imported_with("billflow.wiring.api", imports)

    assert "billflow.documents.invoices" in served
    assert "billflow.documents.pdf" in imports
    assert "billflow.documents.pdf" not in served


def test_no_imports_of_ours_go_round_in_a_circle() -> None:
    ours = graph(ROOT / "src")

    assert len(ours) > 300
    assert circle_in(ours) == []


def test_a_circle_is_found_wherever_the_import_stands(tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text("import two\n")
    for closing in ("import one", "def f():\n    import one", "if TYPE_CHECKING:\n    from one import One"):
        (tmp_path / "two.py").write_text(f"{closing}\n")

        assert set(circle_in(graph(tmp_path, as_it_stands))) == {"one", "two"}
