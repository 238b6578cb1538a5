"""A customer of ten years costs no more per step than a new one: what PostgreSQL reads for either is counted."""

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, LiteralString
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from bench.loading import fill
from billflow.dev.postgres import RUNS, as_login
from billflow.domain.billing_dates import process_billing_date
from billflow.domain.commands import UpgradeTierNow
from billflow.domain.lifecycle import take_command
from billflow.models.contracts.invoices import InvoiceStatus, Issued, Paid
from billflow.models.contracts.keys import KeyNamespace
from billflow.models.contracts.steps import CloseCycleInput, CommandInput, PlanRef
from billflow.store.session.database import Database
from tests.databases import migrated_database
from tests.store.conftest import Company, new_company
from tests.store.reading import rows_read

DUE = datetime(2026, 3, 1, tzinfo=UTC)
ENTRIES, INVOICES = 840, 25
"""In each of 120 months: 100,000 ledger entries, 3,000 invoices, and as many credits that they used up."""

SPREAD = 30
"""By how many rows and index entries two pieces of work of one kind may differ in what they read."""

ALONE = 250
"""How many rows and index entries a new customer's step or command reads at most, whatever else there is."""

ROWS_OF_A_BILLING_DATE, BYTES_OF_A_BILLING_DATE = 28, 16 * 1024
"""What a step with an invoice of one line leaves, its collection at the first try included."""

TIMES = 1.3
"""What the old customer may cost of what the new one does."""


CREDIT = """
    INSERT INTO credit (org_id, customer_id, plan_id, amount, currency, reason, step_key, at)
    SELECT org_id, customer_id, id, 100, currency, 'downgrade', %s, now() FROM customer_plan WHERE id = %s"""


@dataclass(frozen=True)
class Shop:
    """A company, and the address of its database for whoever owns that."""

    url: str
    company: Company

    def run(self, statement: LiteralString) -> list[tuple[Any, ...]]:
        """Run a statement as the owner, and return its rows."""
        with psycopg.connect(self.url) as connection:
            return connection.execute(statement).fetchall()

    def lived(self, months: int) -> PlanRef:
        """Write a customer with a plan that has run for so many months, and return the plan."""
        plan = PlanRef(org_id=self.company.org_id, plan_id=str(uuid4()))
        given = {"org": plan.org_id, "plan": plan.plan_id, "months": months, "due": DUE.isoformat()}
        fill(self.url, "decade", given | {"entries": ENTRIES, "invoices": INVOICES})
        return plan

    def size(self) -> tuple[int, int]:
        """Return how many rows there are, and how many bytes they take without indexes and free room."""
        tables = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
        with psycopg.connect(self.url) as connection:
            rows, size = 0, 0
            for (name,) in connection.execute(tables).fetchall():
                counting = sql.SQL("SELECT count(*), coalesce(sum(pg_column_size(held.*)), 0) FROM {} AS held")
                found = connection.execute(counting.format(sql.Identifier(name))).fetchone() or (0, 0)
                rows, size = rows + int(found[0]), size + int(found[1])
        return rows, size

    def grant(self, plan: PlanRef) -> None:
        """Write a credit of the plan's customer that is to be posted."""
        with psycopg.connect(self.url) as connection:
            connection.execute(CREDIT, [f"grant/{uuid4()}", plan.plan_id])


async def billed(company: Company, plan: PlanRef, at: datetime) -> dict[str, Counter[str]]:
    """Take the step of a plan's billing date and collect its invoice, and return what each read."""
    invoices, step = company.repositories.invoices, CloseCycleInput(plan=plan, at=at)
    with rows_read(company.database) as stepping:
        result = await company.repositories.plans.take_step(step, lambda facts: process_billing_date(facts, at))
    (made,) = result.invoices
    held = Issued(stripe_invoice_id=f"in_{uuid4().hex}", status=InvoiceStatus.OPEN, amount_due=1, amount_paid=0)
    asked = made.as_of(at)
    with rows_read(company.database) as collecting:
        asking = await invoices.invoice_to_collect(made.ref)
        for credit in asking.credits:
            await invoices.record_credit_posted(asking.customer, credit.credit_id, f"cbtxn_{uuid4().hex}")
        await invoices.record_issued(made.ref, held)
        await invoices.record_outcome(asked, Paid(amount_paid=1), at)
    return {"step": stepping, "collecting": collecting}


