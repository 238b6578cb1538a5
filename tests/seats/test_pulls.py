"""Seats are pulled from the product: over HTTP, by a query, from a file; once per deployment and moment."""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from uuid import uuid4

import psycopg
import pytest

from billflow.delivery.seat_http import AWAY
from billflow.delivery.seat_readers import seat_readers
from billflow.domain.errors import Refused
from billflow.models.contracts.customers import CustomerRecord, SeatReport
from billflow.models.contracts.seat_sources import CountedSeats, SeatPullInput, SeatSourceKind, member_hash
from tests.api_environment import ApiEnvironment
from tests.databases import fresh_database
from tests.seats.conftest import Product, pulled_from

PEOPLE = {"u1": "member", "u2": "member", "u3": "guest"}


async def pull(env: ApiEnvironment, customer: CustomerRecord, *, apply: bool = True) -> CountedSeats:
    """Count a customer."""
    (counted,) = (await env.engine.seats.pull(env.org_id, customer.customer_id, apply=apply)).counts
    return counted


async def observed(env: ApiEnvironment, customer: CustomerRecord) -> list[tuple[int, int]]:
    """Return the counts of a customer in time order."""
    rows = await env.engine.queries.customers.seats(env.org_id, customer.customer_id)
    return [(row.members, row.guests) for row in rows]


