"""What is encrypted opens where it was written: not in another row, another organization or another column."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import select, update
from sqlalchemy.exc import StatementError
from sqlalchemy.ext.asyncio import AsyncSession

from billflow.domain.plan import LicenseManagement
from billflow.errors import InternalError
from billflow.models.contracts.access import Claim, ClaimState, IdempotentResponse
from billflow.models.contracts.addresses import Address
from billflow.models.contracts.customer_resources import ChannelCreate, ProjectCreate, ProjectRef
from billflow.models.contracts.customer_settings import CustomerSettings
from billflow.models.contracts.customers import NewCustomer
from billflow.models.contracts.dry_run import DryRunStatus
from billflow.models.contracts.endpoints import EndpointCreate
from billflow.models.contracts.seat_sources import NewSeatSource, SeatSourceKind
from billflow.models.keyring import CannotDecrypt, Key, Keyring
from billflow.models.tables import Base, CustomerRow, DryRunChunkRow, DryRunRow, InvoiceRow
from billflow.models.tables.sealed import Sealed
from billflow.store.access.idempotency import PostgresIdempotencyRepository
from billflow.store.access.organizations import PostgresOrganizationRepository
from billflow.store.audit.key_rotation import KeyRotation, sealed_columns
from billflow.store.customers.seat_sources import PostgresSeatSourceSettings
from billflow.store.invoices.issue import keep_parties
from billflow.store.session.database import Database
from billflow.store.webhooks.endpoints import PostgresEndpointRepository
from billflow.wiring.store import sell_example
from tests.databases import migrated_database
from tests.sizes import some
from tests.store.conftest import MONTHLY, Company, by, company_of

OLD, NEW = Key.fresh("old"), Key.fresh("new")
BY_HAND = replace(MONTHLY, license_management=LicenseManagement.MANUAL, licenses=2)
COMPANY = {"company": {"tax_id": "DE1", "address": "Kanarienweg 7", "legal_name": "Acme"}}
SEALED = [(table.name, column.name) for table, columns in sealed_columns() for column in columns]
ADDRESSES = ["billing_address", "shipping_address"]


@dataclass
class Vault:
    """A database with two organizations, of which the first has two rows of each kind that has encrypted columns."""

    url: str
    database: Database
    ours: Company
    theirs: Company

    def rows(self, table: str, org_id: str) -> list[str]:
        """Return what tells the rows of a table apart."""
        with psycopg.connect(self.url) as connection:
            found = connection.execute(sql.SQL(ROWS).format(sql.Identifier(table), name_of(table)), [org_id])
            return [str(row[0]) for row in found]

    def move(self, table: str, column: str, source: str, target: str, to: str | None = None) -> None:
        """Put the value that one row stores into another row, as a superuser does, perhaps into another column."""
        places = sql.Identifier(table), sql.Identifier(to or column), sql.Identifier(column), name_of(table)
        with psycopg.connect(self.url) as connection:
            connection.execute("SET LOCAL session_replication_role = replica")
            done = connection.execute(sql.SQL(MOVE).format(*places), {"source": source, "target": target})
            assert done.rowcount == 1

    async def read(self, table: str, column: str, org_id: str, row: str) -> object:
        """Read one value as the application does."""
        columns = Base.metadata.tables[table].c
        name = columns["key" if table == "idempotency_key" else "id"]
        wanted = row if table == "idempotency_key" else UUID(row)
        async with self.database.unit_of_work(org_id) as session:
            return await session.scalar(select(columns[column]).where(name == wanted))


ROWS = "SELECT {1}::text FROM {0} WHERE org_id = %s ORDER BY 1"
MOVE = (
    "UPDATE {0} SET {1} = (SELECT source.{2} FROM {0} source WHERE source.{3}::text = %(source)s)"
    " WHERE {3}::text = %(target)s"
)


def name_of(table: str) -> sql.Identifier:
    """Return the column that tells the rows of a table apart within an organization."""
    return sql.Identifier("key" if table == "idempotency_key" else "id")


@pytest.fixture(scope="module")
async def vault(postgres_url: str) -> AsyncIterator[Vault]:
    """Yield the vault, its rows written with a key."""
    url = await migrated_database(postgres_url, "vault")
    database = Database(url, keyring=Keyring((OLD,)))
    ours, theirs = [
        company_of(database, await PostgresOrganizationRepository(database).ensure(name)) for name in ("ours", "theirs")
    ]
    for company, count in ((ours, 2), (theirs, 1)):
        for _ in range(count):
            await fill(company, database)
    yield Vault(url, database, ours, theirs)
    await database.close()


async def fill(company: Company, database: Database) -> None:
    """Write one row of each kind."""
    settings, address = CustomerSettings.model_validate(COMPANY), Address(street="Kanarienweg 7", country="DE")
    email = f"{uuid4().hex}@acme.example"
    new = NewCustomer(name="Acme", email=email, billing_address=address, shipping_address=address, settings=settings)
    customer = await company.repositories.customers.create(company.org_id, new, by())
    project = await company.repositories.projects.create(
        customer.ref, ProjectCreate(name="Sales", settings=settings), by()
    )
    ref = ProjectRef(org_id=company.org_id, project_id=project.project_id)
    await company.repositories.channels.create(ref, ChannelCreate(name="Mail", settings=settings), by())
    endpoints, asked = PostgresEndpointRepository(database, str), EndpointCreate(url="https://example.com")
    made = await endpoints.create(company.org_id, asked, by())
    await endpoints.rotate_secret(company.org_id, made.record.endpoint_id, timedelta(days=1), by())
    source = NewSeatSource(kind=SeatSourceKind.HTTP, target="https://example.com", customer_id=customer.customer_id)
    await PostgresSeatSourceSettings(database, str).set_source(company.org_id, source, by())
    claim = Claim(key=uuid4().hex, fingerprint=b"same", holder=str(uuid4()))
    answers = PostgresIdempotencyRepository(database)
    assert await answers.claim(company.org_id, claim) is ClaimState.MINE
    await answers.store(company.org_id, claim, IdempotentResponse(status=200, headers={}, body=b"secret"))
    await sell_example(company.repositories.catalogs, company.org_id)
    started = await company.start(company.ask(customer, BY_HAND))
    async with database.unit_of_work(company.org_id) as session:
        invoice = await session.get_one(InvoiceRow, UUID(started.invoices[0].invoice_id))
        await keep_parties(session, invoice)
        await add_dry_run(session, UUID(company.org_id))


async def add_dry_run(session: AsyncSession, org_id: UUID) -> None:
    """Write a dry run that has a file of each kind."""
    run = DryRunRow(
        org_id=org_id,
        key=uuid4().hex,
        asked={},
        change=b"{}",
        status=DryRunStatus.FINISHED,
        created_by="tests",
        kept_until=by().at,
        summary=b"what was found",
    )
    session.add(run)
    await session.flush()
    files = {"facts": b"who owes what", "result": b"what differs"}
    session.add(DryRunChunkRow(org_id=org_id, dry_run_id=run.id, position=0, plans=1, debtors=0, **files))


def test_every_encrypted_column_is_attacked_and_has_a_purpose_of_its_own() -> None:
    types = [column.type for _, columns in sealed_columns() for column in columns]
    assert len(SEALED) == len({column.purpose for column in types if isinstance(column, Sealed)}) >= 9


@pytest.mark.parametrize(("table", "column"), some(4, SEALED), ids=[".".join(one) for one in SEALED])
async def test_a_value_moved_to_another_row_is_refused(vault: Vault, table: str, column: str) -> None:
    source, target = vault.rows(table, vault.ours.org_id)
    before = await vault.read(table, column, vault.ours.org_id, source)
    assert before not in (None, {})

    vault.move(table, column, source, target)

    with pytest.raises(CannotDecrypt):
        await vault.read(table, column, vault.ours.org_id, target)
    assert await vault.read(table, column, vault.ours.org_id, source) == before


@pytest.mark.parametrize(("table", "column"), some(4, SEALED), ids=[".".join(one) for one in SEALED])
async def test_a_value_moved_to_another_organization_is_refused(vault: Vault, table: str, column: str) -> None:
    (source, *_), (target,) = vault.rows(table, vault.ours.org_id), vault.rows(table, vault.theirs.org_id)

    vault.move(table, column, source, target)

    with pytest.raises(CannotDecrypt):
        await vault.read(table, column, vault.theirs.org_id, target)


@pytest.mark.parametrize(
    ("table", "column", "to"), [("customer", *ADDRESSES), ("webhook_endpoint", "secret", "old_secret")]
)
async def test_a_value_moved_to_another_column_of_its_row_is_refused(
    vault: Vault, table: str, column: str, to: str
) -> None:
    source, _ = vault.rows(table, vault.ours.org_id)

    vault.move(table, column, source, source, to)

    with pytest.raises(CannotDecrypt):
        await vault.read(table, to, vault.ours.org_id, source)


async def test_what_was_encrypted_for_its_column_only_is_read_and_after_a_rotation_bound_to_its_row(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = await migrated_database(postgres_url, "older")
    old, both = Database(url, keyring=Keyring((OLD,))), Database(url, keyring=Keyring((NEW, OLD)))
    company = company_of(old, await PostgresOrganizationRepository(old).ensure("older"))
    with monkeypatch.context() as before:
        before.setattr(Sealed, "_binding", lambda self, _: self.older)
        for _ in range(2):
            await fill(company, old)
    vault = Vault(url, both, company, company)
    read = {
        (table, column, row): await vault.read(table, column, company.org_id, row)
        for table, column in SEALED
        for row in vault.rows(table, company.org_id)
    }
    assert all(value not in (None, {}) for value in read.values())

    await KeyRotation(both).run()

    vault.database = Database(url, keyring=Keyring((NEW,)))
    for (table, column, row), value in read.items():
        assert await vault.read(table, column, company.org_id, row) == value
    for table, column in SEALED:
        source, target = vault.rows(table, company.org_id)
        vault.move(table, column, source, target)
        with pytest.raises(CannotDecrypt):
            await vault.read(table, column, company.org_id, target)
    for database in (old, both, vault.database):
        await database.close()


async def test_a_statement_that_does_not_say_which_row_writes_nothing(vault: Vault) -> None:
    with pytest.raises((InternalError, StatementError)):
        async with vault.database.unit_of_work(vault.ours.org_id) as session:
            await session.execute(update(CustomerRow).values(settings=COMPANY))
