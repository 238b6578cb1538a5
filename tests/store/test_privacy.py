"""A customer that is erased is nowhere to be read any more, and the records, the audit chain and the ledger stay."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import sql

from billflow.domain.errors import Refused
from billflow.models.contracts.addresses import Address
from billflow.models.contracts.audit import AuditFilter
from billflow.models.contracts.coupons import CouponAttach, CouponCreate
from billflow.models.contracts.customer_settings import CustomerSettings
from billflow.models.contracts.customers import CustomerPricing, CustomerRecord, NewCustomer
from billflow.models.contracts.endpoints import EventFilter
from billflow.models.contracts.records import Paging
from billflow.models.tables import Base
from billflow.store.audit.erasure import PostgresPersonalDataRepository
from billflow.store.audit.personal_data import WITHHELD
from billflow.store.audit.queries import PostgresAuditQueries
from billflow.store.audit.recorder import Recorder
from billflow.store.session.database import Database
from billflow.store.webhooks.outbox import PostgresOutboxRepository
from billflow.telemetry.damaged import damaged_values
from tests.databases import NOBODYS
from tests.store.conftest import BEGIN, Company, by

CANARY = "Kanarienvogel"
EMAIL = "canary@kanarienvogel.example"


async def canary(company: Company, email: str = EMAIL) -> CustomerRecord:
    """Create a customer that is easily found."""
    new = NewCustomer(
        name=f"{CANARY} GmbH",
        email=email,
        billing_address=Address(street=f"{CANARY}weg 7", country="DE"),
        metadata={"contact": CANARY},
    )
    return await company.repositories.customers.create(company.org_id, new, by())


def found(url: str, org_id: str, text: str) -> list[str]:
    """Return the tables in which a superuser finds a text, whatever its case, among one organization's rows."""
    query = sql.SQL("SELECT count(*) FROM {} t WHERE {} = %s AND t::text ILIKE %s")
    with psycopg.connect(url) as connection:
        return [
            name
            for name in sorted(Base.metadata.tables.keys() - {NOBODYS})
            if connection.execute(
                query.format(sql.Identifier(name), sql.Identifier("id" if name == "org" else "org_id")),
                [org_id, f"%{text}%"],
            ).fetchone()
            != (0,)
        ]


async def test_history_holds_a_person_sealed_and_reads_as_it_was_written(
    company: Company, database: Database, store_url: str
) -> None:
    customer = await canary(company)

    assert set(found(store_url, company.org_id, CANARY)) <= {"customer", "customer_search_term", "realm"}
    (event,) = (await PostgresOutboxRepository(database).list(company.org_id, EventFilter(), Paging())).rows
    assert event.data["name"] == customer.name
    made = AuditFilter(action="customer.created")
    (entry,) = (await PostgresAuditQueries(database).list(company.org_id, made, Paging())).rows
    assert entry.after is not None
    assert (entry.after["name"], entry.after["billing_address"]["street"]) == (customer.name, f"{CANARY}weg 7")


async def test_an_erased_customer_is_nowhere_and_its_invoices_stay(
    company: Company, database: Database, store_url: str
) -> None:
    customer, privacy = await canary(company), PostgresPersonalDataRepository(database)
    ref = customer.ref
    await company.repositories.customers.set_pricing(customer.ref, CustomerPricing(), by())

    erasure = await privacy.erase(ref, by("ada", BEGIN))

    assert found(store_url, company.org_id, CANARY) == []
    assert found(store_url, company.org_id, EMAIL) == []
    assert erasure.erased_at == BEGIN
    erased = await company.queries.customers.get(company.org_id, customer.customer_id)
    assert (erased.name, erased.status, erased.billing_address) == ("Erased customer", "inactive", None)
    audit = PostgresAuditQueries(database)
    assert (await audit.verify(company.org_id)).faults == ()
    entries = (await audit.list(company.org_id, AuditFilter(action="customer.created"), Paging())).rows
    assert entries[0].after is not None
    assert entries[0].after["name"] == "[erased]"
    (entry,) = (await audit.list(company.org_id, AuditFilter(action="customer.erased"), Paging())).rows
    assert entry.actor == "ada"

    again = await privacy.erase(ref, by("bob", BEGIN + timedelta(days=1)))
    assert again == erasure


async def test_the_same_person_may_come_back_as_somebody_new(company: Company, database: Database) -> None:
    customer = await canary(company)
    ref = customer.ref
    await PostgresPersonalDataRepository(database).erase(ref, by())
    assert (await canary(company)).customer_id != customer.customer_id


