"""What PostgreSQL itself refuses: other tenants' rows, changed history, a second live plan."""

from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql
from psycopg.errors import (
    CheckViolation,
    ForeignKeyViolation,
    InsufficientPrivilege,
    RestrictViolation,
    UniqueViolation,
)
from sqlalchemy import text

from billflow.domain.errors import NotFound
from billflow.migrations.versions.v0001_books import APPEND_ONLY
from billflow.migrations.versions.v0013_tables_by_their_names import TABLES as RENAMED
from billflow.models.contracts.invoices import Declined, InvoiceRef
from billflow.models.contracts.plans import StepResult
from billflow.models.contracts.steps import PlanRef
from billflow.models.tables import Base
from billflow.store.session.database import Database
from tests.databases import NOBODYS
from tests.store.conftest import BEGIN, Company, new_company

TABLES = sorted(name for name in Base.metadata.tables if name not in ("org", NOBODYS))


@pytest.fixture
def connection(store_url: str) -> Iterator["psycopg.Connection[tuple[object, ...]]"]:
    """Yield a superuser's connection whose work is thrown away."""
    with psycopg.connect(store_url) as connection:
        yield connection
        connection.rollback()


@pytest.fixture(scope="module")
async def company(database: Database) -> Company:
    """Return an organization for all these tests, none of which leaves anything in it."""
    return await new_company(database)


@pytest.fixture(scope="module")
async def billed(company: Company) -> StepResult:
    """Return a billing date that was closed, with a declined payment: every kind of row exists."""
    customer = await company.customer()
    await company.seats(customer, BEGIN - timedelta(days=1), 12)
    closed = await company.close(await company.bought(customer))
    invoice = InvoiceRef(org_id=company.org_id, invoice_id=closed.invoices[0].invoice_id)
    await company.repositories.invoices.record_outcome(
        invoice, Declined(code="card_declined", message="Declined."), BEGIN
    )
    return closed


def become(connection: "psycopg.Connection[tuple[object, ...]]", org_id: str | None) -> None:
    """Take on the role of the application, for one organization or none."""
    connection.execute("SET LOCAL ROLE billflow_app")
    if org_id is not None:
        connection.execute("SELECT set_config('billflow.org_id', %s, true)", [org_id])


async def test_another_organizations_ids_are_not_found(company: Company, billed: StepResult) -> None:
    stranger = await company.repositories.organizations.ensure("stranger")
    with pytest.raises(NotFound):
        await company.repositories.plans.get(PlanRef(org_id=stranger, plan_id=billed.state.plan_id))
    with pytest.raises(NotFound):
        await company.queries.invoices.get(stranger, billed.invoices[0].invoice_id)
    with pytest.raises(NotFound):
        await company.queries.customers.get(stranger, billed.state.customer_id)
    with pytest.raises(NotFound):
        await company.repositories.invoices.status(
            InvoiceRef(org_id=stranger, invoice_id=billed.invoices[0].invoice_id)
        )


async def test_a_look_sees_one_organization_and_leaves_nothing_on_its_connection(
    store_url: str, company: Company
) -> None:
    database = Database(store_url, pool_size=1)
    who = "SELECT current_user || ' ' || coalesce(current_setting('billflow.org_id', true), '')"
    seen = await database.look(who, org_id=company.org_id)
    async with database.engine.connect() as connection:
        left = str(await connection.scalar(text(who)))
    await database.close()

    assert seen == [f"billflow_app {company.org_id}"]
    assert left == f"{urlsplit(store_url).username} "


@pytest.mark.usefixtures("billed")
async def test_without_an_organization_there_are_no_rows_and_with_one_only_its_own(
    connection: "psycopg.Connection[tuple[object, ...]]", company: Company
) -> None:
    def seen() -> dict[str, set[object]]:
        orgs = sql.SQL("SELECT DISTINCT org_id::text FROM {}")
        return {one: {row[0] for row in connection.execute(orgs.format(sql.Identifier(one)))} for one in TABLES}

    everything = seen()
    become(connection, None)
    assert [table for table, owners in seen().items() if owners] == []
    become(connection, company.org_id)
    assert seen() == {table: owners & {company.org_id} for table, owners in everything.items()}


def test_every_table_of_a_tenant_has_forced_isolation(connection: "psycopg.Connection[tuple[object, ...]]") -> None:
    isolated = connection.execute(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        " AND relrowsecurity AND relforcerowsecurity"
    )
    assert sorted(str(row[0]) for row in isolated) == sorted([*TABLES, "org", NOBODYS])
    role = connection.execute(
        "SELECT rolsuper, rolbypassrls, rolcanlogin FROM pg_roles WHERE rolname = 'billflow_app'"
    ).fetchone()
    assert role == (False, False, False)


@pytest.mark.parametrize("question", ["SELECT * FROM {}", "DELETE FROM {}", "INSERT INTO {} DEFAULT VALUES"])
def test_what_is_nobodys_is_not_for_any_organization(
    connection: "psycopg.Connection[tuple[object, ...]]", company: Company, question: str
) -> None:
    become(connection, company.org_id)
    with pytest.raises(InsufficientPrivilege):
        connection.execute(sql.SQL(question).format(sql.Identifier(NOBODYS)))


