"""The audit log is a chain: whoever changes history, with all the rights there are, is found out."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import LiteralString

import psycopg
import pytest
from psycopg.errors import RestrictViolation

from billflow.domain.errors import Refused
from billflow.domain.invoicing.draft import InvoiceKind
from billflow.models.contracts.audit import AuditFilter
from billflow.models.contracts.customers import NewCustomer
from billflow.models.contracts.records import InvoiceFilter, Paging
from billflow.store.audit.queries import PostgresAuditQueries
from billflow.store.session.database import Database
from tests.sizes import some
from tests.store.conftest import BEGIN, Company, by


@pytest.fixture
def tamperer(store_url: str) -> Iterator["psycopg.Connection[tuple[object, ...]]"]:
    """Yield a superuser's connection on which no trigger fires."""
    with psycopg.connect(store_url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        yield connection


@pytest.fixture
async def audited(company: Company) -> Company:
    """Return an organization with some history: customers, a suspension, a plan with a closed billing date."""
    customers = [await company.customer() for _ in range(3)]
    await company.repositories.customers.suspend(customers[0].ref, by("ada"))
    await company.seats(customers[1], BEGIN - timedelta(days=1), 12)
    await company.close(await company.bought(customers[1]))
    return company


async def test_an_untouched_log_is_whole_and_names_its_head(audited: Company, database: Database) -> None:
    audit = PostgresAuditQueries(database)
    verdict = await audit.verify(audited.org_id)
    page = await audit.list(audited.org_id, AuditFilter(), Paging())
    assert verdict.faults == ()
    assert verdict.entries == page.total > 5

    await audited.customer()
    later = await audit.verify(audited.org_id)
    assert (later.entries, later.faults) == (verdict.entries + 1, ())
    assert later.head != verdict.head


async def recurring_invoice(company: Company) -> str:
    """Return the id of an invoice that a billing date made."""
    found = await company.queries.invoices.search(company.org_id, InvoiceFilter())
    return next(one.invoice_id for one in found.rows if one.kind is InvoiceKind.RECURRING)


TAMPERINGS = {
    "the entry was changed": "UPDATE audit_log SET actor = 'nobody' WHERE id = %(id)s",
    "the entry was removed": "DELETE FROM audit_log WHERE id = %(id)s",
    "links before it are missing": "DELETE FROM audit_chain WHERE audit_id = %(id)s",
    "it does not follow from the link before it": "UPDATE audit_chain SET hash = sha256('x') WHERE audit_id = %(id)s",
    "the entry is not in the chain": "INSERT INTO audit_log (org_id, actor, action, subject_type, subject_id, at)"
    " SELECT org_id, 'ada', 'customer.activated', subject_type, subject_id, at FROM audit_log WHERE id = %(id)s",
}


@pytest.mark.parametrize("problem", TAMPERINGS)
async def test_tampering_is_found_and_named(
    audited: Company, database: Database, tamperer: "psycopg.Connection[tuple[object, ...]]", problem: str
) -> None:
    audit = PostgresAuditQueries(database)
    page = await audit.list(audited.org_id, AuditFilter(action="customer.suspended"), Paging())
    tamperer.execute(TAMPERINGS[problem].encode(), {"id": page.rows[0].audit_id})

    verdict = await audit.verify(audited.org_id)

    assert problem in {fault.problem for fault in verdict.faults}


LINE, INVOICE = "UPDATE invoice_line SET {} WHERE invoice_id = %(id)s", "UPDATE invoice SET {} WHERE id = %(id)s"
INVOICE_TAMPERINGS = [
    *(
        LINE.format(change)
        for change in (
            "quantity = 3, amount = 3 * unit_amount",
            "unit_amount = unit_amount + 1, amount = amount + quantity",
            "description = 'Forged'",
            "kind = 'item'",
            "period_start = period_start - interval '1 day'",
            "period_end = period_end + interval '1 microsecond'",
            "derivation = jsonb_set(derivation, '{price}', '1')",
            "derivation = jsonb_set(derivation, '{rounding}', '\"up\"')",
            "tax = 1",
            "applied_tax = '{}', kind = 'tax'",
        )
    ),
    *(
        INVOICE.format(change)
        for change in (
            "currency = 'EUR'",
            "issued_at = issued_at + interval '1 second'",
            "kind = 'purchase'",
            "automatic_tax = true",
        )
    ),
]


@pytest.mark.parametrize("change", some(3, INVOICE_TAMPERINGS))
async def test_an_invoice_that_was_changed_is_named(
    audited: Company, database: Database, tamperer: "psycopg.Connection[tuple[object, ...]]", change: str
) -> None:
    audit = PostgresAuditQueries(database)
    invoice_id = await recurring_invoice(audited)
    assert (await audit.verify(audited.org_id)).faults == ()
    tamperer.execute(change.encode(), {"id": invoice_id})

    [fault] = (await audit.verify(audited.org_id)).faults

    assert fault.problem == f"its invoice {invoice_id} was changed"


@pytest.mark.parametrize(
    ("statement", "became"),
    [
        ("DELETE FROM invoice_line WHERE invoice_id = %(id)s", "changed"),
        ("DELETE FROM invoice WHERE id = %(id)s", "removed"),
    ],
)
async def test_what_was_removed_of_an_invoice_is_found(
    audited: Company,
    database: Database,
    tamperer: "psycopg.Connection[tuple[object, ...]]",
    statement: LiteralString,
    became: str,
) -> None:
    invoice_id = await recurring_invoice(audited)
    tamperer.execute(statement, {"id": invoice_id})

    [fault] = (await PostgresAuditQueries(database).verify(audited.org_id)).faults

    assert fault.problem == f"its invoice {invoice_id} was {became}"


async def test_a_chain_that_was_written_anew_has_another_head(
    audited: Company, database: Database, tamperer: "psycopg.Connection[tuple[object, ...]]"
) -> None:
    audit = PostgresAuditQueries(database)
    before = await audit.verify(audited.org_id)
    mine = {"org": audited.org_id}
    tamperer.execute("UPDATE audit_log SET actor = 'nobody' WHERE org_id = %(org)s AND actor = 'ada'", mine)
    tamperer.execute("DELETE FROM audit_chain WHERE org_id = %(org)s", mine)
    tamperer.execute(
        "SELECT billflow_chain_entry(id) FROM (SELECT id FROM audit_log WHERE org_id = %(org)s ORDER BY sequence) a",
        mine,
    )
    after = await audit.verify(audited.org_id)
    assert (after.entries, after.faults) == (before.entries, ())
    assert after.head != before.head


async def test_writers_at_the_same_time_make_one_chain(company: Company, database: Database) -> None:
    audit = PostgresAuditQueries(database)
    before = await audit.verify(company.org_id)
    await asyncio.gather(*(company.customer() for _ in range(20)))
    verdict = await audit.verify(company.org_id)
    assert (verdict.entries - before.entries, verdict.faults) == (20, ())


async def test_what_was_rolled_back_leaves_no_link(company: Company, database: Database) -> None:
    made, audit = await company.customer(), PostgresAuditQueries(database)
    before = await audit.verify(company.org_id)
    with pytest.raises(Refused, match="e-mail"):
        await company.repositories.customers.create(company.org_id, NewCustomer(name="Again", email=made.email), by())
    assert await audit.verify(company.org_id) == before


async def test_the_application_cant_change_the_chain(company: Company, store_url: str) -> None:
    await company.customer()
    with psycopg.connect(store_url) as connection, pytest.raises(RestrictViolation):
        connection.execute("UPDATE audit_chain SET hash = prev_hash")


async def test_entries_are_found_by_actor_subject_and_moment(audited: Company, database: Database) -> None:
    audit, org_id = PostgresAuditQueries(database), audited.org_id
    (found,) = (await audit.list(org_id, AuditFilter(actor="ada"), Paging())).rows
    assert (found.action, found.before, found.after) == (
        "customer.suspended",
        {"status": "active"},
        {"status": "suspended"},
    )
    about = await audit.list(org_id, AuditFilter(subject_type="customer", subject_id=found.subject_id), Paging())
    assert {entry.action for entry in about.rows} == {"customer.created", "customer.suspended"}
    later = AuditFilter(since=found.recorded_at + timedelta(days=1))
    assert (await audit.list(org_id, later, Paging())).rows == ()
