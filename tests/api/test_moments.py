"""Moments that come from outside have bounds: nothing is seen before it happens, and nobody looks ahead for ever."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.api_environment import ApiEnvironment
from tests.customers.fixtures import at, created

BEGIN = "2027-01-10T10:00:00Z"


async def report(api: httpx.AsyncClient, customer: dict[str, str], moment: str, members: int) -> httpx.Response:
    path = f"/api/v1/deployments/{customer['deployment_id']}/seats"
    return await api.post(path, json=[{"observed_at": moment, "members": members}])


@pytest.mark.full
async def test_seats_of_the_future_are_refused_by_the_plans_own_clock(
    api: httpx.AsyncClient, env: ApiEnvironment
) -> None:
    customer = await created(api)
    await env.give_card(customer["id"])
    clock = (await api.post("/api/v1/test-clocks", json={"now_at": BEGIN})).json()["id"]
    first = await report(api, customer, BEGIN, 3)
    asked = {"tier": "cloud_standard", "schedule": "monthly", "customer_id": customer["id"], "test_clock_id": clock}
    assert (await api.post("/api/v1/plans", json=asked)).status_code == 201

    early = await report(api, customer, "2030-01-01T00:00:00Z", 50)
    in_time = await report(api, customer, "2027-01-10T10:04:00Z", 4)
    await api.post(f"/api/v1/test-clocks/{clock}/advance", json={"to": "2027-03-11T00:00:00Z"})
    after = await report(api, customer, "2027-03-10T23:59:00Z", 5)
    await api.post(f"/api/v1/test-clocks/{clock}/advance", json={"to": "2027-04-11T00:00:00Z"})

    assert (early.status_code, early.json()["code"]) == (422, "observed_in_the_future")
    assert "observed_at is 2030-01-01T00:00:00+00:00, but it is 2027-01-10T10:00:00+00:00" in early.json()["detail"]
    assert [answer.status_code for answer in (first, in_time, after)] == [201, 201, 201]
    made = (await api.get("/api/v1/invoices", params={"customer_id": customer["id"]})).json()["invoices"]
    renewals = sorted(one["issued_at"][:10] for one in made if one["total"] >= 4 * 800)
    assert renewals == ["2027-02-10", "2027-03-10", "2027-04-10"]
    access = (await api.get(at(customer, "access"))).json()
    assert access["customer_id"] == customer["id"]


async def test_without_a_test_clock_the_present_is_what_bounds_a_report(api: httpx.AsyncClient) -> None:
    customer = await created(api)
    await api.post(
        "/api/v1/plans",
        json={"tier": "cloud_standard", "schedule": "monthly", "customer_id": customer["id"], "trial_days": 30},
    )
    now = datetime.now(UTC)

    soon = await report(api, customer, (now + timedelta(minutes=3)).isoformat(), 3)
    later = await report(api, customer, (now + timedelta(minutes=9)).isoformat(), 3)
    far = await report(api, customer, "2099-01-01T00:00:00Z", 3)

    assert soon.status_code == 201
    assert {(answer.status_code, answer.json()["code"]) for answer in (later, far)} == {(422, "observed_in_the_future")}


@pytest.mark.parametrize("moment", ["1999-12-31T23:59:59Z", "2200-01-01T00:00:00Z"])
async def test_no_request_takes_a_moment_out_of_bounds(api: httpx.AsyncClient, moment: str) -> None:
    customer = await created(api)
    plan = {"tier": "self_hosted_complimentary", "schedule": "annual", "customer_id": customer["id"]}

    answers = [
        await report(api, customer, moment, 3),
        await api.post("/api/v1/test-clocks", json={"now_at": moment}),
        await api.post(
            at(customer, "offers"), json={"tier": "cloud_standard", "fixed_price": 500, "expires_at": moment}
        ),
        await api.post("/api/v1/plans", json={**plan, "end_date": moment}),
    ]

    assert {answer.status_code for answer in answers} == {422}
    assert {"must lie between 2000-01-01 and 2200-01-01" in answer.text for answer in answers} == {True}


@pytest.mark.full
async def test_a_clock_and_a_preview_go_ten_years_ahead_at_most(api: httpx.AsyncClient, env: ApiEnvironment) -> None:
    customer = await created(api)
    await env.give_card(customer["id"])
    clock = (await api.post("/api/v1/test-clocks", json={"now_at": BEGIN})).json()["id"]
    asked = {"tier": "cloud_standard", "schedule": "annual", "customer_id": customer["id"], "test_clock_id": clock}
    plan = (await api.post("/api/v1/plans", json=asked)).json()["plan"]["id"]

    moved = await api.post(f"/api/v1/test-clocks/{clock}/advance", json={"to": "2037-02-01T00:00:00Z"})
    previewed = await api.post(f"/api/v1/plans/{plan}/preview", params={"at": "2037-02-01T00:00:00Z"})
    near = await api.post(f"/api/v1/plans/{plan}/preview", params={"at": "2029-02-01T00:00:00Z"})

    assert {(answer.status_code, answer.json()["code"]) for answer in (moved, previewed)} == {(422, "moment_too_far")}
    assert near.status_code == 200
