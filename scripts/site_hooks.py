"""What MkDocs adds to the pages of docs: pages written from the code, and files that pages cite outside of docs."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from mkdocs.structure.files import File, Files

from scripts.site_pages import cli_page, decisions_page, http_page

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
SOURCE = "source"
"""Where the site has what it takes from outside of docs."""

ALWAYS = ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")
WRITTEN = {"cli.md": cli_page, "http.md": http_page, "decisions/index.md": decisions_page}
_LINK = re.compile(r"(?<!!)\[([^\]\n]*)\]\(([^)\s]+)\)")


class Link(NamedTuple):
    """A link of a page: what it shows, the file that it leads to, and the place there."""

    text: str
    target: Path
    place: str


def on_files(files: Files, config: Any) -> Files:
    """Add the pages that are written from the code, and what pages cite outside of docs."""
    for name, written in WRITTEN.items():
        files.append(File.generated(config, name, content=written()))
    for path in sorted(_cited() | {ROOT / name for name in ALWAYS}):
        name = str(Path(SOURCE) / path.relative_to(ROOT))
        files.append(File.generated(config, name, content=path.read_text(encoding="utf-8")))
    return files


def on_page_markdown(markdown: str, page: Any, files: Files, **_others: Any) -> str:
    """Let links that leave docs, or come from outside of it, lead to where the site has their target."""
    here = page.file.src_uri
    outside = here.removeprefix(f"{SOURCE}/") if here.startswith(f"{SOURCE}/") else None
    base = (ROOT / outside if outside else DOCS / here).parent

    def led(found: re.Match[str]) -> str:
        link = _link(found, base)
        if link is None or (outside is None and link.target.is_relative_to(DOCS) and link.target.suffix):
            return found[0]
        in_docs = link.target.is_relative_to(DOCS)
        name = str(link.target.relative_to(DOCS) if in_docs else Path(SOURCE) / link.target.relative_to(ROOT))
        name = "decisions/index.md" if name == "decisions" else name
        if files.get_file_from_path(name) is None:
            return link.text
        return f"[{link.text}]({os.path.relpath(name, Path(here).parent)}{link.place})"

    return _LINK.sub(led, markdown)


def _cited() -> set[Path]:
    """Return the files outside of docs that pages in it link to."""
    links = (link for page in DOCS.rglob("*.md") for link in _links(page))
    return {link.target for link in links if not link.target.is_relative_to(DOCS) and link.target.is_file()}


def _links(page: Path) -> Iterator[Link]:
    for found in _LINK.finditer(page.read_text(encoding="utf-8")):
        if link := _link(found, page.parent):
            yield link


def _link(found: re.Match[str], base: Path) -> Link | None:
    """Return a link to a file of ours, None for any other."""
    name, mark, place = found[2].partition("#")
    if not name or "://" in name or name.startswith("mailto:"):
        return None
    target = Path(os.path.normpath(base / name))
    return Link(found[1], target, mark + place) if target.is_relative_to(ROOT) else None
