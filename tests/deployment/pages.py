"""What the pages for operators tell people to type: commands of ours and of Temporal, and filters of its Web UI."""

import re

from tests.source import ROOT

DOCS = ROOT / "docs"
_FENCED = re.compile(r"^ *```(?P<kind>\w*)\n(?P<lines>.*?)^ *```", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`]+)`")
_QUERY = re.compile(
    r"(Billflow[A-Z]\w+|Workflow(Type|Id)|TemporalReportedProblems|ExecutionStatus|StartTime) (=|<|IN|IS) .*"
)
_ENDS = re.compile(r" +#.*|[|>;].*")


def page(name: str) -> str:
    """Return a page."""
    return (DOCS / name).read_text("utf-8")


def spans(text: str) -> list[str]:
    """Return what is set as code within a line or a paragraph."""
    return [" ".join(found.split()) for found in _SPAN.findall(_FENCED.sub("", text))]


def typed(text: str) -> list[str]:
    """Return what follows a prompt, with the lines that it goes on in."""
    consoles = [found["lines"].replace("\\\n", " ") for found in _FENCED.finditer(text) if found["kind"] == "console"]
    lines = [line.strip() for console in consoles for line in console.splitlines()]
    return [" ".join(line.removeprefix("$ ").split()) for line in lines if line.startswith("$ ")]


def commands_of_ours(text: str) -> list[str]:
    """Return every command of billflow that follows a prompt, as it is to be typed; `kubectl exec` runs some."""
    return _of_ours([re.sub(r"^kubectl .* -- ", "", line) for line in typed(text)])


def named_of_ours(text: str) -> list[str]:
    """Return every command of billflow that is named within a paragraph, where what it takes may be left out."""
    return _of_ours(spans(text))


def _of_ours(lines: list[str]) -> list[str]:
    found = [_ENDS.sub("", line).strip() for line in lines if line.startswith("billflow ")]
    return sorted({line.removeprefix("billflow ") for line in found})


def commands_of_temporal(text: str) -> list[str]:
    """Return every command of Temporal's command line, except that of its options which name a codec server."""
    return sorted({line for line in typed(text) if line.startswith("temporal ")})


def filters(text: str) -> list[str]:
    """Return every filter of a list of workflows."""
    return sorted({span for span in spans(text) if _QUERY.fullmatch(span)})


def sections(text: str, chapter: str) -> dict[str, str]:
    """Return the sections of a chapter by their titles."""
    [found] = re.findall(rf"^## {chapter}\n(.*?)(?=^## )", text, re.MULTILINE | re.DOTALL)
    parts = re.split(r"^### (.+)\n", found, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))
