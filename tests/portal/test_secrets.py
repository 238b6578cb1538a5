"""No token of the portal's is anywhere but with whom it is for."""

import asyncio

import httpx

from tests.api_environment import ApiEnvironment
from tests.console.people import Acme
from tests.portal.visitors import token_in
from tests.store.conftest import rows_of


async def test_a_link_asked_for_twice_under_one_key_is_made_twice_and_kept_nowhere(
    env: ApiEnvironment, api: httpx.AsyncClient, acme: Acme, env_database_url: str
) -> None:
    path, key = f"/api/v1/customers/{acme.customer['id']}/portal-links", {"Idempotency-Key": "once"}
    links = [(await api.post(path, json={}, headers=key)).raise_for_status().json() for _ in range(2)]
    rows = str(await asyncio.to_thread(rows_of, env_database_url, env.org_id))

    assert links[0]["id"] != links[1]["id"]
    assert all(one["id"] in rows for one in links)
    assert not [one for one in links if token_in(one) in rows]