async def commanded(company: Company, plan: PlanRef, at: datetime) -> Counter[str]:
    """Give a plan the command that reads the most, which credits the running cycle, and return what it read."""
    command = UpgradeTierNow(tier="cloud_plus")
    step = CommandInput(
        plan=plan, at=at, command_id=KeyNamespace.CLIENT.key(uuid4().hex), command=command, actor="tester"
    )
    with rows_read(company.database) as read:
        await company.repositories.plans.take_step(step, lambda facts: take_command(facts, command, at))
    return read


@pytest.fixture
async def shop(postgres_url: str) -> AsyncIterator[Shop]:
    """Yield a company in a database of its own."""
    url = await migrated_database(postgres_url, "growth")
    database = Database(as_login(url, RUNS))
    yield Shop(url, await new_company(database))
    await database.close()


@pytest.mark.full
async def test_ten_years_of_invoices_add_nothing_to_what_a_billing_date_or_a_command_reads(shop: Shop) -> None:
    new, old = shop.lived(1), shop.lived(120)
    for plan in (new, old):
        shop.grant(plan)
    first, second = [await billed(shop.company, plan, DUE) for plan in (new, old)], DUE + timedelta(days=31)
    for plan in (new, old):
        shop.grant(plan)

    of_new, of_old = [
        await billed(shop.company, plan, second)
        | {"command": await commanded(shop.company, plan, second + timedelta(days=5))}
        for plan in (new, old)
    ]

    assert first[1]["step"]["uq_license_ledger_plan_id_seq"] > ENTRIES * 100, (
        "the first step read what none before it had noted"
    )
    assert first[1]["collecting"]["pk_credit_posting"] > INVOICES * 100, (
        "and the first credit that was posted all that were"
    )
    assert of_new["step"]["ledger_allocation"] <= SPREAD, "allocations of other plans are not read"
    for work in ("step", "collecting", "command"):
        assert (of_old[work] - of_new[work]).total() <= SPREAD, work
        assert of_old[work].total() <= TIMES * of_new[work].total(), work
    for work in ("step", "command"):
        assert of_new[work].total() <= ALONE, of_new[work]


async def test_a_billing_date_adds_no_more_than_so_many_rows_and_bytes(shop: Shop) -> None:
    plan = shop.lived(1)
    rows, size = shop.size()

    await billed(shop.company, plan, DUE)

    after = shop.size()
    assert after[0] - rows <= ROWS_OF_A_BILLING_DATE
    assert after[1] - size <= BYTES_OF_A_BILLING_DATE


@pytest.mark.full
async def test_a_credit_is_posted_however_long_it_waits(shop: Shop) -> None:
    plan = shop.lived(3)
    for at in (DUE, DUE + timedelta(days=31)):
        shop.grant(plan)
        await billed(shop.company, plan, at)
    waiting = (
        "SELECT count(*) FROM credit WHERE invoice_id IS NULL AND id NOT IN (SELECT credit_id FROM credit_posting)"
    )
    assert shop.run(waiting) == [(0,)]
    shop.grant(plan)
    shop.run("UPDATE billing_account SET credits_from = now() RETURNING id")

    await billed(shop.company, plan, DUE + timedelta(days=61))

    assert shop.run(waiting) == [(1,)], "what is before that moment is taken for posted, which shows that it is read"


@pytest.mark.full
async def test_where_a_step_began_to_read_changes_nothing_that_a_plan_knows(shop: Shop) -> None:
    plan, plans = shop.lived(4), shop.company.queries.plans
    moments = [DUE - timedelta(days=45), DUE, DUE + timedelta(days=3)]
    await billed(shop.company, plan, DUE)
    known = [await plans.facts(plan, at) for at in moments]
    assert shop.run("SELECT ledger_from FROM customer_plan WHERE ledger_from > 1")

    assert shop.run("UPDATE customer_plan SET ledger_from = 1, ledger_from_at = NULL RETURNING id")

    assert [await plans.facts(plan, at) for at in moments] == known
