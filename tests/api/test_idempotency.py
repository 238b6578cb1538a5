"""A write that is sent again is done once; an update never overwrites what its caller has not seen."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import httpx
import psycopg
import pytest
from fastapi import APIRouter, FastAPI

from billflow.api.app import create_app
from billflow.api.principal import PrincipalHere
from billflow.api.requests import CheckedRoute
from billflow.api.server import serving
from billflow.dev.ports import LOOPBACK
from billflow.domain.errors import Refused
from billflow.models.contracts.access import Claim, ClaimState, IdempotentResponse
from billflow.models.contracts.base import RequestModel
from billflow.store.access.idempotency import PostgresIdempotencyRepository
from billflow.wiring.api import api_services
from tests.api_environment import ApiEnvironment
from tests.sizes import further
from tests.waiting import PATIENCE

CUSTOMERS = "/api/v1/customers"


def new_customer() -> dict[str, str]:
    return {"name": "Acme", "email": f"{uuid4().hex}@acme.example"}


def keyed(key: str | None = None) -> dict[str, str]:
    return {"Idempotency-Key": key or uuid4().hex}


class Note(RequestModel):
    """What the tests change."""

    text: str


class Notes:
    """A little resource whose writes can be held up, and are counted."""

    def __init__(self) -> None:
        self.router = APIRouter(prefix="/api/v1/notes", route_class=CheckedRoute)
        self.text, self.writes, self.resting = "first", 0, asyncio.Event()
        self.resting.set()
        self.entered = asyncio.Event()
        self.router.add_api_route("/1", self.show, methods=["GET"])
        self.router.add_api_route("/1", self.change, methods=["PUT"])
        self.router.add_api_route("/1/part", self.change, methods=["PUT"])
        self.router.add_api_route("/refused", self.refuse, methods=["POST"])
        self.router.add_api_route("/broken", self.break_off, methods=["POST"])

    async def show(self, principal: PrincipalHere) -> Note:
        """Show it."""
        return Note(text=self.text)

    async def change(self, note: Note, principal: PrincipalHere) -> Note:
        """Change it, once nobody holds it up."""
        self.entered.set()
        await self.resting.wait()
        self.writes += 1
        self.text = note.text
        return note

    async def refuse(self, principal: PrincipalHere) -> None:
        """Refuse."""
        self.writes += 1
        raise Refused("Not now.", code="not_now")

    async def break_off(self, principal: PrincipalHere) -> None:
        """Break off the first time."""
        self.writes += 1
        if self.writes == 1:
            raise TimeoutError


@pytest.fixture
async def notes() -> Notes:
    """Return the resource."""
    return Notes()


@pytest.fixture
async def noting(env: ApiEnvironment, notes: Notes) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client of an API that has it."""
    app: FastAPI = create_app(api_services(env.engine))
    app.include_router(notes.router)
    headers = {"Authorization": f"Bearer {await env.key()}"}
    async with (
        serving(app, LOOPBACK, 0) as url,
        httpx.AsyncClient(base_url=url, headers=headers, timeout=PATIENCE) as client,
    ):
        yield client


async def test_fifty_same_requests_at_once_make_one_customer(api: httpx.AsyncClient) -> None:
    asked, headers = new_customer(), keyed()

    answers = await asyncio.gather(*(api.post(CUSTOMERS, json=asked, headers=headers) for _ in range(50)))

    found = (await api.get(CUSTOMERS, params={"email": asked["email"]})).json()
    assert {answer.status_code for answer in answers} == {201}
    assert {answer.content for answer in answers} == {answers[0].content}
    assert sum("idempotent-replayed" not in answer.headers for answer in answers) == 1
    assert found["total"] == 1


async def test_the_same_key_with_another_request_is_refused(api: httpx.AsyncClient) -> None:
    headers = keyed()
    await api.post(CUSTOMERS, json=new_customer(), headers=headers)

    other_body = await api.post(CUSTOMERS, json=new_customer(), headers=headers)
    other_place = await api.post("/api/v1/plans", json={}, headers=headers)

    for answer in (other_body, other_place):
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
        assert answer.json()["errors"][0]["field"] == "Idempotency-Key"


async def test_another_organization_may_use_the_same_key(api: httpx.AsyncClient, env: ApiEnvironment) -> None:
    asked, headers = new_customer(), keyed()
    org_id = await env.engine.repositories.organizations.ensure("neighbour")
    async with env.client(await env.key(org_id=org_id)) as neighbour:
        answers = [await client.post(CUSTOMERS, json=asked, headers=headers) for client in (api, neighbour)]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json()["id"] != answers[1].json()["id"]


async def test_a_request_that_could_not_be_read_does_not_use_up_its_key(api: httpx.AsyncClient) -> None:
    headers = keyed()

    wrong = await api.post(CUSTOMERS, json={"name": "Acme"}, headers=headers)
    right = await api.post(CUSTOMERS, json=new_customer(), headers=headers)

    assert [wrong.status_code, right.status_code] == [422, 201]


@pytest.mark.parametrize("key", ["", "a b", "ä", "x" * 256])
async def test_a_key_is_short_and_visible(api: httpx.AsyncClient, key: str) -> None:
    answer = await api.post(CUSTOMERS, json=new_customer(), headers={b"Idempotency-Key": key.encode()})

    assert (answer.status_code, answer.json()["code"]) == (422, "bad_idempotency_key")


