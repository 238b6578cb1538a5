"""A customer's life over the API: created, found, changed, suspended, closed, deleted."""

import asyncio
from uuid import uuid4

import httpx
import pytest

from billflow.temporal.ids import collection_workflow_id
from tests.api_environment import ApiEnvironment
from tests.customers.fixtures import at, created, events_of

MUSTER = {
    "name": "Muster GmbH",
    "default_currency": "EUR",
    "default_language": "de-DE",
    "billing_address": {
        "street": "Musterstraße 1",
        "city": "München",
        "postal_code": "80331",
        "country": "DE",
    },
}
MONTHLY = {"tier": "cloud_standard", "schedule": "monthly", "license_management": "manual", "licenses": 3}


async def test_the_sample_customer_of_the_data_model_is_kept_as_it_was_given(api: httpx.AsyncClient) -> None:
    number = uuid4().hex[:12]
    customer = await created(api, **MUSTER, erp_customer_number=number, metadata={"segment": "smb"})

    shown = (await api.get(at(customer))).json()

    assert {name: shown[name] for name in MUSTER} == MUSTER
    assert (shown["erp_customer_number"], shown["metadata"]) == (number, {"segment": "smb"})
    assert (shown["shipping_address"], shown["contacts"]) == (None, [])


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": None}, "name"),
        ({"name": "x" * 501}, "name"),
        ({"email": "nobody"}, "email"),
        ({"default_currency": "EURO"}, "default_currency"),
        ({"default_language": "xx-YY"}, "default_language"),
        ({"default_language": "german"}, "default_language"),
        ({"billing_address": {"country": "UK"}}, "billing_address.country"),
        ({"shipping_address": {"planet": "Earth"}}, "shipping_address.planet"),
        ({"erp_customer_number": "1" * 101}, "erp_customer_number"),
        ({"metadata": ["a"]}, "metadata"),
        ({"metadata": {"blob": "x" * 70_000}}, "metadata"),
        ({"settings": {"features": {"max_projects": -1}}}, "settings.features.max_projects"),
        ({"surprise": 1}, "surprise"),
    ],
    ids=str,
)
async def test_a_wrong_field_is_named_and_nothing_is_created(
    api: httpx.AsyncClient, bad: dict[str, object], field: str
) -> None:
    email = f"{uuid4().hex}@acme.example"

    answer = await api.post("/api/v1/customers", json={"name": "Acme", "email": email, **bad})

    assert answer.status_code == 422, answer.text
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert (await api.get("/api/v1/customers", params={"email": email})).json()["total"] == 0


async def test_every_wrong_field_is_named_at_once(api: httpx.AsyncClient) -> None:
    answer = await api.post("/api/v1/customers", json={"default_currency": "XYZ", "billing_address": {"country": "1"}})

    named = {error["field"] for error in answer.json()["errors"]}
    assert named == {"name", "email", "default_currency", "billing_address.country"}


async def test_codes_are_kept_in_their_usual_spelling(api: httpx.AsyncClient) -> None:
    given = {"default_currency": "chf", "default_language": "FR-ch", "billing_address": {"country": "ch"}}

    customer = await created(api, **given)

    assert (customer["default_currency"], customer["default_language"]) == ("CHF", "fr-CH")
    assert customer["billing_address"] == {"country": "CH"}


async def test_a_customer_is_found_by_whatever_names_it(api: httpx.AsyncClient) -> None:
    slug, number = f"acme-{uuid4().hex[:8]}", uuid4().hex[:10]
    server, realm = str(uuid4()), str(uuid4())
    in_the_cloud = await created(api, realm=slug, erp_customer_number=number)
    on_a_server = await created(api, remote_server={"uuid": server, "hostname": "chat.acme.example"})
    on_a_realm = await created(api, remote_realm={"uuid": realm, "host": "chat.acme.example"})

    async def found(**wanted: str) -> list[str]:
        answer = (await api.get("/api/v1/customers", params=wanted)).json()
        assert answer["total"] == len(answer["customers"])
        return [row["id"] for row in answer["customers"]]

    assert await found(realm=slug) == await found(erp_customer_number=number) == [in_the_cloud["id"]]
    assert await found(email=in_the_cloud["email"].upper()) == [in_the_cloud["id"]]
    assert await found(remote_server=server) == [on_a_server["id"]]
    assert await found(remote_realm=realm) == [on_a_realm["id"]]
    assert await found(remote_realm=server) == []


async def test_a_customer_runs_on_one_deployment(api: httpx.AsyncClient) -> None:
    both = {"realm": "acme", "remote_server": {"uuid": str(uuid4()), "hostname": "chat.acme.example"}}

    answer = await api.post("/api/v1/customers", json={"name": "Acme", "email": "two@acme.example", **both})

    assert answer.status_code == 422
    assert "one deployment" in answer.json()["detail"]


async def test_an_update_changes_what_it_names_and_nothing_else(api: httpx.AsyncClient, env: ApiEnvironment) -> None:
    customer = await created(api, **MUSTER, metadata={"crm": "7", "old": 1})
    change = {"name": "Muster AG", "billing_address": None, "metadata": {"old": None, "new": [1]}}

    changed = await api.patch(at(customer), json=change)
    again = await api.patch(at(customer), json=change)

    shown = changed.json()
    assert changed.status_code == 200
    assert (shown["name"], shown["billing_address"]) == ("Muster AG", None)
    assert shown["metadata"] == {"crm": "7", "new": [1]}
    assert (shown["email"], shown["default_language"]) == (customer["email"], "de-DE")
    assert shown["updated_at"] > customer["updated_at"]
    assert again.json()["updated_at"] == shown["updated_at"]
    assert await events_of(env, customer) == ["customer.created", "customer.updated"]


