"""What is asked of the API, before anybody asks it: the same for both clients."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Generic, Self, TypeVar
from uuid import uuid4

from pydantic import BaseModel, TypeAdapter

Answer_co = TypeVar("Answer_co", covariant=True)
Kind = TypeVar("Kind")
Json = Mapping[str, Any]


@dataclass(frozen=True)
class Call(Generic[Answer_co]):
    """One request and what it answers; a write has its own idempotency key and may be sent again as it is."""

    method: str
    path: str
    answer: type[Answer_co]
    params: Json = field(default_factory=dict)
    body: Any = None
    idempotency_key: str | None = None

    def read(self, content: bytes) -> Answer_co:
        """Return the answer that a body is; one that is no JSON, such as a PDF file, stays as it is."""
        if issubclass(self.answer, bytes):
            return self.answer(content)
        return TypeAdapter(self.answer).validate_json(content or b"null")

    def going_on(self, after: str) -> Self:
        """Return the call for what comes after a part of a list."""
        return replace(self, params={**self.params, "after": after})


def get(path: str, kind: type[Kind], /, **params: object) -> Call[Kind]:
    """Return a read; parameters that are None are left out."""
    return Call("GET", path, kind, params=_given(params))


def write(
    method: str, path: str, kind: type[Kind], body: object = None, key: str | None = None, **params: object
) -> Call[Kind]:
    """Return a write under *key*, or a new one."""
    return Call(method, path, kind, _given(params), plain(body), key or uuid4().hex)


def ask(path: str, kind: type[Kind], body: object = None, **params: object) -> Call[Kind]:
    """Return a question that takes a body, such as a preview: it changes nothing, and has no key."""
    return Call("POST", path, kind, _given(params), plain(body))


def plain(value: object) -> Any:
    """Return a value as JSON; of a model only what was given."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", exclude_unset=True)
    return TypeAdapter(Any).dump_python(value, mode="json")


def given(**fields: object) -> dict[str, object]:
    """Return the fields of a body that are not None."""
    return {name: value for name, value in fields.items() if value is not None}


def _given(params: Json) -> Json:
    return plain(given(**params))  # type: ignore[no-any-return]  # a dict stays one
