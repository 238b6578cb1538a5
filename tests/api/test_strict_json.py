"""A JSON value has the type it is written in: no number is read out of a text, no amount out of `true`."""

import json
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from billflow.api import requests
from billflow.api.app import _NOUNS
from billflow.api.requests import CheckedRoute
from billflow.api.strict_json import NOTHING_TAKES_THIS, strict
from tests.api_environment import ApiEnvironment
from tests.interfaces import document, schemas

NUMBER = {"type": "integer"}
SHAPES = {"Named": {"type": "object", "properties": {"n": NUMBER, "any": {"type": "object"}}}}
NAMED = {"$ref": "#/components/schemas/Named"}


@pytest.mark.parametrize(
    ("schema", "value", "is_taken"),
    [
        (NUMBER, 5, True),
        (NUMBER, 5.0, True),
        (NUMBER, "5", False),
        (NUMBER, True, False),
        ({"type": "boolean"}, 1, False),
        ({"type": "boolean"}, "yes", False),
        ({"anyOf": [NUMBER, {"type": "null"}]}, None, True),
        ({"anyOf": [NUMBER, {"type": "string"}]}, "5", True),
        ({"anyOf": [NUMBER, {"type": "null"}]}, "5", False),
        ({}, "whatever", True),
    ],
)
def test_a_value_is_taken_as_the_type_it_has(schema: dict[str, object], value: object, is_taken: bool) -> None:
    assert strict(schema, value, SHAPES, []) == (value if is_taken else NOTHING_TAKES_THIS)


def test_what_is_inside_is_looked_at_and_what_is_free_is_left() -> None:
    value = {"n": "5", "any": {"n": "5"}, "unknown": "5"}

    assert strict(NAMED, value, SHAPES, []) == {**value, "n": NOTHING_TAKES_THIS}
    assert strict({"type": "array", "items": NAMED}, [value], SHAPES, []) == [{**value, "n": NOTHING_TAKES_THIS}]


async def test_text_is_no_number_and_truth_no_amount(api: httpx.AsyncClient, env: ApiEnvironment) -> None:
    customer = await env.customer(card=None)
    path = f"/api/v1/deployments/{customer.deployment_id}/seats"
    moment = {"observed_at": "2026-01-01T00:00:00Z"}

    text, truth = [await api.post(path, json={**moment, "members": held}) for held in ("5", True)]

    for answer in (text, truth):
        assert answer.status_code == 422
        assert [error["field"] for error in answer.json()["errors"]] == ["members"]


async def test_a_misspelt_field_of_a_command_is_named(api: httpx.AsyncClient) -> None:
    command = {"type": "end_now", "void_open_invoice": True}

    answer = await api.post("/api/v1/plans/7/commands", json=command)

    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_field")
    assert answer.json()["errors"][0]["field"] == "void_open_invoice"


async def test_an_unknown_field_is_named_wherever_in_the_body_it_is(
    api: httpx.AsyncClient, env: ApiEnvironment
) -> None:
    customer = await env.customer(card=None)
    seats = f"/api/v1/deployments/{customer.deployment_id}/seats"
    report = {"observed_at": "2026-01-01T00:00:00Z", "members": 3}
    new = {"name": "Acme", "email": "billing@acme.example", "billing_address": {"street": "High 1", "town": "Bath"}}

    named = {
        "reason": await api.post("/api/v1/plans/7/preview", json={"type": "end_now", "reason": "why"}),
        "1.member": await api.post(seats, json=[report, {**report, "member": 3}]),
        "billing_address.town": await api.post("/api/v1/customers", json=new),
        "Name": await api.patch(f"/api/v1/customers/{customer.customer_id}", json={"Name": "Acme"}),
    }

    for field, answer in named.items():
        assert (answer.status_code, answer.json()["code"]) == (422, "unknown_field"), field
        assert [error["field"] for error in answer.json()["errors"]] == [field]


async def test_every_object_in_a_body_says_that_it_takes_no_other_fields(api: httpx.AsyncClient) -> None:
    document = (await api.get("/openapi.json")).json()
    schemas = document["components"]["schemas"]
    operations = [operation for methods in document["paths"].values() for operation in methods.values()]
    waiting, objects = [operation["requestBody"] for operation in operations if "requestBody" in operation], []
    while waiting:
        part = waiting.pop()
        waiting += [
            held for held in (part.values() if isinstance(part, dict) else part) if isinstance(held, dict | list)
        ]
        if "properties" in part and isinstance(part, dict):
            objects.append(part)
        if isinstance(part, dict) and "$ref" in part:
            waiting.append(schemas.pop(part["$ref"].rpartition("/")[2], {}))

    assert len(objects) > 40
    assert [held["title"] for held in objects if held.get("additionalProperties") is None] == []


async def test_a_body_is_parsed_once(api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    bodies: list[bytes] = []

    class Counting:
        @staticmethod
        def loads(body: bytes, **options: Any) -> Any:
            bodies.append(body)
            return json.loads(body, **options)

    monkeypatch.setattr(requests, "json", Counting)
    for path, body in {
        "commands": {"type": "retry"},
        "preview": {"command": {"type": "retry"}},
    }.items():
        await api.post(
            f"/api/v1/plans/7/{path}", json=body, headers={"Idempotency-Key": f"once {path}".replace(" ", "-")}
        )

    assert len(bodies) == 2


@pytest.mark.parametrize("kind", [[], {}, 7, None, True])
async def test_a_command_of_a_strange_type_is_the_clients_fault(api: httpx.AsyncClient, kind: object) -> None:
    assert (await api.post("/api/v1/plans/7/commands", json={"type": kind})).status_code == 422


@pytest.mark.full
def test_a_body_is_held_against_what_the_document_says_of_it() -> None:
    compared = 0
    for route in [one for noun in _NOUNS for one in noun.router.routes if isinstance(one, CheckedRoute)]:
        described = document()["paths"][route.path_format]
        for method in (route.methods or set()) - {"GET"}:
            content = described[method.lower()].get("requestBody", {}).get("content", {})
            whole = _resolved(content.get("application/json", {}).get("schema", {}), schemas())
            assert _resolved(*route.described_body) == whole, (method, route.path_format)
            compared += bool(whole)
    assert compared > 70


def _resolved(part: Any, components: Mapping[str, Any], inside: tuple[str, ...] = ()) -> Any:
    """Return a schema with those that it refers to in their places."""
    if isinstance(part, list):
        return [_resolved(one, components, inside) for one in part]
    if not isinstance(part, dict):
        return part
    if name := str(part.get("$ref", "")).rpartition("/")[2]:
        return "itself" if name in inside else _resolved(components[name], components, (*inside, name))
    return {key: _resolved(one, components, inside) for key, one in part.items() if key != "mapping"}
