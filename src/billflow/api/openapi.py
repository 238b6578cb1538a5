"""The OpenAPI document: what FastAPI finds, and what every route for callers with a key has in common."""

from collections.abc import Iterator, Mapping
from typing import Any, get_args

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from billflow.api.etags import ETAG, IF_MATCH, IF_NONE_MATCH
from billflow.api.idempotency import GUARDED, IDEMPOTENCY_KEY
from billflow.api.strict_json import Schema
from billflow.domain.commands import PlanCommand
from billflow.models.contracts.event_types import EventDeclaration, event_declarations

SCHEME = "ApiKey"
SCOPE = "x-billflow-scope"
"""Where a route says which scope it demands."""

JSON = "application/json"

Operation = dict[str, Any]

_SCHEMES = {
    SCHEME: {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "bf_live_… or bf_test_…",
        "description": "An API key of one organization and one mode; `billflow keys create` makes one.",
    }
}
SIGNED_HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")
"""What Standard Webhooks sends with each event."""

_LIMITS = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"})
_LARGEST = 2**63 - 1
_TAG = '"7d793037a0760186574b0282f2f435e7"'
_HEADERS: dict[str, dict[str, Any]] = {
    IDEMPOTENCY_KEY: {
        "description": "The same key with the same request answers the first answer again, for 30 days.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    },
    IF_MATCH: {
        "description": "Do it only if the thing still has this ETag; 412 where it has changed.",
        "schema": {"type": "string"},
    },
    IF_NONE_MATCH: {
        "description": "Answer 304 where the thing still has this ETag.",
        "schema": {"type": "string"},
        "example": _TAG,
    },
}


def install(app: FastAPI) -> None:
    """Let *app* describe itself in full."""
    described = app.openapi

    def complete() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = described()
            document["components"]["securitySchemes"] = _SCHEMES
            _complete_bodies(document)
            document["webhooks"] = {one.type: _webhook(one) for one in event_declarations().values()}
            for method, operation in _operations(document):
                if SCOPE in operation:
                    _complete(method, operation)
        return app.openapi_schema or {}

    app.openapi = complete  # type: ignore[method-assign]  # FastAPI's own way to do it


def body_of(route: APIRoute) -> tuple[Schema, Mapping[str, Schema]]:
    """Return the schema of a route's body, and those that it refers to, as the whole document has them.

    The whole takes over a second, in which a process would answer nobody: it is made for who asks for it.
    """
    document = get_openapi(title="", version="", routes=[route])
    _complete_bodies(document)
    [(_, operation)] = _operations(document)
    content = operation.get("requestBody", {}).get("content", {})
    return content.get(JSON, {}).get("schema", {}), document["components"]["schemas"]


def _complete_bodies(document: dict[str, Any]) -> None:
    """Say what is demanded of bodies."""
    schemas = document["components"]["schemas"]
    commands = {name for one in get_args(PlanCommand) for name in (one.__name__, f"{one.__name__}-Input")}
    for name in commands & schemas.keys():
        schemas[name]["required"] = [*schemas[name].get("required", []), "type"]
    _close_bodies(document)
    _give_exact_limits(schemas)


def _webhook(event: EventDeclaration) -> dict[str, Any]:
    """Describe what an endpoint is sent of one type of event."""
    fields = {
        "id": {"type": "string"},
        "type": {"type": "string", "const": event.type},
        "timestamp": {"type": "string", "format": "date-time"},
        "data": event.schema_of_data,
    }
    schema = {"type": "object", "properties": fields, "required": list(fields)}
    headers = {
        name: {"name": name, "in": "header", "required": True, "schema": {"type": "string"}} for name in SIGNED_HEADERS
    }
    return {
        "post": {
            "summary": event.when,
            "description": f"Since {event.since}.",
            "parameters": list(headers.values()),
            "requestBody": {
                "required": True,
                "content": {JSON: {"schema": schema, "example": event.example}},
            },
            "responses": {"2XX": {"description": "The event was taken."}},
        }
    }


def _close_bodies(document: dict[str, Any]) -> None:
    """Say of every object in a body that it takes no other fields than its own; `strict` keeps to that."""
    schemas, closed = document["components"]["schemas"], set[str]()
    waiting: list[Any] = [operation.get("requestBody") for _, operation in _operations(document)]
    while waiting:
        part = waiting.pop()
        if isinstance(part, list):
            waiting += part
        elif isinstance(part, dict):
            name = str(part.get("$ref", "")).rpartition("/")[2]
            if name and name not in closed:
                closed.add(name)
                waiting.append(schemas[name])
            if "properties" in part:
                part.setdefault("additionalProperties", False)
            waiting += part.values()


def _give_exact_limits(part: object) -> None:
    """Write the limits of integers as integers: as floats, which FastAPI makes of them, the largest are wrong."""
    if isinstance(part, list):
        for one in part:
            _give_exact_limits(one)
    elif isinstance(part, dict):
        for name, value in part.items():
            if name in _LIMITS and isinstance(value, float) and part.get("type") == "integer":
                part[name] = min(int(value), _LARGEST)
            _give_exact_limits(value)


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, Operation]]:
    for methods in document["paths"].values():
        for method, operation in methods.items():
            yield method.upper(), operation


def _complete(method: str, operation: Operation) -> None:
    operation["security"] = [{SCHEME: [operation[SCOPE]]}]
    names = [IF_NONE_MATCH] if method == "GET" else [IDEMPOTENCY_KEY, *([IF_MATCH] if method in GUARDED else [])]
    operation["parameters"] = [
        *operation.get("parameters", []),
        *({"name": name, "in": "header", "required": False, **_HEADERS[name]} for name in names),
    ]
    if method == "GET":
        operation["responses"]["304"] = {"description": "Nothing has changed"}
        operation["responses"]["200"]["headers"] = {ETAG: {"schema": {"type": "string"}, "example": _TAG}}
