"""How many rows and index entries a transaction reads in PostgreSQL, its triggers and constraints included."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, event

from billflow.store.session.database import Database

_READ = """
    SELECT c.relname, pg_stat_get_xact_tuples_returned(c.oid) + pg_stat_get_xact_tuples_fetched(c.oid)
    FROM pg_class AS c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'i')"""


@contextmanager
def rows_read(database: Database) -> Iterator[Counter[str]]:
    """Yield what is read inside, by table and by index; each transaction is counted right before it commits."""
    read: Counter[str] = Counter()

    def begin(connection: Connection) -> None:
        connection.info[_READ] = None

    def begun(connection: Connection, *_: object) -> None:
        # What was read before may not be in the server's statistics yet, and would be counted again.
        if connection.info.get(_READ, True) is None:
            connection.info[_READ] = Counter()
            connection.info[_READ] = _so_far(connection)

    def count(connection: Connection) -> None:
        connection.exec_driver_sql("SET CONSTRAINTS ALL IMMEDIATE")
        read.update(_so_far(connection) - connection.info[_READ])

    listeners = {"begin": begin, "after_cursor_execute": begun, "commit": count}
    for name, listener in listeners.items():
        event.listen(database.engine.sync_engine, name, listener)
    try:
        yield read
    finally:
        for name, listener in listeners.items():
            event.remove(database.engine.sync_engine, name, listener)


def _so_far(connection: Connection) -> Counter[str]:
    return Counter({name: rows for name, rows in connection.exec_driver_sql(_READ).all() if rows})
