"""The site is whole: every page is in its navigation, every link leads somewhere, nothing comes from another host."""

from pathlib import Path

import pytest

from scripts.build_site import ROOT, build, foreign_loads
from scripts.site_pages import cli_page, http_page
from tests.interfaces import document

CONFIGURATION = (ROOT / "mkdocs.yml").read_text()
OUTSIDE = """
<link rel="canonical" href="https://here.example/"><a href="https://elsewhere.example/">a link that one clicks</a>
<link rel="stylesheet" href="//fonts.example/a.css"><script src="https://scripts.example/b.js"></script>
<img src="https://pictures.example/c.png"><style>body { background: url(https://styles.example/d.png) }</style>
<pre class="mermaid">graph</pre>
"""


def test_every_page_is_in_the_navigation() -> None:
    pages = sorted(path.name for path in (ROOT / "docs").glob("*.md"))

    assert [page for page in pages if f": {page}\n" not in CONFIGURATION] == [], (
        "give it a line under nav in mkdocs.yml"
    )


def test_every_command_and_every_operation_has_its_place() -> None:
    described, typed = http_page(), cli_page()
    operations = [f"`{method.upper()} {path}`" for path, methods in document()["paths"].items() for method in methods]

    assert [one for one in operations if f"### {one}\n" not in described] == []
    assert "### `billflow plan start`\n" in typed
    assert "--test-clock" in typed


def test_what_a_browser_would_load_from_another_host_is_found(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(OUTSIDE)
    (tmp_path / "style.css").write_text("@import 'https://sheets.example/e.css';")

    found = " ".join(foreign_loads(tmp_path))

    hosts = ("fonts", "scripts", "pictures", "styles", "sheets")
    assert [host for host in hosts if f"//{host}.example" not in found] == []
    assert "//mermaid" in found
    assert "here.example" not in found
    assert "elsewhere.example" not in found


@pytest.mark.full
def test_the_site_is_built_without_a_warning(tmp_path: Path) -> None:
    assert build(tmp_path) == ""
    assert (tmp_path / "decisions" / "index.html").is_file()
    assert (tmp_path / "source" / "CHANGELOG.html").is_file()