async def test_the_example_is_asked_with_a_signature_and_its_counts_are_observations(
    env: ApiEnvironment, example: tuple[ModuleType, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    module, url = example
    customer = await env.customer(card=None)
    secret = await pulled_from(env, customer, target=url)
    monkeypatch.setenv("BILLFLOW_SEATS_SECRET", str(secret))
    module.WORKSPACES[customer.deployment_id] = PEOPLE

    counted = await pull(env, customer)

    assert (counted.members, counted.guests, counted.is_new, counted.code) == (2, 1, True, None)
    assert await observed(env, customer) == [(2, 1)]


async def test_a_request_that_is_not_signed_by_the_secret_is_refused_by_the_example(
    env: ApiEnvironment, example: tuple[ModuleType, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    module, url = example
    customer = await env.customer(card=None)
    await pulled_from(env, customer, target=url)
    monkeypatch.setenv("BILLFLOW_SEATS_SECRET", "whsec_" + "A" * 44)
    module.WORKSPACES[customer.deployment_id] = PEOPLE

    counted = await pull(env, customer)

    assert (counted.code, counted.message) == (
        "seat_source_away",
        f"127.0.0.1 answered 401; it must answer 200; {AWAY}",
    )
    assert await observed(env, customer) == []


async def test_who_came_and_went_is_told_by_the_names_of_the_products_own_system(
    env: ApiEnvironment, example: tuple[ModuleType, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    module, url = example
    customer = await env.customer(card=None)
    monkeypatch.setenv("BILLFLOW_SEATS_SECRET", str(await pulled_from(env, customer, target=url)))
    deployment = customer.deployment_id
    module.WORKSPACES[deployment] = PEOPLE
    await pull(env, customer)
    first = await env.engine.seat_sources.members(env.org_id, customer.customer_id)
    module.WORKSPACES[deployment] = {"u2": "member", "u3": "member", "u4": "member"}
    request = SeatPullInput(org_id=env.org_id, customer_id=customer.customer_id, at=datetime.now(UTC))
    (batch,) = (await env.engine.repositories.seat_pulls.due(request)).batches
    later = batch.model_copy(update={"at": first[0].since + timedelta(days=1)})
    async with seat_readers(env.engine.address_policy) as reader:
        pulls = env.engine.repositories.seat_pulls
        asked = list((await pulls.deployments(later)).values())
        await pulls.record_counts(later, await reader.read(await pulls.source(env.org_id, later.seat_source_id), asked))

    rows = await env.engine.seat_sources.members(env.org_id, customer.customer_id)

    names = [(module.who_is(deployment, row.member_hash), row.is_guest, row.until is None) for row in rows]
    assert {(name, guest) for name, guest, there in names if there} == {("u2", False), ("u3", False), ("u4", False)}
    gone = {row.member_hash for row in rows if row.until is not None}
    assert gone == {member_hash(deployment, "u1"), member_hash(deployment, "u3")}
    assert "u1" not in str(rows)


async def test_one_moment_of_a_deployment_is_written_once_however_often_it_is_counted(
    env: ApiEnvironment, product: Product
) -> None:
    customer = await env.customer(card=None)
    await pulled_from(env, customer, target=product.url)
    pulls = env.engine.repositories.seat_pulls
    request = SeatPullInput(org_id=env.org_id, customer_id=customer.customer_id, at=datetime.now(UTC))
    (batch,) = (await pulls.due(request)).batches
    source = await pulls.source(env.org_id, batch.seat_source_id)
    results = []
    async with seat_readers(env.engine.address_policy) as reader:
        for members in (3, 4):
            product.body = json.dumps({"deployments": [{"deployment_id": customer.deployment_id, "members": members}]})
            asked = list((await pulls.deployments(batch)).values())
            results.append(await pulls.record_counts(batch, await reader.read(source, asked)))

    assert [result.counts[0].is_new for result in results] == [True, False]
    assert await observed(env, customer) == [(3, 0)]


async def test_a_check_writes_nothing_and_shows_what_was_reported_beside_what_is_there(
    env: ApiEnvironment, product: Product
) -> None:
    customer = await env.customer(card=None)
    at = datetime.now(UTC) - timedelta(hours=3)
    await env.engine.seats.report(env.org_id, customer.customer_id, [SeatReport(observed_at=at, members=12)])
    await pulled_from(env, customer, target=product.url)
    product.body = json.dumps({"deployments": [{"deployment_id": customer.deployment_id, "members": 14, "guests": 2}]})

    counted = await pull(env, customer, apply=False)

    assert (counted.members, counted.guests, counted.pushed_members, counted.differs) == (14, 2, 12, True)
    assert await observed(env, customer) == [(12, 0)]
    (source,) = [
        one for one in await env.engine.seat_sources.list(env.org_id) if one.customer_id == customer.customer_id
    ]
    assert (source.counted, source.failing) == (0, 0)


async def test_a_query_counts_in_the_products_own_database_and_can_change_nothing_there(
    env: ApiEnvironment, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = await fresh_database(postgres_url, "product")
    customer = await env.customer(card=None)
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute("CREATE TABLE people (workspace text, person text, guest boolean)")
        await connection.execute(
            "INSERT INTO people VALUES (%(id)s, 'u1', false), (%(id)s, 'u2', true), ('other', 'u3', false)",
            {"id": customer.deployment_id},
        )
    monkeypatch.setenv("BILLFLOW_SEATS_PRODUCT", url)
    query = (
        "SELECT workspace AS deployment_id, person AS person_id, CASE WHEN guest THEN 'guest' ELSE 'member' END AS kind"
        " FROM people"
    )
    target = "env:BILLFLOW_SEATS_PRODUCT"

    async def counted(query: str) -> CountedSeats:
        await pulled_from(env, customer, kind=SeatSourceKind.SQL, target=target, query=query)
        return await pull(env, customer)

    assert ((await counted(query)).members, await observed(env, customer)) == (1, [(1, 1)])
    assert (await counted(f"{query} WHERE workspace = ANY(%(deployments)s)")).code is None
    for bad in (
        "DELETE FROM people RETURNING workspace AS deployment_id, 1 AS members",
        f"{query}; DELETE FROM people",  # noqa: S608  (what is refused)
        "COMMIT",
        "SELECT 1 AS one",
        "SELECT FROM WHERE",
    ):
        refused = await counted(bad)
        assert refused.code == "bad_seat_counts", bad
        assert refused.message, bad
    async with await psycopg.AsyncConnection.connect(url) as connection:
        assert await (await connection.execute("SELECT count(*) FROM people")).fetchone() == (3,)


async def test_the_address_of_the_database_may_be_sealed_and_no_other_variable_is_read(
    env: ApiEnvironment, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, customer = await fresh_database(postgres_url, "product"), await env.customer(card=None)
    query = f"SELECT '{customer.deployment_id}' AS deployment_id, 5 AS members"
    await pulled_from(env, customer, kind=SeatSourceKind.SQL, database_url=url, query=query)
    assert (await pull(env, customer)).members == 5

    monkeypatch.delenv("BILLFLOW_SEATS_GONE", raising=False)
    await pulled_from(env, customer, kind=SeatSourceKind.SQL, target="env:BILLFLOW_SEATS_GONE", query=query)
    assert "has no BILLFLOW_SEATS_GONE" in str((await pull(env, customer)).message)
    with pytest.raises(ValueError, match="target must be env:BILLFLOW_SEATS_NAME"):
        await pulled_from(env, customer, kind=SeatSourceKind.SQL, target="env:DATABASE_URL", query=query)


async def test_a_file_counts_as_of_when_it_was_written(env: ApiEnvironment, tmp_path: Path) -> None:
    customer, file = await env.customer(card=None), tmp_path / "seats.csv"
    file.write_text(f"deployment_id,members,guests\n{customer.deployment_id},7,2\nsomebody-else,1,0\n", "utf-8")
    written = datetime(2026, 1, 15, 9, 30, tzinfo=UTC)
    os.utime(file, (written.timestamp(), written.timestamp()))
    await pulled_from(env, customer, kind=SeatSourceKind.FILE, target=str(file))

    first, again = await pull(env, customer), await pull(env, customer)

    assert (first.members, first.guests, first.observed_at) == (7, 2, written)
    assert (first.is_new, again.is_new) == (True, False)
    file.unlink()
    assert "seats.csv can't be read" in str((await pull(env, customer)).message)


async def test_a_customer_whose_seats_are_pushed_has_nothing_to_pull(env: ApiEnvironment) -> None:
    customer = await env.customer(card=None)

    with pytest.raises(Refused, match="are pushed; set a source"):
        await env.engine.seats.pull(env.org_id, customer.customer_id)


async def test_a_customers_own_source_goes_before_that_of_the_organization(
    env: ApiEnvironment, product: Product
) -> None:
    org_id = await env.engine.repositories.organizations.ensure(f"seats-{uuid4().hex[:8]}")
    async with env.client(await env.key(org_id=org_id)) as api:
        made = [
            (await api.post("/api/v1/customers", json={"name": "A", "email": f"{n}@a.example"})).json()
            for n in range(3)
        ]
        nowhere = await api.post("/api/v1/seat-sources", json={"kind": "http"})
        assert (nowhere.status_code, nowhere.json()["errors"][0]["field"]) == (422, "target"), nowhere.text
        default = await api.post("/api/v1/seat-sources", json={"kind": "http", "target": product.url})
        assert default.json()["secret"].startswith("whsec_")
        own = {"kind": "push", "customer_id": made[0]["id"]}
        assert (await api.post("/api/v1/seat-sources", json=own)).json()["secret"] is None
        rows = [{"deployment_id": one["deployment_id"], "members": n} for n, one in enumerate(made)]
        product.body = json.dumps({"deployments": rows[1:]})

        answer = (await api.post("/api/v1/seat-sources/pull", json={})).json()

        assert (answer["counted"], answer["failed"]) == (2, 0)
        assert {one["members"] for one in answer["counts"]} == {1, 2}
        listed = (await api.get("/api/v1/seat-sources")).json()
        assert [(one["kind"], one["counted"]) for one in listed["seat_sources"]] == [("http", 2), ("push", 0)]
        removed = await api.delete(f"/api/v1/seat-sources/{default.json()['id']}")
        assert removed.status_code == 204
        assert (await api.post("/api/v1/seat-sources/pull", json={})).json()["counted"] == 0
