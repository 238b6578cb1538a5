"""Former rows: every change of what is shown is kept, in one unbroken row of versions, and sealed as rows are."""

from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import text
from sqlalchemy.exc import InternalError

from billflow.domain.errors import InvalidInput
from billflow.migrations.versions import v0051_row_versions, v0060_former_states
from billflow.models.contracts.customers import CustomerUpdate
from billflow.models.contracts.records import CustomerFilter, PlanFilter
from billflow.models.keyring import Key, Keyring
from billflow.models.tables import Base
from billflow.models.tables.versions import VERSIONED
from billflow.ports.database import AsOfUnavailable
from billflow.store.access.organizations import PostgresOrganizationRepository
from billflow.store.audit.erasure import PostgresPersonalDataRepository
from billflow.store.audit.key_rotation import KeyRotation
from billflow.store.audit.retention import Retention
from billflow.store.audit.roots import AuditRoots
from billflow.store.session.database import Database
from tests.databases import migrated_database
from tests.store.conftest import Company, by, company_of
from tests.store.test_moved_values import fill
from tests.store.test_privacy import CANARY, canary
from tests.store.test_retention import PERIODS

COLUMNS = sql.SQL(
    "SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = {} AND table_name = {}"
    " ORDER BY column_name"
)
VIEWS = "SELECT viewname FROM pg_views WHERE schemaname = 'public_as_of'"


async def customer_as_of(company: Company, customer_id: str, moment: datetime) -> str:
    """Return the name of a customer as it was."""
    return (await company.queries.as_of(moment).customers.get(company.org_id, customer_id)).name


async def test_every_view_has_the_columns_of_its_table(store_url: str) -> None:
    with psycopg.connect(store_url) as connection:
        views = {str(row[0]) for row in connection.execute(VIEWS)}
        for table in views:
            found = [
                connection.execute(COLUMNS.format(schema, table)).fetchall() for schema in ("public", "public_as_of")
            ]
            assert found[0] == found[1]
    assert sorted((*v0051_row_versions.VERSIONED, *v0060_former_states.VERSIONED)) == list(VERSIONED)
    assert set(VERSIONED) < views < Base.metadata.tables.keys()
    assert views.isdisjoint({"api_key", "mail", "org", "outbox_pending", "portal_link", "webhook_message"})


async def test_a_change_that_waited_for_another_leaves_no_moment_without_a_row_and_none_with_two(
    company: Company, store_url: str
) -> None:
    customer = await company.customer()
    moments = []
    with psycopg.connect(store_url) as first, psycopg.connect(store_url) as second:
        for connection in (first, second):
            moments.append(datetime.now(UTC))
            connection.execute("SELECT set_config('billflow.org_id', %s, true)", [company.org_id])
            moments.append(connection.execute("SELECT now()").fetchone()[0])  # type: ignore[index]
        for connection, name in ((second, "Second"), (first, "First")):
            connection.execute("UPDATE customer SET name = %s WHERE id = %s", [name, customer.customer_id])
            connection.commit()
            moments.append(datetime.now(UTC))

    names = [await customer_as_of(company, customer.customer_id, moment) for moment in moments]
    around = [moment + timedelta(microseconds=1) for moment in moments]
    beside = [await customer_as_of(company, customer.customer_id, moment) for moment in around]

    assert names == ["Muster GmbH", "Muster GmbH", "Muster GmbH", "First", "First", "First"]
    assert beside[:3] == ["Muster GmbH"] * 3
    assert beside[3:] == ["First"] * 3


async def test_a_row_that_is_deleted_is_still_known_of_before(company: Company) -> None:
    customer = await company.customer()
    before = datetime.now(UTC)
    await company.repositories.customers.delete(customer.ref, by())

    assert await customer_as_of(company, customer.customer_id, before) == "Muster GmbH"


async def test_nothing_can_be_written_as_of_a_moment(company: Company) -> None:
    insert = text("INSERT INTO public.test_clock (org_id, name, now_at) VALUES (:org_id, '', now())")
    with pytest.raises(InternalError, match="read-only transaction"):
        async with company.database.as_of(datetime.now(UTC)).unit_of_work(company.org_id) as session:
            await session.execute(insert, {"org_id": company.org_id})


