"""Servers that are away while a test looks."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
from psycopg import sql
from sqlalchemy import make_url

from tests.api_environment import ApiEnvironment


@asynccontextmanager
async def stripe_down(env: ApiEnvironment) -> AsyncIterator[None]:
    """Let every request to Stripe break off."""
    await env.control("POST", "/faults", requests=[{"fault": "reset_connection"}])
    yield
    await env.control("DELETE", "/faults")


@asynccontextmanager
async def database_away(database_url: str) -> AsyncIterator[None]:
    """Throw everybody out of the database, and let nobody in."""
    url = make_url(database_url)
    admin = url.set(database="postgres").render_as_string(hide_password=False)
    allow = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
    database = sql.Identifier(url.database or "")
    async with await psycopg.AsyncConnection.connect(admin, autocommit=True) as connection:
        await connection.execute(allow.format(database, sql.SQL("false")))
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [url.database]
        )
        try:
            yield
        finally:
            await connection.execute(allow.format(database, sql.SQL("true")))


async def reconnect(env: ApiEnvironment) -> None:
    """Let an environment that other tests share begin with new connections: it was thrown out of those it had."""
    pools = env.engine.pools
    await asyncio.gather(*(pool.engine.dispose() for pool in (pools.requests, pools.work, pools.background)))
