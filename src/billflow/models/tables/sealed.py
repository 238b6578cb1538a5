"""Columns that are encrypted on the way to PostgreSQL and decrypted on the way back; repositories don't notice.

A value from before there were keys, or written without any, is plain and read as it is; one that looks encrypted is
escaped, so that nobody's text is ever taken for what we encrypted.
"""

import json
from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Dialect, LargeBinary, Text, TypeDecorator
from sqlalchemy.dialects.postgresql import JSONB

from billflow.models.keyring import CannotDecrypt, Keyring

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
_PLAIN = "plain"
_keyrings: "WeakKeyDictionary[Dialect, Keyring]" = WeakKeyDictionary()


def use_keyring(dialect: Dialect, keyring: Keyring | None) -> None:
    """Let the columns of one engine be encrypted by *keyring*; None leaves them plain."""
    if keyring is not None:
        _keyrings[dialect] = keyring


class SealedText(TypeDecorator[str]):
    """A text that is encrypted whole; *purpose* ties it to its column."""

    impl = Text
    cache_ok = True

    def __init__(self, purpose: str) -> None:
        super().__init__()
        self.purpose = purpose

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Encrypt."""
        keyring = _keyrings.get(dialect)
        if value is None or keyring is None:
            return _ESCAPE + value if value is not None and value.startswith(_PREFIX) else value
        return _PREFIX + keyring.seal_text(value, self.purpose)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        """Decrypt; raises `CannotDecrypt`."""
        if value is None or not value.startswith(_PREFIX):
            return value
        if value.startswith(_ESCAPE):
            return value.removeprefix(_ESCAPE)
        return _keyring(dialect).open_text(value.removeprefix(_PREFIX), self.purpose)


class SealedBytes(TypeDecorator[bytes]):
    """Bytes that are encrypted whole; *purpose* ties them to their column."""

    impl = LargeBinary
    cache_ok = True

    def __init__(self, purpose: str) -> None:
        super().__init__()
        self.purpose = purpose

    def process_bind_param(self, value: bytes | None, dialect: Dialect) -> bytes | None:
        """Encrypt."""
        keyring = _keyrings.get(dialect)
        if value is None or keyring is None:
            return _ESCAPE_MARK + value if value is not None and value.startswith(_MARK) else value
        return b"%s%s:%s" % (_MARK, keyring.current.key_id.encode(), keyring.seal(value, self.purpose))

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> bytes | None:
        """Decrypt; raises `CannotDecrypt`."""
        if value is None or not value.startswith(_MARK):
            return value
        if value.startswith(_ESCAPE_MARK):
            return value.removeprefix(_ESCAPE_MARK)
        key_id, _, sealed = value.removeprefix(_MARK).partition(b":")
        return _keyring(dialect).open(key_id.decode(), sealed, self.purpose)


class SealedJson(TypeDecorator[Json]):
    """A JSON object of which the values at *paths* are encrypted; *purpose* ties them to their column."""

    impl = JSONB(none_as_null=True)
    cache_ok = True

    def __init__(self, purpose: str, paths: Sequence[Path] = WHOLE) -> None:
        super().__init__()
        self.purpose = purpose
        self.paths = tuple(paths)

    def process_bind_param(self, value: Json | None, dialect: Dialect) -> Json | None:
        """Encrypt what the paths lead to."""
        keyring = _keyrings.get(dialect)
        for path in self.paths if value is not None else ():
            value = self._sealed(value, path, keyring)
        return value

    def process_result_value(self, value: Json | None, dialect: Dialect) -> Json | None:
        """Decrypt whatever is encrypted; raises `CannotDecrypt`."""
        for path in self.paths if value is not None else ():
            value = self._opened(value, path, dialect)
        return value

    def _sealed(self, value: Any, path: Path, keyring: Keyring | None) -> Any:
        if not path and keyring is None:
            return {SEALED: {_PLAIN: value}} if isinstance(value, dict) and value.keys() == {SEALED} else value
        if not path and keyring is not None:
            text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
            return {SEALED: keyring.seal_text(text, self.purpose)}
        if not isinstance(value, dict) or value.get(path[0]) is None:
            return value
        return {**value, path[0]: self._sealed(value[path[0]], path[1:], keyring)}

    def _opened(self, value: Any, path: Path, dialect: Dialect) -> Any:
        if not isinstance(value, dict):
            return value
        if path:
            inner = value.get(path[0])
            return {**value, path[0]: self._opened(inner, path[1:], dialect)} if isinstance(inner, dict) else value
        if value.keys() != {SEALED}:
            return value
        if isinstance(value[SEALED], dict):
            return value[SEALED].get(_PLAIN)
        return json.loads(_keyring(dialect).open_text(value[SEALED], self.purpose))


def _keyring(dialect: Dialect) -> Keyring:
    if (keyring := _keyrings.get(dialect)) is None:
        raise CannotDecrypt("The database holds encrypted values; set BILLFLOW_ENCRYPTION_KEYS.")
    return keyring
