"""The login that the running processes have, which owns nothing."""

import psycopg
from psycopg import sql
from sqlalchemy import URL

from billflow.domain.errors import InvalidInput

ROLES = ("billflow_app", "billflow_watch")


def grant_roles(owner: URL, login: URL) -> None:
    """Let the login of one URL take on the application's roles, as the owner of the database; safe to repeat.

    It is created where there is none. Raises `InvalidInput` where both URLs name the same login, or none.
    """
    if not login.username or login.username == owner.username:
        raise InvalidInput(
            "DATABASE_URL and DATABASE_OWNER_URL need logins of their own: the owner migrates, the other one runs.",
            code="same_login",
            field="DATABASE_OWNER_URL",
        )
    name = sql.Identifier(login.username)
    with psycopg.connect(owner.set(drivername="postgresql").render_as_string(hide_password=False)) as connection:
        found = connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [login.username]).fetchone()
        if found is None:
            password = sql.SQL("PASSWORD {}").format(sql.Literal(login.password)) if login.password else sql.SQL("")
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN NOINHERIT {}").format(name, password))
        database = sql.Identifier(connection.info.dbname)
        connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(database, name))
        for role in ROLES:
            connection.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(role), name))
