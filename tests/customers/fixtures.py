"""Making customers over the API for the tests."""

import secrets
from typing import Any

import httpx
from sqlalchemy import select

from billflow.models.tables import OutboxEvent
from tests.api_environment import ApiEnvironment

Json = dict[str, Any]


async def created(api: httpx.AsyncClient, **more: object) -> Json:
    """Create a customer with an address of its own."""
    body = {"name": "Acme Corporation", "email": f"{secrets.token_hex(6)}@acmecorp.com", **more}
    answer = await api.post("/api/v1/customers", json=body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def at(customer: Json, *path: str) -> str:
    """Return the address of a customer, or of something below it."""
    return "/".join(["/api/v1/customers", customer["id"], *path])


async def events_of(env: ApiEnvironment, customer: Json) -> list[str]:
    """Return the types of the customer's events in order."""
    async with env.engine.database.unit_of_work(env.org_id) as session:
        mine = select(OutboxEvent.type).where(OutboxEvent.customer_id == customer["id"])
        return list(await session.scalars(mine.order_by(OutboxEvent.sequence)))
