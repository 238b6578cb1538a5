"""Every type of event, declared once in `events.toml`: when it comes, its schema and an example."""

import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

from billflow.domain.errors import InvalidInput
from billflow.models.contracts.base import Contract

FIRST_VERSION = "0.2.0"
"""The version whose events are as they are now; what came later says so."""

Json = dict[str, Any]

_KINDS: Mapping[type, str] = {bool: "boolean", int: "integer", str: "string", list: "array", dict: "object"}


class EventSubject(StrEnum):
    """What an event is about; it names the ids of that and of what that belongs to."""

    ORGANIZATION = "organization"
    CUSTOMER = "customer"
    PLAN = "plan"
    INVOICE = "invoice"

    @property
    def links(self) -> dict[str, bool]:
        """Return the fields that name what an event is about, and whether this one has them."""
        order = list(EventSubject)
        return {f"{one}_id": order.index(one) <= order.index(self) for one in order[1:]}


class EventDeclaration(Contract):
    """One type of event; `data` is an example of its own data, of which `optional` fields may be null or missing."""

    type: str
    when: str
    about: EventSubject
    since: str = FIRST_VERSION
    data: Json
    optional: tuple[str, ...] = ()

    @property
    def schema_of_data(self) -> Json:
        """Return the JSON Schema of what is sent as `data`: the ids, and the event's own fields."""
        links = {name: _nullable({"type": "string"}, null=not here) for name, here in self.about.links.items()}
        own = {name: _nullable(_schema_of(value), null=name in self.optional) for name, value in self.data.items()}
        required = [name for name in (links | own) if name not in self.optional]
        return {"type": "object", "properties": links | own, "required": required}

    @property
    def example(self) -> Json:
        """Return an event as an endpoint is sent it."""
        ids = {
            name: "6f1c9a52-0000-4000-8000-000000000000" if here else None for name, here in self.about.links.items()
        }
        return {
            "id": "0192f3a0-0000-4000-8000-000000000000",
            "type": self.type,
            "timestamp": "2026-07-01T09:30:00+00:00",
            "data": ids | self.data,
        }


@cache
def event_declarations() -> Mapping[str, EventDeclaration]:
    """Return every type of event by its name, in the order of the alphabet."""
    declared = tomllib.loads(files("billflow").joinpath("events.toml").read_text(encoding="utf-8"))
    return {name: EventDeclaration(type=name, **declared[name]) for name in sorted(declared)}


def checked_event_type(name: str) -> str:
    """Return a type of event; raises `InvalidInput` for one that never comes, with the nearest that does."""
    known = event_declarations()
    if name in known:
        return name
    near = get_close_matches(name, known, n=1)
    way_out = f"did you mean {near[0]!r}?" if near else "docs/event-types.md lists them."
    raise InvalidInput(f"There is no event of type {name[:100]!r}; {way_out}", code="unknown_event_type")


def _schema_of(value: Any) -> Json:
    schema: Json = {"type": _KINDS[type(value)]}
    if isinstance(value, list):
        schema["items"] = _schema_of(value[0])
        if isinstance(value[0], dict):
            schema["items"]["properties"] = {name: _schema_of(one) for name, one in value[0].items()}
    return schema


def _nullable(schema: Json, *, null: bool) -> Json:
    return {**schema, "type": [schema["type"], "null"]} if null else schema
