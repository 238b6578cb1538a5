"""Seats over HTTP: by the customer's id and by its deployment's, of now where no moment is named."""

from datetime import UTC, datetime, timedelta

import httpx

from tests.api.test_plans import MONTHLY
from tests.api_environment import ApiEnvironment

CLOCK = "2026-01-31T00:00:00Z"


async def test_what_is_reported_of_a_customer_is_its_deployments(api: httpx.AsyncClient, env: ApiEnvironment) -> None:
    customer = await env.customer(card=None)
    by_customer = f"/api/v1/customers/{customer.customer_id}/seats"
    by_deployment = f"/api/v1/deployments/{customer.deployment_id}/seats"

    before = datetime.now(UTC)
    reported = await api.post(by_customer, json={"members": 7, "guests": 2})
    earlier = {"observed_at": (before - timedelta(days=1)).isoformat(), "members": 5}
    also = await api.post(by_deployment, json=[earlier, {"members": 8}])

    assert (reported.status_code, reported.json()) == (201, {"received": 1, "new": 1})
    assert (also.status_code, also.json()) == (201, {"received": 2, "new": 2})
    for name in ("", "/members", "/can-add"):
        assert (await api.get(by_customer + name)).json() == (await api.get(by_deployment + name)).json()
    seats = (await api.get(by_customer)).json()["seats"]
    assert [row["members"] for row in seats] == [5, 7, 8]
    assert before <= datetime.fromisoformat(seats[1]["observed_at"]) <= datetime.now(UTC)


async def test_now_is_where_the_test_clock_of_the_plan_stands(api: httpx.AsyncClient, env: ApiEnvironment) -> None:
    customer = await env.customer()
    clock = (await api.post("/api/v1/test-clocks", json={"now_at": CLOCK})).json()["id"]
    asked = {**MONTHLY, "customer_id": customer.customer_id, "test_clock_id": clock}
    (await api.post("/api/v1/plans", json=asked)).raise_for_status()
    path = f"/api/v1/customers/{customer.customer_id}/seats"

    (await api.post(path, json={"members": 3})).raise_for_status()

    assert [row["observed_at"] for row in (await api.get(path)).json()["seats"]] == [CLOCK]


async def test_a_customer_or_deployment_that_is_not_there_has_no_seats(api: httpx.AsyncClient) -> None:
    for whose in ("customers", "deployments"):
        for name in ("", "/members", "/can-add"):
            assert (await api.get(f"/api/v1/{whose}/7/seats{name}")).status_code == 404
        assert (await api.post(f"/api/v1/{whose}/7/seats", json={"members": 3})).status_code == 404
