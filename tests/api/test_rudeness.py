"""Whoever sends nonsense to any address is told by one problem what is wrong, and where."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any
from uuid import uuid4

import httpx
import pytest

from billflow.wiring.store import sell_example
from tests.api.integers import with_integers
from tests.api.operations import Operation, operations
from tests.api_environment import ApiEnvironment
from tests.pydantic_words import KNOWN, said_by_pydantic
from tests.sizes import further

HUGE = 10**40
TOO_LARGE = 2**63
"""The first integer that PostgreSQL does not hold."""
BODIES: Mapping[str, bytes] = {
    "a list": b"[]",
    "a text": b'"text"',
    "a number": b"7",
    "null": b"null",
    "cut off": b'{"a": ',
    "not UTF-8": b'{"a": "\xff"}',
    "deep": b'{"a": ' * 5000 + b"1" + b"}" * 5000,
    "NUL": b'{"name": "a\\u0000b", "reason": "a\\u0000b"}',
    "half a character": b'{"name": "\\ud800", "reason": "\\ud800"}',
    "a field nobody knows": b'{"colour": "red"}',
    "ten megabytes": b'{"name": "' + b"a" * 10_000_000 + b'"}',
}
FEW = ("null", "cut off", "deep", "a field nobody knows")
QUERIES = ("", "a" * 5000, "-1", str(HUGE), "1e9", "\U0001f4a5", "' OR 1=1 --", "2026-02-30T00:00:00Z", "a\0b")
PLACES = ("-1", "0", str(TOO_LARGE), str(-HUGE), "1e9", "1.5", "x" * 500, "%F0%9F%92%A5", "%27%20OR%201=1", "a%00b")
"""What may stand in a path where an id or a number belongs."""

FREE = ("/settings",)
"""Where keys that nobody knows are kept as they are."""


@pytest.fixture(scope="module")
async def ours(env: ApiEnvironment) -> ApiEnvironment:
    """Return an organization of its own, since examples of bodies change what it sells and how it collects."""
    org_id = await env.engine.repositories.organizations.ensure(f"rude-{uuid4().hex[:8]}")
    await sell_example(env.engine.repositories.catalogs, org_id)
    return replace(env, org_id=org_id)


@pytest.fixture(scope="module")
async def rude(ours: ApiEnvironment) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client with a key for everything."""
    async with ours.client(await ours.key()) as client:
        yield client


@pytest.fixture(scope="module")
async def ids(ours: ApiEnvironment) -> dict[str, str]:
    """Return ids that exist, so that nothing is refused for want of them."""
    customer = await ours.customer(card=None)
    return {"customer_id": customer.customer_id, "deployment_id": customer.deployment_id}


async def described(client: httpx.AsyncClient) -> list[Operation]:
    return list(operations((await client.get("/openapi.json")).json()))


def path_of(operation: Operation, ids: Mapping[str, str]) -> str:
    """Return an address with ids that exist where we have any."""
    return operation.path.format(**{name: ids.get(name, ids["customer_id"]) for name in operation.names("path")})


