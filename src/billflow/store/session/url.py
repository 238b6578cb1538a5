"""Reading `DATABASE_URL` the way people write it."""

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from billflow.domain.errors import InvalidInput
from billflow.ports.database import NoDatabase

_DRIVER = "postgresql+psycopg"
_SPELLINGS = {"postgres", "postgresql", _DRIVER}


def sqlalchemy_url(url: str) -> URL:
    """Return *url* for SQLAlchemy with psycopg 3, or raise `InvalidInput` where it names no PostgreSQL."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        parsed = None
    if parsed is None or parsed.drivername not in _SPELLINGS:
        raise InvalidInput(
            "DATABASE_URL must look like postgresql://user:password@host:5432/billflow.",
            code="invalid_database_url",
            field="DATABASE_URL",
        )
    return parsed.set(drivername=_DRIVER)


def without_password(url: URL) -> str:
    """Write where the database is, without the password."""
    host = url.host or url.query.get("host") or "the local socket"
    return f"{url.database or 'the default database'} at {host}"


def unreachable(url: URL) -> NoDatabase:
    """Return the error for a server that does not answer."""
    return NoDatabase(f"PostgreSQL can't be reached: {without_password(url)}; start it, or correct DATABASE_URL.")