async def test_a_customer_that_still_has_to_pay_is_not_forgotten(company: Company, database: Database) -> None:
    customer = await company.customer()
    await company.seats(customer, BEGIN - timedelta(days=1), 12)
    await company.bought(customer)
    ref = customer.ref
    with pytest.raises(Refused, match="live plan"):
        await PostgresPersonalDataRepository(database).erase(ref, by())
    assert (await company.queries.customers.get(company.org_id, customer.customer_id)).email == customer.email


async def test_an_export_holds_everything_that_names_the_customer_and_no_key(
    company: Company, database: Database
) -> None:
    customer = await canary(company)
    await company.seats(customer, BEGIN - timedelta(days=1), 12)
    await company.bought(customer)
    ref = customer.ref

    export = await PostgresPersonalDataRepository(database).export(ref, by("ada"))

    rows = export.records
    assert rows["customer"][0]["billing_address"]["street"] == f"{CANARY}weg 7"
    assert [len(rows[name]) for name in ("billing_account", "customer_plan", "invoice", "deployment")] == [1, 1, 1, 1]
    assert rows["event"][0]["data"]["email"] == EMAIL
    assert rows["audit"][0]["after"]["name"] == customer.name
    assert "customer_key" not in rows
    exported = AuditFilter(action="customer.exported")
    (entry,) = (await PostgresAuditQueries(database).list(company.org_id, exported, Paging())).rows
    assert (entry.actor, entry.subject_id) == ("ada", customer.customer_id)


def counted() -> float:
    """Return how many damaged values this process has seen."""
    return next(sample.value for metric in damaged_values().collect() for sample in metric.samples)


POISON: dict[str, Any] = {
    "x": {"$personal": 5},
    "y": {"$sealed": "nobody"},
    "z": [{"$personal": "new:abc"}, {"$sealed": {"plain": 1}}],
}


async def test_what_a_client_writes_is_never_taken_for_what_was_sealed(company: Company, database: Database) -> None:
    customer = await canary(company)
    settings = CustomerSettings.model_validate({**POISON, "company": {"address": {"$sealed": "nobody"}}})

    await company.repositories.settings.merge(customer.ref, settings, by())

    read = await company.queries.customers.get(company.org_id, customer.customer_id)
    assert read.settings == settings.given()
    newest, *_ = (await PostgresOutboxRepository(database).list(company.org_id, EventFilter(), Paging())).rows
    assert newest.data["settings"] == settings.given()
    await PostgresAuditQueries(database).list(company.org_id, AuditFilter(), Paging())
    await PostgresPersonalDataRepository(database).export(customer.ref, by())


async def test_one_damaged_key_or_value_is_shown_as_damaged_counted_and_hides_nothing_else(
    company: Company, database: Database, store_url: str
) -> None:
    damaged, whole = await canary(company), await canary(company, f"second-{EMAIL}")
    with psycopg.connect(store_url) as connection:
        change = "UPDATE customer_key SET secret = 'sealed:gone:AAAA' WHERE customer_id = %s"
        connection.execute(change, [damaged.customer_id])
    before = counted()

    events = (await PostgresOutboxRepository(database).list(company.org_id, EventFilter(), Paging())).rows

    names = {event.customer_id: event.data["name"] for event in events}
    assert names == {damaged.customer_id: "[damaged]", whole.customer_id: whole.name}
    assert counted() > before


async def test_a_text_about_nobody_known_is_not_written_at_all(company: Company, store_url: str) -> None:
    async with company.database.unit_of_work(company.org_id) as session:
        recorder = Recorder(session, UUID(company.org_id), BEGIN)
        recorder.audit("plan.changed", ("plan", uuid4()), after={"reason": CANARY, "licenses": 7})
        recorder.audit("api_key.created", ("api_key", uuid4()), after={"name": "backend"})

    assert found(store_url, company.org_id, CANARY) == []
    assert found(store_url, company.org_id, WITHHELD) == ["audit_log"]
    assert found(store_url, company.org_id, "backend") == ["audit_log"]


async def test_why_a_coupon_was_attached_is_forgotten_with_its_customer(
    company: Company, database: Database, store_url: str
) -> None:
    customer, coupons = await canary(company), company.repositories.coupons
    await coupons.create(company.org_id, CouponCreate(code="SORRY10", percent_off=Decimal(10)), by())
    asked = CouponAttach(coupon="SORRY10", reason=f"{CANARY} was ill")
    await coupons.attach(customer.ref, asked, by())

    await PostgresPersonalDataRepository(database).erase(customer.ref, by())

    assert found(store_url, company.org_id, CANARY) == []
    assert [one.code for one in await coupons.of_customer(customer.ref)] == ["SORRY10"]
