"""What benches write without triggers, foreign keys and indexes is what would be written with them."""

from typing import Any, LiteralString

import psycopg
import pytest

from bench.loading import fill
from billflow.dev.postgres import RUNS, as_login
from billflow.store.session.database import Database
from tests.databases import migrated_database
from tests.store.conftest import new_company

CUSTOMERS, ENTRIES = 200, 2
FILLED = (
    "realm",
    "customer",
    "customer_search_term",
    "billing_account",
    "customer_plan",
    "license_ledger",
    "ledger_allocation",
    "invoice",
)


@pytest.fixture(scope="module")
async def filled(postgres_url: str) -> str:
    """Return the address, for its owner, of a database with two organizations, the second loaded beside the first."""
    url = await migrated_database(postgres_url, "loaded_rows")
    database = Database(as_login(url, RUNS))
    for _ in range(2):
        company = await new_company(database)
        fill(url, "crowd", {"org": company.org_id, "customers": CUSTOMERS, "entries": ENTRIES})
    await database.close()
    return url


def rows(url: str, statement: LiteralString, *values: object) -> list[tuple[Any, ...]]:
    """Return what a statement finds; nothing that it changes stays."""
    with psycopg.connect(url) as connection:
        return connection.execute(statement, values).fetchall()


def test_foreign_keys_hold(filled: str) -> None:
    with psycopg.connect(filled) as connection:
        keys = connection.execute(
            "UPDATE pg_constraint SET convalidated = false WHERE contype = 'f' AND conrelid = ANY (%s::regclass[])"
            " RETURNING format('ALTER TABLE %%s VALIDATE CONSTRAINT %%I', conrelid::regclass, conname)",
            [list(FILLED)],
        ).fetchall()
        for (check,) in keys:
            connection.execute(check)
    assert len(keys) > len(FILLED)


def test_every_index_is_used_again_and_has_every_row(filled: str) -> None:
    unused = rows(filled, "SELECT indexrelid::regclass FROM pg_index WHERE NOT (indisvalid AND indisready)")
    assert unused == []

    sizes = {}
    for table in FILLED:
        with psycopg.connect(filled) as connection:
            connection.execute("SET enable_seqscan = off; SET enable_bitmapscan = off")
            count = f"SELECT count(*) FROM {table}"  # noqa: S608
            by_index = connection.execute(f"{count} WHERE org_id IS NOT NULL".encode()).fetchone()
            connection.execute("SET enable_indexscan = off; SET enable_indexonlyscan = off; SET enable_seqscan = on")
            assert connection.execute(count.encode()).fetchone() == by_index
            sizes[table] = by_index[0] if by_index else 0

    assert sizes.pop("customer_search_term") > 10 * CUSTOMERS
    assert sizes == dict.fromkeys(FILLED[:2] + FILLED[3:5] + FILLED[7:], 2 * CUSTOMERS) | dict.fromkeys(
        FILLED[5:7], 2 * CUSTOMERS * ENTRIES
    )


def test_no_trigger_would_have_written_more(filled: str) -> None:
    inserting = rows(
        filled,
        "SELECT DISTINCT tgname::text FROM pg_trigger"
        " WHERE NOT tgisinternal AND tgtype & 4 > 0 AND tgrelid = ANY (%s::regclass[])",
        list(FILLED),
    )
    assert inserting == [("customer_search",)]

    terms = "SELECT org_id, term, customer_id FROM customer_search_term ORDER BY 1, 2, 3"
    with psycopg.connect(filled) as connection:
        loaded = connection.execute(terms).fetchall()
        connection.execute("DELETE FROM customer_search_term; UPDATE customer SET name = name")
        assert connection.execute(terms).fetchall() == loaded
        connection.rollback()
