"""Databases of a test's own, on the PostgreSQL that the session runs."""

import asyncio
import secrets

import psycopg
from psycopg import sql
from sqlalchemy import make_url

from billflow.dev.postgres import RUNS, as_login
from billflow.migrations.login import grant_roles
from billflow.migrations.upgrade import upgrade

EMPTY, MIGRATED = "template0", "migrated"
"""What a new database is a copy of: PostgreSQL's own template, or `create_template`'s."""


NOBODYS = "foreign_stripe_event"
"""The one table whose rows belong to no organization."""


async def create_template(postgres_url: str) -> None:
    """Migrate one database, for `migrated_database` to copy: a copy takes a tenth of the time."""
    await _create(postgres_url, MIGRATED, EMPTY)
    url = _url(postgres_url, MIGRATED)
    await asyncio.to_thread(upgrade, url)
    await asyncio.to_thread(grant_roles, make_url(url), make_url(as_login(url, RUNS)))


async def fresh_database(postgres_url: str, name: str = "fresh", template: str = EMPTY) -> str:
    """Create an empty database and return its URL; *name* is where its name begins."""
    database = f"{name}_{secrets.token_hex(4)}"
    await _create(postgres_url, database, template)
    return _url(postgres_url, database)


async def migrated_database(postgres_url: str, name: str = "env") -> str:
    """Create a database with all our tables and return its URL; *name* is where its name begins."""
    return await fresh_database(postgres_url, name, MIGRATED)


async def _create(postgres_url: str, database: str, template: str) -> None:
    statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(database), sql.Identifier(template))
    async with await psycopg.AsyncConnection.connect(postgres_url, autocommit=True) as connection:
        await connection.execute(statement)


def _url(postgres_url: str, database: str) -> str:
    return make_url(postgres_url).set(database=database).render_as_string(hide_password=False)
