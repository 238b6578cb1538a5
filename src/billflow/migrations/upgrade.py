"""Bringing a database to the shape this version needs."""

from collections.abc import Callable
from importlib.resources import as_file, files

from alembic import command
from alembic.config import Config
from psycopg.errors import InsufficientPrivilege
from sqlalchemy import Connection, NullPool, create_engine
from sqlalchemy.exc import OperationalError, ProgrammingError

from billflow.domain.errors import InvalidInput
from billflow.store.session.url import sqlalchemy_url, unreachable

_CONNECTION = "connection"


def upgrade(url: str, revision: str = "head") -> None:
    """Apply what is missing up to *revision*; several processes may ask at once.

    Raises `NoDatabase`, and `InvalidInput` for a login that doesn't own the tables.
    """
    _alembic(url, lambda config: command.upgrade(config, revision))


def downgrade(url: str, revision: str) -> None:
    """Take back everything after *revision*; `base` leaves nothing."""
    _alembic(url, lambda config: command.downgrade(config, revision))


def given_connection(config: Config) -> Connection | None:
    """Return the connection a caller of ours handed to Alembic, None where its command line was used."""
    connection: Connection | None = config.attributes.get(_CONNECTION)
    return connection


def _alembic(url: str, run: Callable[[Config], None]) -> None:
    target = sqlalchemy_url(url)
    engine = create_engine(target, poolclass=NullPool, hide_parameters=True)
    with as_file(files("billflow.migrations")) as folder:
        config = Config()
        config.set_main_option("script_location", str(folder))
        try:
            with engine.begin() as connection:
                config.attributes[_CONNECTION] = connection
                run(config)
        except OperationalError as error:
            raise unreachable(target) from error
        except ProgrammingError as error:
            if not isinstance(error.orig, InsufficientPrivilege):
                raise
            raise InvalidInput(
                f"The login {target.username!r} doesn't own the tables; set DATABASE_OWNER_URL to the one that does.",
                code="not_the_owner",
                field="DATABASE_OWNER_URL",
            ) from error
