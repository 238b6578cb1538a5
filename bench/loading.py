"""Filling a database by a script of `bench/sql`, which reads what is asked for from settings named after it."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path

import psycopg

from billflow.store.access.organizations import org_id_of

SQL = Path(__file__).parent / "sql"


def fill(url: str, script: str, asked: Mapping[str, object], say: Callable[[str], None] = lambda _: None) -> None:
    """Run the *script* of that name as the owner that *url* names, and let PostgreSQL look at what is there now.

    *say* gets a line for each statement that changed rows, and for those that took a second.
    """
    with psycopg.connect(url) as connection:
        for name, value in asked.items():
            connection.execute("SELECT set_config(%s, %s, false)", [f"{script}.{name}", str(value)])
        for statement in (SQL / f"{script}.sql").read_text().split(";\n"):
            _run(connection, statement, say)
    with psycopg.connect(url, autocommit=True) as connection:
        _run(connection, "VACUUM ANALYZE", say)


def _run(connection: "psycopg.Connection[tuple[object, ...]]", statement: str, say: Callable[[str], None]) -> None:
    begun = time.perf_counter()
    done = connection.execute(statement.encode())
    took = time.perf_counter() - begun
    if done.rowcount > 0 or took >= 1:
        title = next(line for line in statement.splitlines() if line and not line.startswith("--"))
        say(f"{took:6.1f} s: {title.partition('(')[0].strip()}, {max(done.rowcount, 0)} rows")


def fill_organization(url: str, slug: str, plans: int) -> str:
    """Write an organization with its plans, three ledger entries each, and return its id."""
    org_id = org_id_of(slug)
    with psycopg.connect(url) as connection:
        connection.execute("INSERT INTO org (id, slug, name) VALUES (%s, %s, %s)", [org_id, slug, slug])
    fill(url, "crowd", {"org": org_id, "customers": plans, "entries": 3})
    return org_id