@pytest.mark.full
async def test_a_request_is_told_when_the_first_takes_too_long(
    noting: httpx.AsyncClient, notes: Notes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("billflow.api.idempotency.PATIENCE", 0.0)
    notes.resting.clear()
    headers = keyed()
    first = asyncio.create_task(noting.put("/api/v1/notes/1/part", json={"text": "new"}, headers=headers))
    await notes.entered.wait()
    other = await noting.put("/api/v1/notes/1/part", json={"text": "other"}, headers=headers)
    again = await noting.put("/api/v1/notes/1/part", json={"text": "new"}, headers=headers)
    notes.resting.set()

    assert other.json()["code"] == "idempotency_key_reused"
    assert (again.status_code, again.json()["code"]) == (409, "idempotency_key_in_use")
    assert again.headers["retry-after"]
    assert (await first).status_code == 200
    assert notes.writes == 1


async def test_a_refusal_is_an_answer_too(noting: httpx.AsyncClient, notes: Notes) -> None:
    headers = keyed()

    answers = [await noting.post("/api/v1/notes/refused", headers=headers) for _ in range(2)]

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(409, "not_now")] * 2
    assert answers[1].headers["content-type"] == "application/problem+json"
    assert notes.writes == 1


async def test_what_broke_off_is_tried_again(noting: httpx.AsyncClient) -> None:
    headers = keyed()

    answers = [await noting.post("/api/v1/notes/broken", headers=headers) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [503, 200]


async def test_a_write_whose_process_died_is_taken_over_and_an_old_key_is_forgotten(
    env: ApiEnvironment, env_database_url: str
) -> None:
    answers = PostgresIdempotencyRepository(env.engine.database)
    claim = Claim(key=uuid4().hex, fingerprint=b"1", holder=str(uuid4()))
    rival = claim.model_copy(update={"holder": str(uuid4())})
    other = claim.model_copy(update={"fingerprint": b"2"})
    answer = IdempotentResponse(status=201, headers={}, body=b"done")

    async def shifted(column: str) -> None:
        async with await psycopg.AsyncConnection.connect(env_database_url) as connection:
            query = f"UPDATE idempotency_key SET {column} = now() - interval '1 second' WHERE key = %s"  # noqa: S608
            await connection.execute(query, [claim.key])

    assert await answers.claim(env.org_id, claim) is ClaimState.MINE
    assert await answers.claim(env.org_id, rival) is ClaimState.RUNNING
    await shifted("held_until")
    assert await answers.claim(env.org_id, other) is ClaimState.OTHER_WRITE
    assert await answers.claim(env.org_id, rival) is ClaimState.MINE
    await answers.store(env.org_id, claim, answer)
    assert await answers.claim(env.org_id, claim) is ClaimState.RUNNING
    await answers.store(env.org_id, rival, answer)
    assert await answers.claim(env.org_id, claim) == answer
    await shifted("expires_at")
    assert await answers.claim(env.org_id, other) is ClaimState.MINE


async def test_a_read_that_would_say_the_same_is_answered_304(api: httpx.AsyncClient) -> None:
    customer = (await api.post(CUSTOMERS, json=new_customer())).json()
    path = f"{CUSTOMERS}/{customer['id']}"
    first = await api.get(path)

    same = await api.get(path, headers={"If-None-Match": f'"x", {first.headers["etag"]}'})
    other = await api.get(path, headers={"If-None-Match": '"x"'})

    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", first.headers["etag"])
    assert (other.status_code, other.json()) == (200, customer)


@pytest.mark.parametrize("path", ["/api/v1/notes/1/part", *further("/api/v1/notes/1")])
async def test_an_update_on_what_has_changed_is_refused(noting: httpx.AsyncClient, notes: Notes, path: str) -> None:
    read = (await noting.get("/api/v1/notes/1")).headers["etag"]

    fresh = await noting.put(path, json={"text": "second"}, headers={"If-Match": read})
    stale = await noting.put(path, json={"text": "third"}, headers={"If-Match": read})
    whatever = await noting.put(path, json={"text": "fourth"}, headers={"If-Match": "*"})

    assert [answer.status_code for answer in (fresh, stale, whatever)] == [200, 412, 200]
    assert stale.json()["code"] == "changed_meanwhile"
    assert notes.text == "fourth"


@pytest.mark.full
async def test_of_updates_at_once_on_the_same_version_one_wins(noting: httpx.AsyncClient, notes: Notes) -> None:
    headers = {"If-Match": (await noting.get("/api/v1/notes/1")).headers["etag"]}

    updates = (noting.put("/api/v1/notes/1", json={"text": str(n)}, headers=headers) for n in range(20))
    answers = await asyncio.gather(*updates)

    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 19
    assert notes.writes == 1


async def test_a_list_is_read_to_its_end_by_its_cursors(env: ApiEnvironment) -> None:
    org_id = await env.engine.repositories.organizations.ensure(f"paged-{uuid4().hex[:8]}")
    async with env.client(await env.key(org_id=org_id)) as client:
        made = [(await client.post(CUSTOMERS, json=new_customer())).json()["id"] for _ in range(7)]
        first = (await client.get(CUSTOMERS, params={"limit": 3})).json()
        second = (await client.get(CUSTOMERS, params={"limit": 3, "after": first["next"]})).json()
        third = (await client.get(CUSTOMERS, params={"limit": 3, "after": second["next"]})).json()
        skipped = (await client.get(CUSTOMERS, params={"offset": 5})).json()

    listed = [customer["id"] for page in (first, second, third) for customer in page["customers"]]
    assert listed == made[::-1]
    assert [page["total"] for page in (first, second, third)] == [7, 7, 7]
    assert third["next"] is None
    assert [customer["id"] for customer in skipped["customers"]] == made[1::-1]
