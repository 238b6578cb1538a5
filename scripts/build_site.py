"""Build the site of the documentation into `site`, and refuse what isn't whole in itself: `make docs`."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

ROOT = Path(__file__).parents[1]
SITE = ROOT / "site"
LOADS = {
    "script": "src",
    "img": "src",
    "iframe": "src",
    "source": "src",
    "video": "src",
    "audio": "src",
    "embed": "src",
}
RELATIONS = {"stylesheet", "icon", "preload", "prefetch", "preconnect", "dns-prefetch", "modulepreload", "manifest"}
"""Relations of a link that a browser follows by itself."""

_STYLE_LOADS = re.compile(r"""(?:url\(|@import)\s*["']?((?:https?:)?//[^"')\s]+)""")


class Loads(HTMLParser):
    """Gathers what a browser loads for a page from another host, without a click."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look at one element."""
        named = {name: value or "" for name, value in attrs}
        loaded = [named.get(LOADS.get(tag, ""), "")]
        if tag == "link" and RELATIONS & set(named.get("rel", "").split()):
            loaded.append(named.get("href", ""))
        loaded += _STYLE_LOADS.findall(named.get("style", ""))
        # The theme's script fetches what draws such a block from another host.
        loaded += ["//mermaid"] if "mermaid" in named.get("class", "").split() else []
        self.found += [address for address in loaded if re.match(r"(https?:)?//", address)]

    def handle_data(self, data: str) -> None:
        """Look at styles within the page."""
        if self.get_starttag_text() == "<style>":
            self.found += _STYLE_LOADS.findall(data)


def foreign_loads(site: Path) -> Iterator[str]:
    """Yield each thing that a page or style of the site takes from another host, with the file."""
    for page in sorted(site.rglob("*.html")):
        loads = Loads()
        loads.feed(page.read_text(encoding="utf-8"))
        yield from (f"{page.relative_to(site)}: {address}" for address in loads.found)
    for sheet in sorted(site.rglob("*.css")):
        text = sheet.read_text(encoding="utf-8")
        yield from (f"{sheet.relative_to(site)}: {address}" for address in _STYLE_LOADS.findall(text))


def build(site: Path) -> str:
    """Build the site into a folder; return what is wrong with it, nothing where all is well."""
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(site)]
    quiet = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=quiet, capture_output=True, text=True, encoding="utf-8", check=False)
    if done.returncode:
        told = [line for line in f"{done.stdout}{done.stderr}".splitlines() if not line.startswith("INFO")]
        return "\n".join(told)
    return "\n".join(f"loads from another host: {one}" for one in foreign_loads(site))


def main() -> None:
    """Build it; end with 1 where something is wrong."""
    if problem := build(SITE):
        sys.exit(problem)
    print(f"{len(list(SITE.rglob('*.html')))} pages: {SITE / 'index.html'}")


if __name__ == "__main__":
    main()
