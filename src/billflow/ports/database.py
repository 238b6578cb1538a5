"""What can be wrong with the database as a whole."""

from billflow.errors import Unavailable


class NoDatabase(Unavailable):
    """PostgreSQL can't be reached, lacks our tables, or has no connection left.

    Start it, correct `DATABASE_URL`, or run `billflow migrate`; then try again.
    """

    code = "no_database"
    public = "The database can't be reached; try again in a moment."


class DatabaseBusy(NoDatabase):
    """PostgreSQL is there, but no connection came free in time, or a statement took too long.

    Try again in a moment.
    """

    code = "database_busy"
    public = "The database has too much to do; try again in a moment."


class AsOfUnavailable(Unavailable):
    """No answer as of a moment can be given: the login that migrates may create no schema for what it reads.

    Let it, by `GRANT CREATE ON DATABASE … TO …`, and run `billflow migrate` again.
    """

    code = "as_of_unavailable"
    public = "Answers as of a moment are not set up here; ask whoever runs billflow to run billflow migrate."

    def __init__(self) -> None:
        super().__init__(
            "The login of DATABASE_OWNER_URL may create no schema for answers as of a moment; grant it CREATE on the "
            "database and run: billflow migrate."
        )
