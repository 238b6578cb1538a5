"""Addresses and tax ids: readable by us, by nobody who only has the database; keys change without anyone noticing."""

from uuid import uuid4

import psycopg
import pytest

from billflow.models.contracts.access import Claim, ClaimState, IdempotentResponse
from billflow.models.contracts.addresses import Address
from billflow.models.contracts.customer_settings import CustomerSettings
from billflow.models.contracts.customers import CustomerRecord, NewCustomer
from billflow.models.contracts.endpoints import EndpointCreate
from billflow.models.keyring import CannotDecrypt, Key, Keyring
from billflow.store.access.idempotency import PostgresIdempotencyRepository
from billflow.store.access.organizations import PostgresOrganizationRepository
from billflow.store.audit.key_rotation import KeyRotation
from billflow.store.customers.queries import PostgresCustomerQueries
from billflow.store.session.database import Database
from billflow.store.webhooks.endpoints import PostgresEndpointRepository
from tests.databases import migrated_database
from tests.store.conftest import Company, by, company_of

OLD, NEW = Key.fresh("old"), Key.fresh("new")
STREET, TAX_ID = "Kanarienweg 7", "DE136695976"


async def a_private_customer(company: Company) -> CustomerRecord:
    """Create a customer with everything that is sealed."""
    settings = CustomerSettings.model_validate({"company": {"tax_id": TAX_ID, "size": "small"}, "theme": "dark"})
    address = Address(street=STREET, country="DE")
    new = NewCustomer(name="Acme", email="a@acme.example", billing_address=address, settings=settings)
    return await company.repositories.customers.create(company.org_id, new, by())


def company_with(company: Company, database: Database) -> Company:
    """Return the same organization behind another engine."""
    return company_of(database, company.org_id)


def stored(url: str, customer_id: str) -> str:
    """Return the row as a superuser reads it."""
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT customer::text FROM customer WHERE id = %s", [customer_id]).fetchone()
    assert row is not None
    return str(row[0])


async def test_addresses_and_tax_ids_are_sealed_in_the_row_and_read_as_they_were(
    company: Company, store_url: str
) -> None:
    database = Database(store_url, keyring=Keyring((NEW,)))
    ours = company_with(company, database)
    made = await a_private_customer(ours)

    row = stored(store_url, made.customer_id)
    assert STREET not in row
    assert TAX_ID not in row
    assert '"$sealed": "new:' in row.replace('""', '"')
    assert "small" in row
    read = await ours.queries.customers.get(ours.org_id, made.customer_id)
    assert read == made
    assert read.billing_address == {"street": STREET, "country": "DE"}
    assert read.settings == {"company": {"tax_id": TAX_ID, "size": "small"}, "theme": "dark"}

    with pytest.raises(CannotDecrypt, match="set BILLFLOW_ENCRYPTION_KEYS"):
        await company.queries.customers.get(company.org_id, made.customer_id)
    await database.close()


async def test_after_a_rotation_the_old_key_may_be_thrown_away(postgres_url: str) -> None:
    url = await migrated(postgres_url)
    plain, old = Database(url), Database(url, keyring=Keyring((OLD,)))
    both, new = Database(url, keyring=Keyring((NEW, OLD))), Database(url, keyring=Keyring((NEW,)))
    made = []
    for number, database in enumerate((plain, old)):
        company = company_of(database, await PostgresOrganizationRepository(database).ensure(f"org-{number}"))
        made.append((company.org_id, await a_private_customer(company)))

    await KeyRotation(both).run()

    for org_id, customer in made:
        read = await PostgresCustomerQueries(new).get(org_id, customer.customer_id)
        assert (read.settings, read.billing_address) == (customer.settings, customer.billing_address)
        assert STREET not in stored(url, customer.customer_id)
    for database in (plain, old, both, new):
        await database.close()


async def migrated(postgres_url: str) -> str:
    """Return the URL of a database of one's own, since a rotation goes through all organizations."""
    return await migrated_database(postgres_url, "sealed")


async def test_kept_answers_and_webhook_secrets_are_sealed_and_rotate_too(postgres_url: str) -> None:
    url = await migrated(postgres_url)
    old, both = Database(url, keyring=Keyring((OLD,))), Database(url, keyring=Keyring((NEW, OLD)))
    org_id = await PostgresOrganizationRepository(old).ensure("org")
    made = await PostgresEndpointRepository(old, str).create(org_id, EndpointCreate(url="https://example.com"), by())
    secret = made.secret.get_secret_value()
    claim = Claim(key="once", fingerprint=b"same", holder=str(uuid4()))
    answer = IdempotentResponse(status=201, headers={}, body=secret.encode())
    assert await PostgresIdempotencyRepository(old).claim(org_id, claim) is ClaimState.MINE
    await PostgresIdempotencyRepository(old).store(org_id, claim, answer)

    assert await KeyRotation(both).run() == 2

    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT secret, (SELECT body FROM idempotency_key) FROM webhook_endpoint").fetchall()
    ((sealed, body),) = rows
    assert str(sealed).startswith("sealed:new:")
    assert bytes(body).startswith(b"sealed:new:")
    assert secret not in str(sealed)
    assert secret.encode() not in bytes(body)
    new = Database(url, keyring=Keyring((NEW,)))
    assert await PostgresIdempotencyRepository(new).claim(org_id, claim) == answer
    for database in (old, both, new):
        await database.close()
