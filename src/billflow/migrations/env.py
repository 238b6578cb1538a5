"""What Alembic runs: the revisions, over one connection, in one transaction, one process at a time."""

from alembic import context
from sqlalchemy import Connection, NullPool, create_engine, text

from billflow.migrations.as_of import create_views, drop_views
from billflow.migrations.upgrade import given_connection
from billflow.models.tables import Base
from billflow.store.session.url import sqlalchemy_url

_LOCK = 0x62696C6C  # "bill"


def _run(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=Base.metadata, compare_server_default=True)
    with context.begin_transaction():
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        drop_views(connection)
        context.run_migrations()
        create_views(connection)


def _run_on_named_database() -> None:
    url = context.get_x_argument(as_dictionary=True).get("url", "postgresql://")
    engine = create_engine(sqlalchemy_url(url), poolclass=NullPool, hide_parameters=True)
    with engine.begin() as connection:
        _run(connection)


if given := given_connection(context.config):
    _run(given)
else:
    _run_on_named_database()
