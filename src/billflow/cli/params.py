"""Arguments and options that many commands share, and how their texts are read."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from billflow.domain.errors import InvalidInput

COMPLETING = "_BILLFLOW_COMPLETE"
"""What a shell sets when it asks for the words to come."""


def moment(text: str) -> datetime:
    """Read a moment such as 2027-01-31 or 2027-01-31T12:00:00Z; one without a zone is UTC."""
    from billflow.domain.moments import checked_moment

    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInput(
            f"{text!r} is no moment; write it as 2027-01-31 or 2027-01-31T12:00:00Z.", code="invalid_moment"
        ) from None
    return checked_moment(read.replace(tzinfo=UTC) if read.tzinfo is None else read)


def moment_option(text: str, *names: str) -> Any:
    """Return an option that is a moment, explained by *text*; without *names* it is named as its parameter."""
    return typer.Option(*names, parser=moment, metavar="MOMENT", help=text)


def example(*lines: str) -> str:
    """Return the end of a help text: how the command is typed."""
    return "\n\n".join(f"Example: billflow {line}" for line in lines)


def write_example(file: Path, text: str) -> None:
    """Write an example to a file that is not there yet; raises `InvalidInput` where it can't."""
    try:
        with file.open("x", encoding="utf-8") as new:
            new.write(text)
    except FileExistsError:
        raise InvalidInput(f"{file} is there already; name another file, or remove it.", field="file") from None
    except OSError as error:
        raise InvalidInput(f"{file} can't be written: {error.strerror}.", field="file") from None


AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
AsCsv = Annotated[
    bool, typer.Option("--csv", help="Print CSV, for spreadsheets: a line each, with the fields of --json.")
]
PlanId = Annotated[str, typer.Argument(metavar="PLAN", help="A plan's id, or enough of its beginning.")]
At = Annotated[datetime | None, moment_option("As of this moment; now where left out.")]
AsOf = Annotated[
    datetime | None, moment_option("What was known at this moment, in real time; what is known now if left out.")
]
Since = Annotated[datetime | None, moment_option("Recorded then or later.")]
Key = Annotated[
    str | None, typer.Option("--idempotency-key", help="Name the request: sent twice under one key, it happens once.")
]
Limit = Annotated[int, typer.Option("--limit", min=1, max=100, help="How many to show.")]
After = Annotated[str | None, typer.Option("--after", help="Go on where a page ended: the `next` of its JSON.")]
Reason = Annotated[str | None, typer.Option("--reason", help="Why, for the audit log.")]
