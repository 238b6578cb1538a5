"""The journal in double entry."""

from datetime import datetime

from billflow.client.calls import Call, get
from billflow.models.contracts.journal import JournalFormat


def export(
    *, since: datetime | None = None, until: datetime | None = None, file_format: JournalFormat = JournalFormat.CSV
) -> Call[bytes]:
    """Return the journal over `[since, until)` as a file: from its beginning, or all so far, where one is not named."""
    return get("/journal", bytes, since=since, until=until, format=file_format)
