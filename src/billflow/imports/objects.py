"""Files of an import as text, and as objects: JSON lines, or a JSON list."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from billflow.domain.errors import InvalidInput


def read_text(file: Path) -> str:
    """Return the text of a file; raises `InvalidInput`."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as opened:
            return opened.read()
    except OSError as error:
        raise InvalidInput(f"{file} can't be read: {error.strerror}.", field="folder") from None
    except UnicodeDecodeError:
        raise InvalidInput(f"{file} is no text in UTF-8; save it as such.", field="folder") from None


def read_objects(file: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield each object of a file with the number of its line, or in its list; raises `InvalidInput` for what is none.

    A list may be the `data` of an object, as Stripe answers.
    """
    read = _lines if file.suffix == ".jsonl" else _listed
    for number, value in read(read_text(file), file):
        if not isinstance(value, dict):
            raise InvalidInput(f"{file}, number {number}, is no object; write each record as one.", field="folder")
        yield number, value


def _lines(text: str, file: Path) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate(text.split("\n"), 1):  # as JSON has them: a text may hold other ends of lines
        if line.strip():
            yield number, _loaded(line, f"{file}, line {number},")


def _listed(text: str, file: Path) -> Iterator[tuple[int, Any]]:
    read = _loaded(text, str(file))
    listed = read.get("data") if isinstance(read, dict) else read
    if not isinstance(listed, list):
        raise InvalidInput(f"{file} is no list; write a list of objects.", field="folder")
    yield from enumerate(listed, 1)


def _loaded(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        why = error.msg if isinstance(error, json.JSONDecodeError) else "a number or a level too many"
        raise InvalidInput(f"{where} is no JSON: {why}.", field="folder") from None
