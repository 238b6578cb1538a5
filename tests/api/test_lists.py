"""Every list goes on where its last part ended, by the cursor that came with it."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import pytest

from tests.api.test_plans import MONTHLY
from tests.api_environment import ApiEnvironment
from tests.sizes import some


async def read_in_parts(client: httpx.AsyncClient, path: str, limit: int) -> tuple[list[dict[str, object]], set[int]]:
    """Return all rows of a list, read *limit* at a time, and the totals that its parts named."""
    noun = path.rpartition("/")[2].replace("-", "_")
    rows: list[dict[str, object]] = []
    totals: set[int] = set()
    after: str | None = None
    while True:
        params: dict[str, str | int] = {"limit": limit, **({"after": after} if after else {})}
        part = (await client.get(path, params=params)).raise_for_status().json()
        assert len(part[noun]) <= limit
        rows += part[noun]
        totals.add(part["total"])
        if (after := part["next"]) is None:
            return rows, totals


@pytest.fixture(scope="module")
async def lists(env: ApiEnvironment) -> dict[str, str]:
    """Return the lists of a customer with a few of everything, by their last part."""
    customer = await env.customer()
    base = f"/api/v1/customers/{customer.customer_id}"
    seats = f"/api/v1/deployments/{customer.deployment_id}/seats"
    begin = datetime.now(UTC) - timedelta(days=5)
    async with env.client(await env.key()) as client:
        for n in range(3):
            await client.post(f"{base}/contacts", json={"email": f"{n}@list.example"})
            await client.post(f"{base}/projects", json={"name": f"List {n}"})
            await client.post(f"{base}/billing-accounts", json={"name": f"List {n}"})
            observed = {"observed_at": (begin + timedelta(hours=n)).isoformat(), "members": 3 + n}
            await client.post(seats, json=observed)
        project = (await client.get(f"{base}/projects")).json()["projects"][0]
        for n in range(3):
            await client.post(f"/api/v1/projects/{project['id']}/channels", json={"name": f"List {n}"})
        manual = {"license_management": "manual", "licenses": 5, "customer_id": customer.customer_id}
        started = await client.post("/api/v1/plans", json={**MONTHLY, **manual})
        plan = f"/api/v1/plans/{started.json()['plan']['id']}"
        for licenses in (6, 7, 8):
            command = {"type": "set_licenses", "licenses": licenses}
            (await client.post(f"{plan}/commands", json=command)).raise_for_status()
    return {
        **{noun: f"{base}/{noun}" for noun in ("contacts", "projects", "billing-accounts")},
        **{noun: f"{plan}/{noun}" for noun in ("ledger", "timeline")},
        "seats": seats,
        "channels": f"/api/v1/projects/{project['id']}/channels",
    }


NOUNS = ["contacts", "projects", "billing-accounts", "ledger", "timeline", "seats", "channels"]


@pytest.mark.parametrize("noun", NOUNS)
async def test_the_parts_of_a_list_are_the_list(api: httpx.AsyncClient, lists: dict[str, str], noun: str) -> None:
    whole, _ = await read_in_parts(api, lists[noun], 100)

    parts, totals = await read_in_parts(api, lists[noun], 2)

    assert len(whole) > 2
    assert parts == whole
    assert totals == {len(whole)}


async def test_what_is_added_meanwhile_moves_nothing_that_was_read(env: ApiEnvironment, api: httpx.AsyncClient) -> None:
    customer = await env.customer(card=None)
    contacts = f"/api/v1/customers/{customer.customer_id}/contacts"
    for name in "abc":
        await api.post(contacts, json={"email": f"{name}@list.example"})
    first = (await api.get(contacts, params={"limit": 2})).json()

    await api.post(contacts, json={"email": "z@list.example", "is_primary": True})
    second = (await api.get(contacts, params={"limit": 2, "after": first["next"]})).json()

    assert [row["email"][0] for row in (*first["contacts"], *second["contacts"])] == ["a", "b", "c"]


@pytest.mark.parametrize("cursor", some(2, ["7", "%25", "bm90aGluZw==", "ä", "0a4bd8e2c1f34a0d9d6b1c2e5f708192"]))
@pytest.mark.parametrize("noun", NOUNS)
async def test_a_cursor_of_nothing_is_named(
    api: httpx.AsyncClient, lists: dict[str, str], noun: str, cursor: str
) -> None:
    answer = await api.get(f"{lists[noun]}?after={cursor}")

    assert (answer.status_code, answer.json()["code"]) == (422, "bad_cursor")
    assert [error["field"] for error in answer.json()["errors"]] == ["after"]


async def test_test_clocks_are_listed_the_newest_first(env: ApiEnvironment) -> None:
    org_id = await env.engine.repositories.organizations.ensure(f"clocks-{uuid4().hex[:8]}")
    async with env.client(await env.key(org_id=org_id)) as client:
        made = [
            (await client.post("/api/v1/test-clocks", json={"now_at": f"2026-0{n}-01T00:00:00Z"})).json()["id"]
            for n in (1, 2, 3)
        ]

        listed, totals = await read_in_parts(client, "/api/v1/test-clocks", 2)

    assert [row["id"] for row in listed] == made[::-1]
    assert totals == {3}
