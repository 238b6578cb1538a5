"""A JSON value has the type it is written in: no number is read out of a text, no amount out of `true`."""

import httpx
import pytest

from billflow.api.strict_json import NOTHING_TAKES_THIS, strict
from tests.api_environment import ApiEnvironment

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
    assert strict(schema, value, SHAPES) == (value if is_taken else NOTHING_TAKES_THIS)


def test_what_is_inside_is_looked_at_and_what_is_free_is_left() -> None:
    value = {"n": "5", "any": {"n": "5"}, "unknown": "5"}

    assert strict(NAMED, value, SHAPES) == {**value, "n": NOTHING_TAKES_THIS}
    assert strict({"type": "array", "items": NAMED}, [value], SHAPES) == [{**value, "n": NOTHING_TAKES_THIS}]


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


@pytest.mark.parametrize("kind", [[], {}, 7, None, True])
async def test_a_command_of_a_strange_type_is_the_clients_fault(api: httpx.AsyncClient, kind: object) -> None:
    assert (await api.post("/api/v1/plans/7/commands", json={"type": kind})).status_code == 422