def problem_of(answer: httpx.Response) -> dict[str, Any]:
    """Return the problem that an answer tells, which is complete."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    problem = dict(answer.json())
    assert problem["status"] == answer.status_code
    assert problem["code"]
    assert problem["detail"]
    assert said_by_pydantic(answer.text) == [], answer.text
    if answer.status_code == 422:
        assert problem["errors"], problem
        assert all(error["field"] and error["message"] for error in problem["errors"])
    return problem


@pytest.mark.parametrize("kind", [*FEW, *further(*(kind for kind in BODIES if kind not in FEW))])
async def test_a_body_of_nonsense_is_the_clients_fault_everywhere(
    rude: httpx.AsyncClient, ids: dict[str, str], kind: str
) -> None:
    for operation in await described(rude):
        if not operation.takes_a_body():
            continue
        path = path_of(operation, ids)
        headers = {"Content-Type": "application/json"}

        answer = await rude.request(operation.method, path, content=BODIES[kind], headers=headers)

        if kind == "a field nobody knows" and path.endswith(FREE):
            continue
        required = operation.described["requestBody"].get("required", False)
        assert 400 <= answer.status_code < 500 or not required, (operation.method, path, answer.text)
        if answer.is_error:
            problem_of(answer)


@pytest.mark.full
async def test_a_query_of_nonsense_is_named_by_its_parameter(rude: httpx.AsyncClient, ids: dict[str, str]) -> None:
    for operation in await described(rude):
        path = path_of(operation, ids)
        for name in operation.names("query"):
            for value in QUERIES:
                answer = await rude.request(operation.method, path, params={name: value})

                assert answer.status_code < 500, (path, name, value, answer.text)
                if answer.status_code == 422:
                    named = {error["field"] for error in problem_of(answer)["errors"]}
                    assert named, (path, name, value)
                    assert named <= {name} | operation.needed(), (path, name, value)


@pytest.mark.parametrize("place", [str(TOO_LARGE), *further(*(one for one in PLACES if one != str(TOO_LARGE)))])
async def test_a_path_of_nonsense_is_the_clients_fault_everywhere(rude: httpx.AsyncClient, place: str) -> None:
    for operation in await described(rude):
        for name in operation.names("path"):
            path = operation.path.format(**{**dict.fromkeys(operation.names("path"), str(uuid4())), name: place})

            answer = await rude.request(operation.method, path, json=next(iter(operation.bodies()), None))

            assert 400 <= answer.status_code < 500, (operation.method, path, answer.text)
            problem_of(answer)


@pytest.mark.full
async def test_an_integer_that_postgresql_does_not_hold_is_the_clients_fault_everywhere(
    rude: httpx.AsyncClient, ids: dict[str, str]
) -> None:
    for operation in await described(rude):
        for body in operation.bodies():
            schema = operation.described["requestBody"]["content"]["application/json"]["schema"]
            for place, wrong in with_integers(schema, body, operation.document, TOO_LARGE):
                answer = await rude.request(operation.method, path_of(operation, ids), json=wrong)

                assert answer.status_code < 500, (operation.method, operation.path, place, answer.text)


@pytest.mark.full
async def test_every_wrong_number_of_a_body_is_named(rude: httpx.AsyncClient, ids: dict[str, str]) -> None:
    for operation in await described(rude):
        for body in operation.bodies():
            if not isinstance(body, dict) or operation.path.endswith(FREE):
                continue
            path = path_of(operation, ids)
            numbers = [name for name, value in body.items() if type(value) is int]
            wrongs: tuple[object, ...] = (HUGE, -HUGE, 1.5, "7", True, None, [], {})
            for wrong in wrongs:
                spoilt = {**body, **dict.fromkeys(numbers, wrong)}

                answer = await rude.request(operation.method, path, json=spoilt)

                if numbers and wrong is not None:
                    named = {error["field"] for error in problem_of(answer)["errors"]}
                    assert answer.status_code == 422, (path, spoilt, answer.text)
                    assert named & set(numbers), (path, spoilt, named)


SPOILT: tuple[object, ...] = (
    None,
    "",
    "x" * 5000,
    "no such thing",
    -1,
    10**12,
    1.5,
    True,
    [],
    [{}],
    {},
    {"a": {"b": 1}},
)


@pytest.mark.full
async def test_every_wrong_field_of_every_body_is_told_in_our_words_with_its_path(
    rude: httpx.AsyncClient, ids: dict[str, str]
) -> None:
    for operation in await described(rude):
        for body in operation.bodies():
            if not isinstance(body, dict) or operation.path.endswith(FREE):
                continue
            path = path_of(operation, ids)
            for name in body:
                for wrong in SPOILT:
                    answer = await rude.request(operation.method, path, json={**body, name: wrong})

                    assert answer.status_code < 500, (path, name, wrong, answer.text)
                    if answer.status_code == 422:
                        codes = {error["code"] for error in problem_of(answer)["errors"]}
                        assert not codes & set(KNOWN) - {"too_short"}, answer.text
