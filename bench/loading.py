"""Filling a database by a script of `bench/sql`, which reads what is asked for from settings named after it."""

from collections.abc import Mapping
from pathlib import Path

import psycopg

from billflow.store.access.organizations import org_id_of

SQL = Path(__file__).parent / "sql"


def fill(url: str, script: str, asked: Mapping[str, object]) -> None:
    """Run the *script* of that name as the owner that *url* names, and let PostgreSQL look at what is there now."""
    with psycopg.connect(url) as connection:
        for name, value in asked.items():
            connection.execute("SELECT set_config(%s, %s, false)", [f"{script}.{name}", str(value)])
        connection.execute((SQL / f"{script}.sql").read_bytes())
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


def fill_organization(url: str, slug: str, plans: int) -> str:
    """Write an organization with its plans, three ledger entries each, and return its id."""
    org_id = org_id_of(slug)
    with psycopg.connect(url) as connection:
        connection.execute("INSERT INTO org (id, slug, name) VALUES (%s, %s, %s)", [org_id, slug, slug])
    fill(url, "crowd", {"org": org_id, "customers": plans, "entries": 3})
    return org_id
