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
