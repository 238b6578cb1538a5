"""What belongs to a customer: contacts, billing accounts, projects and channels."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.api_environment import ApiEnvironment
from tests.customers.fixtures import at, created


async def made(api: httpx.AsyncClient, path: str, **body: object) -> dict[str, Any]:
    answer = await api.post(path, json=body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def test_the_sample_contact_of_the_data_model_is_shown_with_its_customer(api: httpx.AsyncClient) -> None:
    customer = await created(api)

    contact = await made(
        api, at(customer, "contacts"), email="einkauf@muster.de", name="Max Mustermann", is_primary=True
    )

    shown = (await api.get(at(customer))).json()["contacts"]
    assert shown == [contact]
    assert (contact["email"], contact["name"], contact["is_primary"]) == ("einkauf@muster.de", "Max Mustermann", True)


async def test_a_new_primary_contact_takes_the_place_of_the_old_one(api: httpx.AsyncClient) -> None:
    customer = await created(api)
    first = await made(api, at(customer, "contacts"), email="a@muster.de", is_primary=True)
    second = await made(api, at(customer, "contacts"), email="b@muster.de", is_primary=True)

    back = await api.patch(at(customer, "contacts", first["id"]), json={"is_primary": True})

    listed = (await api.get(at(customer, "contacts"))).json()
    assert back.json()["is_primary"]
    assert [(row["id"], row["is_primary"]) for row in listed["contacts"]] == [
        (first["id"], True),
        (second["id"], False),
    ]
    assert listed["total"] == 2


async def test_one_contact_is_primary_however_many_want_to_be_at_once(api: httpx.AsyncClient) -> None:
    customer = await created(api)
    asked = [{"email": f"{n}@muster.de", "is_primary": True} for n in range(6)]

    answers = await asyncio.gather(*(api.post(at(customer, "contacts"), json=one) for one in asked))

    assert {answer.status_code for answer in answers} == {201}
    listed = (await api.get(at(customer, "contacts"))).json()["contacts"]
    assert [row["is_primary"] for row in listed] == [True] + 5 * [False]


async def test_a_contact_has_its_address_to_itself_within_its_customer(api: httpx.AsyncClient) -> None:
    customer, other = await created(api), await created(api)
    await made(api, at(customer, "contacts"), email="einkauf@muster.de")

    again = await api.post(at(customer, "contacts"), json={"email": "Einkauf@Muster.de"})

    assert (again.status_code, again.json()["code"]) == (409, "email_taken")
    await made(api, at(other, "contacts"), email="einkauf@muster.de")


async def test_a_contact_is_changed_and_removed(api: httpx.AsyncClient) -> None:
    customer = await created(api)
    contact = await made(api, at(customer, "contacts"), email="einkauf@muster.de")
    path = at(customer, "contacts", contact["id"])

    changed = await api.patch(path, json={"name": "Erika"})
    removed = await api.delete(path)

    assert (changed.json()["name"], changed.json()["email"]) == ("Erika", "einkauf@muster.de")
    assert (removed.status_code, (await api.get(path)).status_code) == (204, 404)


async def test_a_new_default_account_takes_the_place_of_the_old_one(api: httpx.AsyncClient) -> None:
    customer = await created(api, default_currency="EUR")
    first = (await api.get(at(customer, "billing-accounts"))).json()["billing_accounts"][0]

    second = await made(api, at(customer, "billing-accounts"), name="Subsidiary", is_default=True)

    listed = (await api.get(at(customer, "billing-accounts"))).json()["billing_accounts"]
    assert [(row["id"], row["is_default"]) for row in listed] == [(second["id"], True), (first["id"], False)]
    assert (first["currency"], second["currency"]) == ("EUR", "EUR")
    assert (await api.get(at(customer))).json()["billing_account"]["id"] == second["id"]


async def test_there_is_always_a_default_account(api: httpx.AsyncClient) -> None:
    customer = await created(api)
    account = (await api.get(at(customer, "billing-accounts"))).json()["billing_accounts"][0]
    path = at(customer, "billing-accounts", account["id"])

    unmade, removed = await api.patch(path, json={"is_default": False}), await api.delete(path)

    assert (unmade.status_code, unmade.json()["code"]) == (409, "no_default")
    assert (removed.status_code, removed.json()["code"]) == (409, "no_default")


async def test_an_account_that_projects_bill_to_stays(api: httpx.AsyncClient) -> None:
    customer = await created(api)
    account = await made(api, at(customer, "billing-accounts"), name="Subsidiary")
    project = await made(api, at(customer, "projects"), name="Sales", billing_account_id=account["id"])
    path = at(customer, "billing-accounts", account["id"])

    in_use = await api.delete(path)
    await api.delete(at(customer, "projects", project["id"]))

    assert (in_use.status_code, in_use.json()["code"]) == (409, "account_in_use")
    assert (await api.delete(path)).status_code == 204


async def test_a_live_plan_keeps_the_default_account_in_its_currency(
    api: httpx.AsyncClient, env: ApiEnvironment
) -> None:
    customer = {"id": (await env.customer()).customer_id}
    asked = {"customer_id": customer["id"], "tier": "cloud_standard", "schedule": "monthly", "trial_days": 30}
    await api.post("/api/v1/plans", json=asked)
    account = await made(api, at(customer, "billing-accounts"), name="Europe", currency="EUR")

    answer = await api.patch(at(customer, "billing-accounts", account["id"]), json={"is_default": True})

    assert (answer.status_code, answer.json()["code"]) == (409, "live_plan_in_other_currency")


@pytest.mark.full
async def test_a_new_default_account_is_billed_as_a_stripe_customer_of_its_own(
    api: httpx.AsyncClient, env: ApiEnvironment
) -> None:
    customer = {"id": (await env.customer()).customer_id}
    clock = (await api.post("/api/v1/test-clocks", json={"now_at": "2026-01-15T00:00:00Z"})).json()["id"]
    asked = {"customer_id": customer["id"], "test_clock_id": clock, "licenses": 3, "license_management": "manual"}
    await api.post("/api/v1/plans", json={**asked, "tier": "cloud_standard", "schedule": "monthly"})
    await made(api, at(customer, "billing-accounts"), name="Subsidiary", is_default=True)

    await api.post(f"/api/v1/test-clocks/{clock}/advance", json={"to": "2026-02-16T00:00:00Z"})

    subsidiary, first = (await api.get(at(customer, "billing-accounts"))).json()["billing_accounts"]
    invoices = (await api.get("/api/v1/invoices", params={"customer_id": customer["id"]})).json()["invoices"]
    payers = [await _payer(env, invoice["stripe_invoice_id"]) for invoice in invoices]
    assert subsidiary["stripe_customer_id"] != first["stripe_customer_id"]
    assert payers == [subsidiary["stripe_customer_id"], first["stripe_customer_id"]]


async def _payer(env: ApiEnvironment, stripe_invoice_id: str) -> object:
    return (await env.engine.stripe.v1.invoices.retrieve_async(stripe_invoice_id)).customer


async def test_departments_bill_to_one_account_under_names_of_their_own(api: httpx.AsyncClient) -> None:
    customer = await created(api)
    sales = await made(api, at(customer, "projects"), slug="acme-sales", name="Acme - Sales Department")
    support = await made(api, at(customer, "projects"), name="Acme - Customer Support")
    taken = await api.post(at(customer, "projects"), json={"slug": "acme-sales", "name": "Again"})
    twin = await made(api, at(customer, "projects"), name="Acme - Customer Support")

    listed = (await api.get(at(customer, "projects"))).json()

    assert [row["slug"] for row in listed["projects"]][:2] == ["acme-sales", "acme-customer-support"]
    assert twin["slug"].startswith("acme-customer-support-")
    assert sales["billing_account_id"] == support["billing_account_id"]
    assert (taken.status_code, taken.json()["code"]) == (409, "slug_taken")


async def test_a_customer_has_as_many_projects_as_its_settings_allow(api: httpx.AsyncClient) -> None:
    customer = await created(api, settings={"features": {"max_projects": 2}})
    asked = [api.post(at(customer, "projects"), json={"name": f"Project {n}"}) for n in range(5)]

    answers = await asyncio.gather(*asked)
    await api.put(at(customer, "settings"), json={"features": {"max_projects": 3}})

    assert sorted(answer.status_code for answer in answers) == [201, 201, 409, 409, 409]
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"too_many_projects"}
    await made(api, at(customer, "projects"), name="One more")


async def test_projects_and_channels_are_read_only_while_their_customer_is_suspended(api: httpx.AsyncClient) -> None:
    customer = await created(api)
    project = await made(api, at(customer, "projects"), name="Sales")
    channels = f"/api/v1/projects/{project['id']}/channels"
    channel = await made(api, channels, name="web")
    await api.post(at(customer, "suspend"))

    refused = [
        await api.post(at(customer, "projects"), json={"name": "Support"}),
        await api.patch(at(customer, "projects", project["id"]), json={"name": "Sales 2"}),
        await api.delete(at(customer, "projects", project["id"])),
        await api.post(channels, json={"name": "mail"}),
        await api.patch(f"{channels}/{channel['id']}", json={"name": "mail"}),
        await api.delete(f"{channels}/{channel['id']}"),
    ]
    readable = await api.get(at(customer, "projects", project["id"]))
    await api.post(at(customer, "activate"))

    assert {(answer.status_code, answer.json()["code"]) for answer in refused} == {(409, "customer_not_active")}
    assert readable.json()["name"] == "Sales"
    assert (await api.patch(f"{channels}/{channel['id']}", json={"name": "mail"})).json()["name"] == "mail"


async def test_a_project_goes_with_its_channels(api: httpx.AsyncClient) -> None:
    customer = await created(api)
    project = await made(api, at(customer, "projects"), name="Sales")
    channels = f"/api/v1/projects/{project['id']}/channels"
    await made(api, channels, name="web")
    twice = await api.post(channels, json={"name": "web"})

    removed = await api.delete(at(customer, "projects", project["id"]))

    assert (twice.status_code, twice.json()["code"]) == (409, "name_taken")
    assert (removed.status_code, (await api.get(channels)).status_code) == (204, 404)


@pytest.mark.parametrize("noun", ["contacts", "billing-accounts", "projects"])
async def test_a_part_is_found_under_its_own_customer_only(api: httpx.AsyncClient, noun: str) -> None:
    customer, other = await created(api), await created(api)
    bodies = {"contacts": {"email": "a@b.example"}, "billing-accounts": {"name": "Second"}, "projects": {"name": "One"}}
    part = await made(api, at(customer, noun), **bodies[noun])

    strange = [await api.get(at(other, noun, part["id"])), await api.delete(at(other, noun, part["id"]))]
    strange += [await api.get(at(customer, noun, str(uuid4()))), await api.get(at(customer, noun, "x"))]

    assert {answer.status_code for answer in strange} == {404}
    assert (await api.get(at(customer, noun, part["id"]))).status_code == 200
