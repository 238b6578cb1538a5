"""The client has every operation of the API as the OpenAPI document describes it: address, fields and answer."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import quote

from jsonschema import Draft202012Validator
from pydantic import BaseModel

import billflow.client
from billflow.api.routers import BASE_PATH
from billflow.client import BillingError, Call
from billflow.errors import KINDS
from tests.api.operations import JSON, Operation, operations
from tests.client.calls import call, functions
from tests.interfaces import document

FUNCTIONS = dict(functions())
SHORTHANDS = {"offset": "lists go on by `after`, which each() does"}
"""Parameters that the client leaves out, and why."""


@cache
def by_name() -> Mapping[str, Operation]:
    """Return every operation by its method and path."""
    return {f"{one.method} {one.path.removeprefix(BASE_PATH)}": one for one in operations(document())}


def operation_of(made: Call[Any]) -> str:
    """Return the operation that a call is of: the one with a word of its own before the one that takes any."""
    for named, operation in sorted(by_name().items(), key=lambda found: found[1].path.count("{")):
        pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(operation.path.removeprefix(BASE_PATH)))
        if operation.method == made.method and re.fullmatch(pattern, made.path):
            return named
    return f"{made.method} {made.path}: no such operation"


MADE = {name: call(name, function, whole=True) for name, function in FUNCTIONS.items()}


@cache
def operation_called(name: str) -> Operation | None:
    """Return the operation that a function of the client calls."""
    return by_name().get(operation_of(MADE[name]))


def test_every_operation_has_a_call() -> None:
    least = [call(name, function, whole=False) for name, function in FUNCTIONS.items()]

    missing = set(by_name()) - set(map(operation_of, [*MADE.values(), *least]))

    assert missing == set(), "give billflow.client a function for each"


def test_every_call_is_of_an_operation() -> None:
    assert [operation_of(made) for name, made in MADE.items() if operation_called(name) is None] == []


def test_a_call_takes_each_parameter_of_its_operation_and_no_other() -> None:
    for name, made in MADE.items():
        operation = operation_called(name)
        assert operation, name
        known = set(operation.names("query")) - SHORTHANDS.keys()
        resolved = {"resolved"} if name.endswith("settings") else set()
        assert set(made.params) | resolved == known | resolved, name


def test_a_call_sends_a_body_that_the_document_describes() -> None:
    for name, function in FUNCTIONS.items():
        operation = operation_called(name)
        assert operation, name
        for made in (MADE[name], call(name, function, whole=False)):
            if operation.takes_a_body():
                schema = operation.described["requestBody"]["content"][JSON]["schema"]
                whole = {**schema, "components": document()["components"]}
                required = operation.described["requestBody"].get("required", False)
                if made.body is not None or required:
                    assert [one.message for one in Draft202012Validator(whole).iter_errors(made.body)] == [], name
            else:
                assert made.body is None, name


def test_a_call_reads_the_answer_that_the_document_announces() -> None:
    for name, made in MADE.items():
        operation, answer = operation_called(name), made.answer
        assert operation, name
        announced = _announced(operation.described)
        named = answer.__name__ if issubclass(answer, BaseModel) else None
        assert named in announced if announced else not issubclass(answer, BaseModel), name


def test_a_write_has_an_idempotency_key_and_a_question_has_none() -> None:
    for name, made in MADE.items():
        writes = made.method != "GET" and not made.path.endswith(("/preview", "/diff", "/verify"))
        assert (made.idempotency_key is not None) == writes, name


def test_every_error_that_an_answer_becomes_is_exported() -> None:
    raised = {kind.error.__name__ for kind in KINDS if kind.http_status} | {"ApiError", "ServerUnreachable"}

    assert raised | {BillingError.__name__} <= set(billflow.client.__all__)
    assert [name for name in billflow.client.__all__ if not hasattr(billflow.client, name)] == []


def test_what_names_a_setting_stays_in_one_part_of_the_path() -> None:
    made = FUNCTIONS["customers.remove_setting"]("CUSTOMER", "a/b c")

    assert made.path.endswith(f"/settings/{quote('a/b c', safe='')}")


def _announced(described: Mapping[str, Any]) -> set[str]:
    """Return the names of what an operation may answer."""
    done = next(answer for status, answer in described["responses"].items() if status.startswith("2"))
    schema = done.get("content", {}).get(JSON, {}).get("schema", {})
    parts = schema.get("anyOf", [schema])
    return {part["$ref"].rpartition("/")[2] for part in parts if "$ref" in part}
