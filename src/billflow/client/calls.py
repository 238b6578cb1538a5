"""What is asked of the API, before anybody asks it: the same for both clients."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from uuid import uuid4

from pydantic import BaseModel, TypeAdapter

Answer = TypeVar("Answer")
Json = Mapping[str, Any]


@dataclass(frozen=True)
class Call(Generic[Answer]):
    """One request and how its answer is read; a write has its own idempotency key and may be sent again as it is."""

    method: str
    path: str
    read: Callable[[bytes], Answer]
    params: Json = field(default_factory=dict)
    body: Any = None
    idempotency_key: str | None = None


def get(path: str, kind: type[Answer], **params: object) -> Call[Answer]:
    """Return a read; parameters that are None are left out."""
    named = {name: value for name, value in params.items() if value is not None}
    return Call("GET", path, _reader(kind), params=plain(named))


def write(method: str, path: str, kind: type[Answer], body: object = None, key: str | None = None) -> Call[Answer]:
    """Return a write under *key*, or a new one."""
    return Call(method, path, _reader(kind), body=plain(body), idempotency_key=key or uuid4().hex)


def _reader(kind: type[Answer]) -> Callable[[bytes], Answer]:
    adapter = TypeAdapter(kind)
    return lambda content: adapter.validate_json(content or b"null")


def plain(value: object) -> Any:
    """Return a value as JSON; of a model only what was given."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", exclude_unset=True)
    return TypeAdapter(Any).dump_python(value, mode="json")
