"""The migrations lead to exactly the tables the code knows, from nothing and back."""

import subprocess
import sys
from collections.abc import Iterator
from uuid import uuid4

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Engine, NullPool, create_engine, text

from billflow.domain.errors import InvalidInput
from billflow.domain.plan import Schedule
from billflow.migrations import upgrade
from billflow.migrations.as_of import drop_views
from billflow.models.tables import Base
from billflow.ports.database import DatabaseBusy, NoDatabase
from billflow.store.access.organizations import PostgresOrganizationRepository, org_id_of
from billflow.store.plans.catalog import PostgresCatalogRepository
from billflow.store.session.database import Database
from billflow.store.session.url import sqlalchemy_url
from tests.databases import fresh_database
from tests.waiting import PATIENCE

RULES = text(
    "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
    " WHERE connamespace = 'public'::regnamespace AND contype NOT IN ('n', 't')"
    " AND conrelid <> 'alembic_version'::regclass"
    " UNION ALL SELECT tablename, indexname, indexdef FROM pg_indexes"
    " WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
)
NOWHERE = "00000000-0000-0000-0000-000000000000"


@pytest.fixture
async def empty_url(postgres_url: str) -> str:
    """Return the URL of a new database."""
    return await fresh_database(postgres_url)


@pytest.fixture
def engine(empty_url: str) -> Iterator[Engine]:
    """Yield an engine of that database, as its superuser."""
    engine = create_engine(sqlalchemy_url(empty_url), poolclass=NullPool)
    yield engine
    engine.dispose()


def rules(connection: Connection) -> set[tuple[str, ...]]:
    """Return every constraint and index."""
    return {tuple(row) for row in connection.execute(RULES)}


def test_the_migrated_schema_is_the_one_the_tables_declare(empty_url: str, engine: Engine) -> None:
    upgrade.upgrade(empty_url)
    with engine.begin() as connection:
        options = {"compare_type": True, "compare_server_default": True}
        assert compare_metadata(MigrationContext.configure(connection, opts=options), Base.metadata) == []
        migrated = rules(connection)
        drop_views(connection)
        Base.metadata.drop_all(connection)
        Base.metadata.create_all(connection)
        assert migrated == rules(connection)


@pytest.mark.full
def test_going_back_leaves_nothing_and_forth_again_works(empty_url: str, engine: Engine) -> None:
    upgrade.upgrade(empty_url)
    upgrade.downgrade(empty_url, "base")
    with engine.connect() as connection:
        left = connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))
        assert [row[0] for row in left] == ["alembic_version"]
        functions = connection.execute(text("SELECT proname FROM pg_proc WHERE proname LIKE 'billflow%'"))
        assert functions.all() == []
    upgrade.upgrade(empty_url)


@pytest.mark.usefixtures("store_url")
async def test_a_database_needs_no_superuser_and_its_owner_stays_isolated(empty_url: str, engine: Engine) -> None:
    owner = f"owner_{uuid4().hex[:8]}"
    with engine.begin() as connection:
        connection.execute(text(f"CREATE ROLE {owner} LOGIN NOSUPERUSER"))
        connection.execute(text(f"GRANT billflow_app, billflow_watch TO {owner}"))
        connection.execute(text(f"ALTER SCHEMA public OWNER TO {owner}"))
    url = sqlalchemy_url(empty_url).set(username=owner).render_as_string()
    upgrade.upgrade(url)
    database = Database(url)
    await PostgresOrganizationRepository(database).ensure("owned")
    async with database.engine.connect() as plain:
        assert (await plain.execute(text("SELECT slug FROM org"))).all() == []
    await database.close()


@pytest.mark.full
def test_several_processes_may_migrate_at_once(empty_url: str) -> None:
    program = "import sys; from billflow.migrations import upgrade; upgrade.upgrade(sys.argv[1])"
    running = [subprocess.Popen([sys.executable, "-c", program, empty_url]) for _ in range(2)]
    assert [process.wait(PATIENCE) for process in running] == [0, 0]


async def test_a_database_without_tables_is_named_with_the_way_out(empty_url: str) -> None:
    database = Database(empty_url)
    with pytest.raises(NoDatabase, match="lacks tables we need; run: billflow migrate"):
        await PostgresOrganizationRepository(database).ensure("nowhere")
    await database.close()


async def test_a_server_that_is_not_there_is_named_with_the_way_out() -> None:
    url = "postgresql://me:secret@127.0.0.1:1/books"
    with pytest.raises(NoDatabase, match=r"books at 127\.0\.0\.1; start it, or correct DATABASE_URL") as refused:
        upgrade.upgrade(url)
    assert "secret" not in str(refused.value)
    database = Database(url)
    with pytest.raises(NoDatabase, match="can't be reached"):
        async with database.unit_of_work(NOWHERE):
            pass
    await database.close()


async def test_a_database_whose_connections_are_all_in_use_may_be_asked_again(store_url: str) -> None:
    database = Database(store_url, pool_size=2, pool_timeout=0.01)
    async with database.unit_of_work(NOWHERE), database.unit_of_work(NOWHERE):
        with pytest.raises(DatabaseBusy, match="All connections to the database are in use"):
            async with database.unit_of_work(NOWHERE):
                pass
    await database.close()


async def test_a_statement_that_takes_too_long_may_be_sent_again(store_url: str) -> None:
    database = Database(store_url, statement_timeout="10ms")
    with pytest.raises(DatabaseBusy, match="took too long"):
        async with database.unit_of_work(NOWHERE) as session:
            await session.execute(text("SELECT pg_sleep(600)"))
    await database.close()


@pytest.mark.parametrize("url", ["", "books", "mysql://localhost/books", "sqlite://"])
def test_a_url_that_names_no_postgresql_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput, match="must look like postgresql://"):
        upgrade.upgrade(url)


async def test_an_organization_from_before_goes_on_selling_what_came_with_billflow(
    empty_url: str, engine: Engine
) -> None:
    upgrade.upgrade(empty_url, "0021")
    org_id = org_id_of("from-before")
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO org (id, slug, name) VALUES (:id, 'from-before', 'Acme')"), {"id": org_id})
    upgrade.upgrade(empty_url)

    database = Database(empty_url)
    found = await PostgresCatalogRepository(database).current(org_id)
    await database.close()

    assert (found.version, len(found.tiers)) == (1, 8)
    assert found.tier("cloud_standard").price(Schedule.MONTHLY, "USD") == 800
