"""What the database itself holds of customers: rules, cascades, touched rows, and indexes for what is looked up."""

from collections.abc import Callable
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import Executable, delete, func, select, text, update
from sqlalchemy.exc import IntegrityError, ProgrammingError

from billflow.models.tables import ChannelRow, CustomerContact, CustomerRow, Org, ProjectRow, Realm, RemoteServer
from tests.api_environment import ApiEnvironment
from tests.customers.fixtures import Json, at, created

INDEXES = {
    "uq_customer_email",
    "uq_customer_erp_customer_number",
    "uq_customer_realm_id",
    "uq_customer_remote_realm_id",
    "uq_customer_remote_server_id",
    "ix_invoice_org_id_number_key",
    "pk_customer_search_term",
    "ix_customer_org_id_status",
    "ix_customer_org_id_created_at",
    "ix_customer_contact_org_id_email_key",
    "uq_customer_contact_customer_id_email_key",
    "uq_customer_contact_primary",
    "uq_billing_account_default",
    "uq_billing_account_stripe_customer_id",
    "ix_customer_plan_org_id_status_next_invoice_date",
}


async def test_what_is_looked_up_has_an_index(env: ApiEnvironment) -> None:
    async with env.engine.database.unit_of_work(env.org_id) as session:
        found = await session.scalars(text("SELECT indexname FROM pg_indexes WHERE schemaname = 'public'"))
        assert set(found) >= INDEXES


async def test_a_change_touches_its_row(api: httpx.AsyncClient, env: ApiEnvironment) -> None:
    customer = await created(api)
    await api.post(at(customer, "contacts"), json={"email": "a@b.example"})
    for table, column in ((CustomerRow, CustomerRow.id), (CustomerContact, CustomerContact.customer_id)):
        mine = column == UUID(customer["id"])
        async with env.engine.database.unit_of_work(env.org_id) as session:
            before = (await session.scalars(select(table.updated_at).where(mine))).one()
            await session.execute(update(table).where(mine).values(name="Other"))
        async with env.engine.database.unit_of_work(env.org_id) as session:
            assert (await session.scalars(select(table.updated_at).where(mine))).one() > before


def _row(**more: object) -> dict[str, object]:
    return {"id": uuid4(), "name": "Acme", "email": f"{uuid4().hex}@acme.example", **more}


BAD: dict[str, Callable[[UUID, UUID], dict[str, object]]] = {
    "one_deployment": lambda _realm, _server: _row(),
    "one_deployment of two": lambda realm, server: _row(realm_id=realm, remote_server_id=server),
    "has_name": lambda realm, _: _row(realm_id=realm, name="  "),
    "has_email": lambda realm, _: _row(realm_id=realm, email="nobody"),
    "suspended_since_when": lambda realm, _: _row(realm_id=realm, status="suspended"),
    "default_currency_is_iso_4217": lambda realm, _: _row(realm_id=realm, default_currency="euro"),
    "discounts_not_negative": lambda realm, _: _row(realm_id=realm, flat_discount=-1),
    "minimum_licenses_positive": lambda realm, _: _row(realm_id=realm, minimum_licenses=0),
}


@pytest.mark.parametrize("rule", BAD)
async def test_the_database_refuses_a_customer_that_breaks_a_rule(env: ApiEnvironment, rule: str) -> None:
    with pytest.raises(IntegrityError, match=f"ck_customer_{rule.partition(' ')[0]}"):
        await _written(env, rule)


async def _written(env: ApiEnvironment, rule: str) -> None:
    org, realm, server = UUID(env.org_id), uuid4(), uuid4()
    async with env.engine.database.unit_of_work(env.org_id) as session:
        session.add(Realm(id=realm, org_id=org, string_id=realm.hex, name="Acme"))
        session.add(RemoteServer(id=server, org_id=org, uuid=uuid4(), hostname="chat.acme.example"))
        await session.flush()
        session.add(CustomerRow(org_id=org, **BAD[rule](realm, server)))


async def test_channels_go_with_their_project_and_nothing_goes_by_mistake(
    api: httpx.AsyncClient, env: ApiEnvironment
) -> None:
    customer = await created(api)
    project = (await api.post(at(customer, "projects"), json={"name": "Sales"})).json()
    await api.post(f"/api/v1/projects/{project['id']}/channels", json={"name": "web"})

    await _refused(env, delete(CustomerRow).where(CustomerRow.id == UUID(customer["id"])))
    await _refused(env, delete(Org).where(Org.id == UUID(env.org_id)))
    async with env.engine.database.unit_of_work(env.org_id) as session:
        await session.execute(delete(ProjectRow).where(ProjectRow.id == UUID(project["id"])))
        left = select(func.count()).where(ChannelRow.project_id == UUID(project["id"]))
        assert await session.scalar(left) == 0


async def _refused(env: ApiEnvironment, statement: Executable) -> None:
    with pytest.raises((IntegrityError, ProgrammingError), match=r"foreign key|permission denied"):
        await _executed(env, statement)


async def _executed(env: ApiEnvironment, statement: Executable) -> None:
    async with env.engine.database.unit_of_work(env.org_id) as session:
        await session.execute(statement)


async def test_the_names_of_a_deleted_customer_stay_on_its_invoices(
    api: httpx.AsyncClient, env: ApiEnvironment
) -> None:
    customer: Json = await created(api)
    await api.delete(at(customer))

    async with env.engine.database.unit_of_work(env.org_id) as session:
        kept = await session.get_one(CustomerRow, UUID(customer["id"]))
        assert (kept.name, kept.deleted_at is None) == (customer["name"], False)
