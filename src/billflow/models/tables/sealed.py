"""Columns that are encrypted on the way to PostgreSQL and decrypted on the way back; repositories don't notice.

What is encrypted opens in its column, organization and row only: AES-GCM authenticates their names with it, which are
the binding. So each such column is read together with these, and what is written has to say them: rows of the ORM do so
by themselves, other statements by `bound`.

A value from before there were keys, or written without any, is plain and read as it is; one that looks encrypted is
escaped, so that nobody's text is ever taken for what we encrypted.
"""

import json
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from typing import Any, TypeVar
from uuid import uuid4

from sqlalchemy import ColumnElement, Dialect, LargeBinary, Text, TypeDecorator, cast, event, func, inspect, type_coerce
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapper

from billflow.errors import InternalError
from billflow.models.keyring import CannotDecrypt, Keyring
from billflow.models.tables.base import Base

SEALED = "$sealed"
"""The one key of a JSON object that stands for an encrypted value."""

Json = dict[str, Any]
Path = tuple[str, ...]


WHOLE: Sequence[Path] = ((),)
"""All of a JSON object."""

COMPANY: Sequence[Path] = (("company", "tax_id"), ("company", "address"), ("company", "legal_name"))
"""What settings say of a company that not everyone with a copy of the database is to read."""

_PREFIX = "sealed:"
_ESCAPE = f"{_PREFIX}:"
"""What stands before a plain text that begins with the prefix; the id of a key is never empty."""

_MARK, _ESCAPE_MARK = _PREFIX.encode(), _ESCAPE.encode()
_END = "\n"
"""What stands between the binding and the value as they are read; no id and no key has one."""

_PLAIN = "plain"


class BoundText(str):
    """A text that says which row it is for."""

    __slots__ = ("binding",)
    binding: str


class BoundBytes(bytes):
    """Bytes that say which row they are for."""

    binding: str


class BoundJson(Json):
    """A JSON object that says which row it is for."""

    binding: str


Value = TypeVar("Value", bound=str | bytes | Json)
_BOUND: Sequence[tuple[Any, Any]] = ((str, BoundText), (bytes, BoundBytes), (dict, BoundJson))


def bound(value: Value, org_id: object, row: object) -> Value:
    """Return a value that may be written, encrypted, to that row of an organization only."""
    kind: Any = next(bound_kind for kind, bound_kind in _BOUND if isinstance(value, kind))
    made = kind(value)
    made.binding = f"{org_id}/{row}"
    typed: Value = made
    return typed


class Sealed(TypeDecorator[Any]):
    """A value that is encrypted for its column, which *purpose* names, and its row, which the column *row* names.

    *older* is the purpose of before version 0.3, when values were bound to nothing else.
    """

    impl: Any = Text
    cache_ok = True

    def __init__(self, purpose: str, row: str = "id", older: str | None = None) -> None:
        super().__init__()
        self.purpose = purpose
        self.row = row
        self.older = older or purpose

    def column_expression(self, column: Any) -> ColumnElement[Any]:
        """Read the column with its organization and row."""
        return type_coerce(self.with_binding(column), self)

    def with_binding(self, column: Any) -> ColumnElement[Any]:
        """Return the column as it is stored, behind its organization and row."""
        return self._prefix(column).concat(type_coerce(column, Text))

    def _prefix(self, column: Any) -> ColumnElement[Any]:
        of = column.table.c
        return cast(of.org_id, Text).concat("/").concat(cast(of[self.row], Text)).concat(_END)

    def _binding(self, value: Any) -> str:
        """Return what is authenticated with a value that is written; raises `InternalError` where that is not known."""
        if not isinstance(value, BoundText | BoundBytes | BoundJson):
            raise InternalError(f"A value of {self.purpose} does not say which record it is for.")
        return f"{self.purpose}/{value.binding}"

    def _open_text(self, keyring: Keyring, sealed: str, binding: str) -> str:
        with suppress(CannotDecrypt):
            return keyring.open_text(sealed, f"{self.purpose}/{binding}")
        return keyring.open_text(sealed, self.older)


