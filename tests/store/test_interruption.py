"""A connection that dies in the middle of a step leaves nothing behind, wherever it dies."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import Connection, event
from sqlalchemy.exc import DBAPIError

from billflow.domain.commands import UpgradeTierNow
from billflow.models.contracts.invoices import InvoiceRef, Paid
from billflow.models.contracts.plans import StepResult
from billflow.ports.database import NoDatabase
from billflow.store.session.database import Database
from tests.sizes import sized
from tests.store.conftest import BEGIN, Company, company_of, rows_of

ENOUGH = 60
EACH = sized(6, 1, 1)
"""Which statements it dies at: each one, or every sixth."""


@dataclass
class Killer:
    """Ends the session of a connection right before its *countdown*-th statement; the commit counts as one."""

    url: str
    countdown: int = 0

    def count(self, connection: Connection) -> None:
        """Count a statement of *connection*."""
        self.countdown -= 1
        if self.countdown == 0:
            driver = connection.connection.driver_connection
            assert driver is not None
            with psycopg.connect(self.url, autocommit=True) as other:
                other.execute("SELECT pg_terminate_backend(%s, 5000)", [driver.info.backend_pid])


@pytest.fixture
async def fragile(company: Company, store_url: str) -> AsyncIterator[tuple[Company, Killer]]:
    """Yield doors to the same organization whose connections die on command."""
    database, killer = Database(store_url, pool_size=1), Killer(store_url)
    engine = database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", lambda connection, *_: killer.count(connection), named=False)
    event.listen(engine, "commit", killer.count)
    yield company_of(database, company.org_id), killer
    await database.close()


async def survives(
    url: str, killer: Killer, company: Company, step: Callable[[], Awaitable[StepResult | None]]
) -> StepResult | None:
    """Interrupt *step* before its statements in turn, until it gets through; return its answer."""
    before = rows_of(url, company.org_id)
    for statement in range(1, ENOUGH, EACH):
        killer.countdown = statement
        try:
            answer = await step()
        except (DBAPIError, NoDatabase):
            assert rows_of(url, company.org_id) == before, f"something was left by statement {statement}"
        else:
            assert statement > 5, "the step was hardly interrupted"
            return answer
    raise AssertionError(f"the step takes more than {ENOUGH} statements")


async def test_a_start_a_billing_date_a_tier_change_and_a_payment_are_all_or_nothing(
    fragile: tuple[Company, Killer], company: Company, store_url: str
) -> None:
    weak, killer = fragile
    customer = await company.customer()
    await company.seats(customer, BEGIN - timedelta(days=1), 12)
    ask = company.ask(customer)

    started = await survives(store_url, killer, company, lambda: weak.start(ask))
    assert started is not None
    assert started == await company.start(ask)

    paid = Paid(amount_paid=started.invoices[0].total)
    invoice = InvoiceRef(org_id=company.org_id, invoice_id=started.invoices[0].invoice_id)
    await survives(store_url, killer, company, lambda: weak.repositories.invoices.record_outcome(invoice, paid, BEGIN))
    plan = (await company.activate(started)).state

    await company.seats(customer, BEGIN + timedelta(days=3), 14)
    closed = await survives(store_url, killer, company, lambda: weak.close(plan))
    assert closed is not None
    assert closed == await company.close(plan)
    renewal = InvoiceRef(org_id=company.org_id, invoice_id=closed.invoices[0].invoice_id)
    await company.repositories.invoices.record_outcome(renewal, Paid(amount_paid=closed.invoices[0].total), BEGIN)

    at, command = BEGIN.replace(month=2, day=20), UpgradeTierNow(tier="cloud_plus")
    changed = await survives(store_url, killer, company, lambda: weak.command(plan, command, at, key="up"))
    assert changed is not None
    assert changed.successor is not None
    assert changed == await company.command(plan, command, at, key="up")