@pytest.mark.parametrize("bad", [{"name": None}, {"email": None}, {"default_currency": None}, {"status": "active"}])
async def test_what_must_be_there_cannot_be_taken_away(api: httpx.AsyncClient, bad: dict[str, object]) -> None:
    customer = await created(api)

    answer = await api.patch(at(customer), json=bad)

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, next(iter(bad)))


async def test_an_update_cannot_take_another_customers_email_whatever_its_case(api: httpx.AsyncClient) -> None:
    first, second = await created(api), await created(api)

    answer = await api.patch(at(second), json={"email": first["email"].upper()})

    assert (answer.status_code, answer.json()["code"]) == (409, "email_taken")
    assert (await api.get(at(second))).json()["email"] == second["email"]


async def test_updates_at_once_are_both_kept(api: httpx.AsyncClient) -> None:
    customer = await created(api)

    await asyncio.gather(*(api.patch(at(customer), json={"metadata": {f"k{n}": n}}) for n in range(8)))

    assert (await api.get(at(customer))).json()["metadata"] == {f"k{n}": n for n in range(8)}


async def test_each_turn_of_the_status_is_told_once(api: httpx.AsyncClient, env: ApiEnvironment) -> None:
    customer = await created(api)
    turns = ("suspend", "suspend", "activate", "deactivate", "activate")

    statuses = [(await api.post(at(customer, turn), json={"reason": "test"})).json()["status"] for turn in turns]

    assert statuses == ["suspended", "suspended", "active", "inactive", "active"]
    assert await events_of(env, customer) == [
        "customer.created",
        "customer.suspended",
        "customer.activated",
        "customer.deactivated",
        "customer.activated",
    ]


async def test_a_closed_account_cannot_be_suspended(api: httpx.AsyncClient) -> None:
    customer = await created(api)
    await api.post(at(customer, "deactivate"))

    answer = await api.post(at(customer, "suspend"))

    assert (answer.status_code, answer.json()["code"]) == (409, "customer_not_active")


async def test_a_deleted_customer_is_gone_and_frees_its_email(api: httpx.AsyncClient, env: ApiEnvironment) -> None:
    customer = await created(api)
    await api.post(at(customer, "contacts"), json={"email": "einkauf@muster.de"})
    await api.post(at(customer, "projects"), json={"name": "Sales"})

    deleted = await api.delete(at(customer))

    assert (deleted.status_code, deleted.content) == (204, b"")
    assert (await api.get(at(customer))).status_code == 404
    assert (await api.get(at(customer, "contacts"))).status_code == 404
    assert (await api.get("/api/v1/customers", params={"email": customer["email"]})).json()["total"] == 0
    assert (await events_of(env, customer))[-1] == "customer.deleted"
    await created(api, email=customer["email"])


async def test_deletion_waits_for_plans_and_open_invoices_and_keeps_the_money_rows(
    api: httpx.AsyncClient, env: ApiEnvironment
) -> None:
    customer = await env.customer(card=None)
    path = f"/api/v1/customers/{customer.customer_id}"
    asked = {**MONTHLY, "customer_id": customer.customer_id, "collection_method": "send_invoice", "licenses": 30}
    plan = (await api.post("/api/v1/plans", json=asked)).json()["plan"]

    with_a_purchase = await api.delete(path)
    await api.post(f"/api/v1/plans/{plan['id']}/commands", json={"type": "end_now", "void_open_invoices": True})
    deleted = await api.delete(path)

    assert (with_a_purchase.status_code, with_a_purchase.json()["code"]) == (409, "live_plan")
    assert deleted.status_code == 204, deleted.text
    invoices = (await api.get("/api/v1/invoices", params={"plan_id": plan["id"]})).json()["invoices"]
    assert [(invoice["status"], invoice["total"]) for invoice in invoices] == [("void", 30 * 800)]
    collection = env.engine.client.get_workflow_handle(collection_workflow_id(invoices[0]["id"]))
    assert await collection.result() == "void"


async def test_deletion_waits_for_an_open_invoice(api: httpx.AsyncClient, env: ApiEnvironment) -> None:
    customer = await env.customer(card=None)
    asked = {
        "tier": "cloud_standard",
        "schedule": "monthly",
        "trial_days": 30,
        "licenses": 30,
        "license_management": "manual",
    }
    started = await api.post(
        "/api/v1/plans", json={**asked, "customer_id": customer.customer_id, "collection_method": "send_invoice"}
    )
    await api.post(f"/api/v1/plans/{started.json()['plan']['id']}/commands", json={"type": "end_now"})
    open_ones = (await api.get("/api/v1/invoices", params={"customer_id": customer.customer_id})).json()["invoices"]

    answer = await api.delete(f"/api/v1/customers/{customer.customer_id}")

    assert [invoice["status"] for invoice in open_ones] in (["open"], ["draft"])
    assert (answer.status_code, answer.json()["code"]) == (409, "open_invoice")
