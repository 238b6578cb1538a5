"""Databases of a test's own, on the PostgreSQL that the session runs."""

import asyncio
import secrets

import psycopg
from psycopg import sql
from sqlalchemy import make_url

from billflow.migrations.upgrade import upgrade


async def fresh_database(postgres_url: str, name: str = "fresh") -> str:
    """Create an empty database and return its URL; *name* is where its name begins."""
    database = f"{name}_{secrets.token_hex(4)}"
    async with await psycopg.AsyncConnection.connect(postgres_url, autocommit=True) as connection:
        await connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))
    return make_url(postgres_url).set(database=database).render_as_string(hide_password=False)


async def migrated_database(postgres_url: str, name: str = "env") -> str:
    """Create a database with all our tables and return its URL; *name* is where its name begins."""
    url = await fresh_database(postgres_url, name)
    await asyncio.to_thread(upgrade, url)
    return url
