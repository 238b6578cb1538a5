"""What pages cost: statements, rows that come from the database, and rows and index entries that it reads for them."""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
import psycopg
from sqlalchemy import event

from bench.loading import fill
from billflow.store.session.database import Database
from tests.api_environment import ApiEnvironment
from tests.store.reading import rows_read


@dataclass
class PageCost:
    """What a page cost."""

    statements: list[str] = field(default_factory=list)
    rows: int = 0
    read: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class LongCustomer:
    """A customer whose plan has run for months, with one of its invoices."""

    customer_id: str
    plan_id: str
    invoice_id: str


def lived(env: ApiEnvironment, url: str, months: int, invoices: int, due: str) -> LongCustomer:
    """Write a customer whose plan has run for so many months, each but the last with so many invoices."""
    plan_id = str(uuid4())
    given = {"org": env.org_id, "plan": plan_id, "months": months, "due": due, "entries": 50, "invoices": invoices}
    newest = "SELECT customer_id, id FROM invoice WHERE plan_id = %s ORDER BY issued_at DESC LIMIT 1"
    fill(url, "decade", given)
    with psycopg.connect(url) as connection:
        found = connection.execute(newest, [plan_id]).fetchone()
    assert found
    return LongCustomer(str(found[0]), plan_id, str(found[1]))


async def cost_of(database: Database, open_page: Callable[[], Awaitable[httpx.Response]]) -> PageCost:
    """Open a page once for what is kept in memory, and once more; return what that cost."""
    await open_page()
    cost = PageCost()
    with rows_read(database) as cost.read, _counted(database, cost):
        answer = await open_page()
    assert answer.status_code == httpx.codes.OK, (answer.url, answer.text)
    return cost


@contextmanager
def _counted(database: Database, cost: PageCost) -> Iterator[None]:
    def count(_connection: object, cursor: Any, statement: str, *_: object) -> None:
        if "pg_stat_get_xact" not in statement and not statement.startswith("SET "):
            cost.statements.append(statement)
            cost.rows += max(cursor.rowcount, 0)

    event.listen(database.engine.sync_engine, "after_cursor_execute", count)
    try:
        yield
    finally:
        event.remove(database.engine.sync_engine, "after_cursor_execute", count)
