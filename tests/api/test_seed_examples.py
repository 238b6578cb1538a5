"""The HTTP examples of the seed document on customers, sent and answered as they stand there."""

import re
import secrets
from collections.abc import AsyncIterator
from datetime import datetime

import httpx
import pytest

from billflow.wiring.store import sell_example
from tests.api_environment import ApiEnvironment

ACME = {"name": "Acme Corporation", "email": "admin@acmecorp.com"}
LISTED = ["id", "name", "email", "status", "created_at"]
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
SETTINGS = {
    "company": {"legal_name": "Acme Corporation Inc.", "tax_id": "12-3456789"},
    "features": {"max_projects": 10, "max_users": 50},
}


@pytest.fixture
async def acme(env: ApiEnvironment) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client of an organization in which nobody is a customer yet."""
    org_id = await env.engine.repositories.organizations.ensure(f"seed-{secrets.token_hex(6)}")
    await sell_example(env.engine.repositories.catalogs, org_id)
    async with env.client(await env.key(org_id=org_id)) as client:
        yield client


async def made(acme: httpx.AsyncClient) -> dict[str, str]:
    return dict((await acme.post("/api/v1/customers", json=ACME)).json())


def is_moment(text: str) -> bool:
    return text.endswith("Z") and datetime.fromisoformat(text).tzinfo is not None


async def test_create_customer(acme: httpx.AsyncClient) -> None:
    answer = await acme.post("/api/v1/customers", json=ACME)

    shown = {name: answer.json()[name] for name in LISTED}
    assert answer.status_code == 201
    assert UUID.fullmatch(shown.pop("id"))
    assert is_moment(shown.pop("created_at"))
    assert shown == {**ACME, "status": "active"}


async def test_get_customer(acme: httpx.AsyncClient) -> None:
    customer = await made(acme)
    await acme.put(f"/api/v1/customers/{customer['id']}/settings", json=SETTINGS)

    answer = await acme.get(f"/api/v1/customers/{customer['id']}")

    shown = {name: answer.json()[name] for name in (*LISTED, "settings", "updated_at")}
    assert answer.status_code == 200
    assert is_moment(shown.pop("created_at"))
    assert is_moment(shown.pop("updated_at"))
    assert shown == {"id": customer["id"], **ACME, "status": "active", "settings": SETTINGS}


async def test_update_customer_settings(acme: httpx.AsyncClient) -> None:
    customer = await made(acme)
    asked = {"features": {"max_projects": 20, "max_users": 100}}

    answer = await acme.put(f"/api/v1/customers/{customer['id']}/settings", json=asked)

    assert (answer.status_code, answer.json()) == (200, {"success": True, "settings": asked})


async def test_suspend_customer(acme: httpx.AsyncClient) -> None:
    customer = await made(acme)

    answer = await acme.post(f"/api/v1/customers/{customer['id']}/suspend")

    shown = answer.json()
    assert answer.status_code == 200
    assert is_moment(shown.pop("suspended_at"))
    assert shown == {"success": True, "customer_id": customer["id"], "status": "suspended"}


async def test_activate_customer(acme: httpx.AsyncClient) -> None:
    customer = await made(acme)
    await acme.post(f"/api/v1/customers/{customer['id']}/suspend")

    answer = await acme.post(f"/api/v1/customers/{customer['id']}/activate")

    shown = answer.json()
    assert answer.status_code == 200
    assert is_moment(shown.pop("activated_at"))
    assert shown == {"success": True, "customer_id": customer["id"], "status": "active"}


async def test_list_customers(acme: httpx.AsyncClient) -> None:
    older = await acme.post("/api/v1/customers", json={"name": "TechStart Inc", "email": "admin@techstart.com"})
    await acme.post(f"/api/v1/customers/{older.json()['id']}/suspend")
    newer = await made(acme)

    answer = await acme.get("/api/v1/customers?limit=50&offset=0")

    assert (answer.status_code, answer.json()["total"]) == (200, 2)
    assert [[row[name] for name in LISTED] for row in answer.json()["customers"]] == [
        [newer["id"], "Acme Corporation", "admin@acmecorp.com", "active", newer["created_at"]],
        [older.json()["id"], "TechStart Inc", "admin@techstart.com", "suspended", older.json()["created_at"]],
    ]