async def test_a_row_of_another_organization_cant_be_written(
    connection: "psycopg.Connection[tuple[object, ...]]", company: Company
) -> None:
    become(connection, company.org_id)
    with pytest.raises(InsufficientPrivilege, match="row-level security"):
        connection.execute("INSERT INTO test_clock (org_id, name, now_at) VALUES (gen_random_uuid(), '', now())")


async def test_a_row_of_another_organization_cant_be_named(
    connection: "psycopg.Connection[tuple[object, ...]]", company: Company, billed: StepResult
) -> None:
    stranger = await company.repositories.organizations.ensure("stranger")
    with pytest.raises(ForeignKeyViolation):
        connection.execute(
            "INSERT INTO billing_account (org_id, customer_id, name, currency) VALUES (%s, %s, 'theirs', 'USD')",
            [stranger, billed.state.customer_id],
        )


@pytest.mark.usefixtures("billed")
@pytest.mark.parametrize("table", [dict(RENAMED).get(table, table) for table in APPEND_ONLY])
@pytest.mark.parametrize("change", ["UPDATE {} SET created_at = now()", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_history_is_never_changed_not_even_by_its_owner(
    connection: "psycopg.Connection[tuple[object, ...]]", table: str, change: str
) -> None:
    with pytest.raises(RestrictViolation, match=f"{table} is append-only|is append-only: TRUNCATE"):
        connection.execute(sql.SQL(change).format(sql.Identifier(table)))


BROKEN_RULES = {
    "a second live plan": (
        UniqueViolation,
        (
            "INSERT INTO customer_plan (org_id, customer_id, tier, schedule, status, currency, price_per_license,"
            " license_management, collection_method, billing_cycle_anchor, seats_observed_through)"
            " SELECT org_id, customer_id, tier, schedule, status, currency, price_per_license, license_management,"
            " collection_method, billing_cycle_anchor, seats_observed_through FROM customer_plan WHERE id = %(plan)s"
        ),
    ),
    "two prices": (CheckViolation, "UPDATE customer_plan SET fixed_price = 1 WHERE id = %(plan)s"),
    "no price": (CheckViolation, "UPDATE customer_plan SET price_per_license = NULL WHERE id = %(plan)s"),
    "billed twice": (
        UniqueViolation,
        (
            "INSERT INTO ledger_allocation (org_id, entry_id, disposition, step_key)"
            " SELECT org_id, id, 'billed', 'again' FROM license_ledger WHERE plan_id = %(plan)s"
        ),
    ),
    "a second default account": (
        UniqueViolation,
        (
            "INSERT INTO billing_account (org_id, customer_id, name, currency, is_default)"
            " SELECT org_id, id, 'other', 'USD', true FROM customer WHERE id = %(customer)s"
        ),
    ),
    "no deployment": (CheckViolation, "UPDATE customer SET realm_id = NULL WHERE id = %(customer)s"),
    "paid at no time": (CheckViolation, "UPDATE invoice SET status = 'paid' WHERE plan_id = %(plan)s"),
    "a status nobody knows": (CheckViolation, "UPDATE customer SET status = 'gone' WHERE id = %(customer)s"),
}


@pytest.mark.parametrize("rule", BROKEN_RULES)
def test_the_database_holds_the_rule(
    connection: "psycopg.Connection[tuple[object, ...]]", billed: StepResult, rule: str
) -> None:
    error, statement = BROKEN_RULES[rule]
    with pytest.raises(error):
        connection.execute(statement, {"plan": billed.state.plan_id, "customer": billed.state.customer_id})


CROWD = (
    "INSERT INTO realm (org_id, string_id, name) SELECT %(org)s, 'r' || n, '' FROM generate_series(1, 2000) AS n",
    (
        "INSERT INTO customer (org_id, realm_id, name, email)"
        " SELECT org_id, id, string_id, string_id || '@b.example' FROM realm WHERE org_id = %(org)s"
    ),
    (
        "INSERT INTO customer_plan (org_id, customer_id, tier, schedule, status, currency, price_per_license,"
        " license_management, collection_method, billing_cycle_anchor, seats_observed_through, next_invoice_date)"
        " SELECT org_id, id, 't', 'monthly', 'active', 'USD', 1, 'manual', 'send_invoice', now(), now(),"
        " now() + random() * interval '30 days' FROM customer WHERE org_id = %(org)s"
    ),
    "ANALYZE realm, customer, customer_search_term, customer_plan",
)


async def test_indexes_serve_the_look_ups_isolated(
    connection: "psycopg.Connection[tuple[object, ...]]", database: Database
) -> None:
    company = await new_company(database)
    for statement in CROWD:
        connection.execute(sql.SQL(statement), {"org": company.org_id} if "%" in statement else None)
    become(connection, company.org_id)
    for question in (
        "SELECT id FROM customer WHERE email_key = 'r7@b.example' AND deleted_at IS NULL",
        "SELECT customer_id FROM customer_search_term WHERE term >= 'r100' AND term < 'r101'",
        (
            "SELECT id FROM customer WHERE deleted_at IS NULL AND"
            " (created_at, id) < (now(), '00000000-0000-0000-0000-000000000000')"
            " ORDER BY created_at DESC, id DESC LIMIT 50"
        ),
        "SELECT id FROM customer_plan WHERE status = 'active' AND next_invoice_date < now()",
    ):
        plan = "\n".join(str(row[0]) for row in connection.execute(sql.SQL("EXPLAIN " + question)))
        assert "Index Cond" in plan, plan
        assert "Filter" not in plan, plan