class SealedText(Sealed):
    """A text that is encrypted whole."""

    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Encrypt."""
        keyring = _keyring_of(dialect)
        if value is None or keyring is None:
            return _ESCAPE + value if value is not None and value.startswith(_PREFIX) else value
        return _PREFIX + keyring.seal_text(value, self._binding(value))

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        """Decrypt; raises `CannotDecrypt`."""
        if value is None:
            return None
        binding, _, stored = value.partition(_END)
        if not stored.startswith(_PREFIX):
            return stored
        if stored.startswith(_ESCAPE):
            return stored.removeprefix(_ESCAPE)
        return self._open_text(_keyring(dialect), stored.removeprefix(_PREFIX), binding)


class SealedBytes(Sealed):
    """Bytes that are encrypted whole."""

    impl = LargeBinary
    cache_ok = True

    def with_binding(self, column: Any) -> ColumnElement[Any]:
        """Return the column as it is stored, behind its organization and row."""
        prefix = func.convert_to(self._prefix(column), "UTF8", type_=LargeBinary)
        return prefix.concat(type_coerce(column, LargeBinary))

    def process_bind_param(self, value: bytes | None, dialect: Dialect) -> bytes | None:
        """Encrypt."""
        keyring = _keyring_of(dialect)
        if value is None or keyring is None:
            return _ESCAPE_MARK + value if value is not None and value.startswith(_MARK) else value
        return b"%s%s:%s" % (_MARK, keyring.current.key_id.encode(), keyring.seal(value, self._binding(value)))

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> bytes | None:
        """Decrypt; raises `CannotDecrypt`."""
        if value is None:
            return None
        binding, _, stored = value.partition(_END.encode())
        if not stored.startswith(_MARK):
            return stored
        if stored.startswith(_ESCAPE_MARK):
            return stored.removeprefix(_ESCAPE_MARK)
        key_id, _, sealed = stored.removeprefix(_MARK).partition(b":")
        keyring = _keyring(dialect)
        with suppress(CannotDecrypt):
            return keyring.open(key_id.decode(), sealed, f"{self.purpose}/{binding.decode()}")
        return keyring.open(key_id.decode(), sealed, self.older)


class SealedJson(Sealed):
    """A JSON object of which the values at *paths* are encrypted."""

    impl = JSONB(none_as_null=True)
    cache_ok = True

    def __init__(self, purpose: str, paths: Sequence[Path] = WHOLE, row: str = "id", older: str | None = None) -> None:
        super().__init__(purpose, row, older)
        self.paths = tuple(paths)

    def with_binding(self, column: Any) -> ColumnElement[Any]:
        """Return the column as it is stored, behind its organization and row, as a JSON array."""
        return func.jsonb_build_array(self._prefix(column), type_coerce(column, JSONB), type_=JSONB)

    def process_bind_param(self, value: Json | None, dialect: Dialect) -> Json | None:
        """Encrypt what the paths lead to."""
        if value is None:
            return None
        keyring = _keyring_of(dialect)
        binding, sealed = self._binding(value) if keyring else "", dict(value)
        for path in self.paths:
            sealed = self._sealed(sealed, path, keyring, binding)
        return sealed

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        """Decrypt whatever is encrypted; raises `CannotDecrypt`."""
        if value is None:
            return None
        binding, opened = value[0].removesuffix(_END), value[1]
        for path in self.paths:
            opened = self._opened(opened, path, dialect, binding)
        return opened

    def _sealed(self, value: Any, path: Path, keyring: Keyring | None, binding: str) -> Any:
        if not path and keyring is None:
            return {SEALED: {_PLAIN: value}} if isinstance(value, dict) and value.keys() == {SEALED} else value
        if not path and keyring is not None:
            text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
            return {SEALED: keyring.seal_text(text, binding)}
        if not isinstance(value, dict) or value.get(path[0]) is None:
            return value
        return {**value, path[0]: self._sealed(value[path[0]], path[1:], keyring, binding)}

    def _opened(self, value: Any, path: Path, dialect: Dialect, binding: str) -> Any:
        if not isinstance(value, dict):
            return value
        if path:
            inner = value.get(path[0])
            opens = isinstance(inner, dict)
            return {**value, path[0]: self._opened(inner, path[1:], dialect, binding)} if opens else value
        if value.keys() != {SEALED}:
            return value
        if isinstance(value[SEALED], dict):
            return value[SEALED].get(_PLAIN)
        return json.loads(self._open_text(_keyring(dialect), value[SEALED], binding))


def _keyring_of(dialect: Dialect) -> Keyring | None:
    """Return what encrypts the columns of an engine; without it they stay plain."""
    keyring: Keyring | None = getattr(dialect, "keyring", None)
    return keyring


def _keyring(dialect: Dialect) -> Keyring:
    if (keyring := _keyring_of(dialect)) is None:
        raise CannotDecrypt("The database holds encrypted values; set BILLFLOW_ENCRYPTION_KEYS.")
    return keyring


@cache
def _sealed_attributes(mapper: Mapper[Any]) -> Sequence[tuple[str, str]]:
    """Return the name of every encrypted attribute, and of the one that says which row it is."""
    columns = ((attribute.key, attribute.columns[0].type) for attribute in mapper.column_attrs)
    return tuple((key, kind.row) for key, kind in columns if isinstance(kind, Sealed))


@event.listens_for(Base, "before_insert", propagate=True)
@event.listens_for(Base, "before_update", propagate=True)
def _bind_values(mapper: Mapper[Any], _: object, target: Any) -> None:
    for name, row in _sealed_attributes(mapper):
        value = getattr(target, name)
        if value is None or not inspect(target).attrs[name].history.has_changes():
            continue
        if getattr(target, row) is None:
            setattr(target, row, uuid4())
        setattr(target, name, bound(value, target.org_id, getattr(target, row)))