async def test_an_erased_customer_is_erased_in_its_former_rows_and_they_stay(
    company: Company, database: Database
) -> None:
    customer = await canary(company, "former@kanarienvogel.example")
    repository = company.repositories.customers
    await repository.update(customer.ref, CustomerUpdate(name=f"{CANARY} AG"), by())
    before = datetime.now(UTC)
    await repository.update(customer.ref, CustomerUpdate(name=f"{CANARY} SE"), by())
    privacy = PostgresPersonalDataRepository(database)
    exported = (await privacy.export(customer.ref, by())).records["row_version"]

    await privacy.erase(customer.ref, by())
    found = await company.queries.as_of(before).customers.get(company.org_id, customer.customer_id)

    assert [row["content"]["name"] for row in exported] == [f"{CANARY} GmbH", f"{CANARY} AG"]
    assert [row["content"]["billing_address"]["street"] for row in exported] == [f"{CANARY}weg 7"] * 2
    assert (found.name, found.billing_address, found.status) == ("Erased customer", None, "active")


@pytest.mark.full
async def test_former_rows_are_read_with_the_new_key_alone_after_a_rotation(postgres_url: str) -> None:
    url, old, new = await migrated_database(postgres_url, "former"), Key.fresh("old"), Key.fresh("new")
    before, both, after = (Database(url, keyring=Keyring(keys)) for keys in ((old,), (new, old), (new,)))
    company = company_of(before, await PostgresOrganizationRepository(before).ensure("former"))
    await fill(company, before)
    (customer,) = (await company.queries.customers.search(company.org_id, CustomerFilter())).rows
    moment = datetime.now(UTC)
    await company.repositories.customers.update(customer.ref, CustomerUpdate(billing_address=None), by())

    await KeyRotation(both).run()

    found = (
        await company_of(after, company.org_id)
        .queries.as_of(moment)
        .customers.get(company.org_id, customer.customer_id)
    )
    assert found == customer
    assert found.billing_address is not None
    for database in (before, both, after):
        await database.close()


async def test_a_login_that_may_create_no_schema_is_told_what_to_grant(postgres_url: str) -> None:
    url = await migrated_database(postgres_url, "bare")
    with psycopg.connect(url) as connection:
        connection.execute("DROP SCHEMA public_as_of CASCADE")
    database = Database(url)
    company = company_of(database, await PostgresOrganizationRepository(database).ensure("bare"))
    with pytest.raises(AsOfUnavailable, match="grant it CREATE on the database and run: billflow migrate"):
        await company.queries.as_of(datetime.now(UTC)).plans.search(company.org_id, PlanFilter())
    await database.close()


async def test_before_former_rows_were_kept_nothing_is_guessed(company: Company) -> None:
    with pytest.raises(InvalidInput, match="former states are kept from then on") as refused:
        await company.queries.as_of(datetime(2020, 1, 1, tzinfo=UTC)).plans.search(company.org_id, PlanFilter())
    assert (refused.value.code, refused.value.field) == ("as_of_too_early", "as_of")


async def test_former_states_are_kept_as_long_as_it_is_set_and_as_of_before_is_refused(
    company: Company, store_url: str
) -> None:
    customer = await company.customer()
    for name in ("Second", "Third"):
        await company.repositories.customers.update(customer.ref, CustomerUpdate(name=name), by())
    with psycopg.connect(store_url) as connection:
        aged = "UPDATE row_version SET since = since - interval '50 days', until = until - interval '50 days'"
        connection.execute(f"{aged} WHERE row_id = %s AND content ->> 'name' = 'Muster GmbH'", [customer.customer_id])
    roots = AuditRoots(company.database, None)
    kept = PERIODS.model_copy(update={"former_states": timedelta(days=40)})

    assert "former_states" not in await Retention(company.database, PERIODS, None, roots).prune(company.org_id)
    assert (await Retention(company.database, kept, None, roots).prune(company.org_id))["former_states"] == 1
    assert (await Retention(company.database, kept, None, roots).prune(company.org_id))["former_states"] == 0

    with psycopg.connect(store_url) as connection:
        left = connection.execute(
            "SELECT content ->> 'name' FROM row_version WHERE row_id = %s", [customer.customer_id]
        ).fetchall()
    assert left == [("Second",)]
    with pytest.raises(InvalidInput, match="former states are kept from then on") as refused:
        await customer_as_of(company, customer.customer_id, datetime.now(UTC) - timedelta(days=41))
    assert refused.value.code == "as_of_too_early"
    assert await customer_as_of(company, customer.customer_id, datetime.now(UTC)) == "Third"
