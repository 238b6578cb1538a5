"""Documents that a command writes to files."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from billflow.cli.output import show
from billflow.domain.errors import InvalidInput

OutputFile = Annotated[
    Path | None, typer.Option("--output", "-o", help="The file to write; its number and .pdf where left out.")
]

XmlFile = Annotated[
    Path | None, typer.Option("--output", "-o", help="The file to write; its number and .xml where left out.")
]


def wrote(target: Path, content: bytes) -> None:
    """Write a file and say so; raises `InvalidInput` where it can't be written."""
    write_file(target, content)
    show(f"Wrote {target}.")


def write_file(target: Path, content: bytes, option: str = "--output") -> None:
    """Write a file that an *option* names; raises `InvalidInput` where it can't be written."""
    with not_writable(target, option):
        target.write_bytes(content)


@contextmanager
def not_writable(target: Path, option: str = "--output") -> Iterator[None]:
    """Raise `InvalidInput` where a file that an *option* names can't be written."""
    try:
        yield
    except OSError as error:
        raise InvalidInput(
            f"{target} can't be written ({error.strerror}); name another file with {option}.", code="cannot_write"
        ) from None
