"""What our source, tests and documents cite, and whether it is there to be read."""

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.source import BILLFLOW, ROOT, committed, modules, nodes_of, tree

RULES = ROOT / "docs" / "rules.md"
_READ = {".py", ".md", ".toml", ".sql", ".yml", "Makefile", "Dockerfile"}
_BASES = (ROOT, ROOT / "docs", ROOT / "src", BILLFLOW, ROOT / "tests" / "data" / "stripe")
_MORE = r"(?:(?:,| and| to)\s+{0})*"
_SECTION, _NUMBER = r"\d+(?:\.\d+)?", r"\d{4}"


@dataclass(frozen=True)
class Citation:
    """One thing that is cited, and where."""

    what: str
    file: Path
    line: int

    def __str__(self) -> str:
        return f"{self.file.relative_to(ROOT)}:{self.line} cites {self.what}"


@dataclass(frozen=True)
class Form:
    """A way of citing: how it is written, and how to tell that what it names exists."""

    name: str
    pattern: re.Pattern[str]
    exists: Callable[[Citation], bool]
    only: str = ""

    def citations(self, file: Path, text: str) -> Iterator[Citation]:
        """Yield what *text*, the contents of *file*, cites in this way."""
        if file.match(self.only or "*"):
            for found in self.pattern.finditer(text):
                line = text.count("\n", 0, found.start()) + 1
                yield from (Citation(what, file, line) for what in _each(found[1]))


def _each(cited: str) -> list[str]:
    numbers = re.findall(rf"{_NUMBER}|{_SECTION}", cited)
    return numbers if re.fullmatch(r"[\d., andto\s]+", cited) else [cited]


_NAMES_OF_ITS_OWN = {"retired_words.toml", "errors.md"}
"""Lists of names that are none of files: retired modules, codes of errors."""


def files() -> list[Path]:
    """Return every committed file that people write by hand."""
    return [path for path in committed() if {path.suffix, path.name} & _READ and path.name not in _NAMES_OF_ITS_OWN]


@cache
def sections() -> list[str]:
    """Return the numbers of the sections of docs/rules.md, in their order."""
    return re.findall(rf"^##+ ({_SECTION})[. ]", RULES.read_text("utf-8"), re.MULTILINE)


def _is_file(citation: Citation) -> bool:
    name, _, test = citation.what.partition("::")
    found = [path for base in (citation.file.parent, *_BASES) if (path := base / name).exists()]
    return bool(found) and (not test or test in _functions(found[0]))


def _leads_on(citation: Citation) -> bool:
    name, _, heading = citation.what.partition("#")
    page = citation.file.parent / name if name else citation.file
    return page.exists() and (not heading or heading in _headings(page))


@cache
def _headings(page: Path) -> frozenset[str]:
    """Return the names of a page's headings, as links spell them."""
    titles = re.findall(r"^#+ (.*)", page.read_text("utf-8"), re.MULTILINE)
    return frozenset(re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles)


@cache
def _functions(path: Path) -> frozenset[str]:
    return frozenset(node.name for node in nodes_of(path) if isinstance(node, _FUNCTION))


_FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def _tests() -> frozenset[str]:
    every = modules(ROOT / "tests")
    return frozenset(path.stem for path in every).union(*map(_functions, every))


def _is_ours(citation: Citation) -> bool:
    """Tell whether a dotted name such as `domain.plan.Plan` is a module of billflow's, or something in one."""
    place, names = BILLFLOW, citation.what.removeprefix("billflow.").split(".")
    while names and (place / names[0]).is_dir():
        place /= names.pop(0)
    module = place / f"{names.pop(0)}.py" if names and (place / f"{names[0]}.py").is_file() else place / "__init__.py"
    return not names or names[0] in _defined(module)


@cache
def _defined(path: Path) -> frozenset[str]:
    named = (
        getattr(node, "name", None) or ast.unparse(getattr(node, "targets", [node])[0]) for node in tree(path).body
    )
    return frozenset(str(name) for name in named)


_PACKAGES = "|".join(sorted({path.parent.name for path in BILLFLOW.glob("*/__init__.py")} | {"billflow"}))
_FILE = r"[\w/.-]+\.(?:py|md|toml|json|csv|sql|yml|txt)"

FORMS = (
    Form(
        "rules",
        re.compile(rf"\b[Rr]ules?\s+({_SECTION}{_MORE.format(_SECTION)})"),
        lambda cited: cited.what in sections(),
    ),
    Form(
        "section",
        re.compile(rf"\bsections?\s+({_SECTION}{_MORE.format(_SECTION)})"),
        lambda cited: cited.what in sections(),
        only="docs/rules.md",
    ),
    Form(
        "decision",
        re.compile(rf"\b[Dd]ecisions?\s+({_NUMBER}{_MORE.format(_NUMBER)})"),
        lambda cited: bool(list((ROOT / "docs" / "decisions").glob(f"{cited.what}-*.md"))),
    ),
    Form("link", re.compile(r"\]\((?!https?:)([^)\s]+)\)"), _leads_on, only="*.md"),
    Form("path", re.compile(r"(?<![\w/.-])((?:src|tests|docs|bench|scripts|examples)/[\w/.-]*\w(?:::\w+)?)"), _is_file),
    Form("file", re.compile(rf"`({_FILE})`"), _is_file),
    Form("document", re.compile(r"(?<![\w/-])([A-Z]{3,}\.md)"), _is_file),
    Form("test", re.compile(r"`(test_(?!clock`)\w+)`"), lambda cited: cited.what in _tests(), only="*.md"),  # a table
    Form("name", re.compile(rf"`((?:{_PACKAGES})(?:\.\w+)+)`"), _is_ours),
)
