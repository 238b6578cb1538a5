"""Who may ask for what: commands and plan starts declare the scope that they and their fields need."""

from dataclasses import field
from enum import StrEnum
from typing import Any, ClassVar, Protocol

_SCOPE, _UP_TO = "scope", "up_to"


class Scope(StrEnum):
    """What a key may do; none of them includes another."""

    READ = "read"
    WRITE = "write"
    SUPPORT = "support"
    ADMIN = "admin"


ALL_SCOPES = frozenset(Scope)
"""What the operator's own code and command line have."""


class Scoped(Protocol):
    """A dataclass that says which scope it takes."""

    __dataclass_fields__: ClassVar[dict[str, Any]]
    scope: ClassVar[Scope]


def scoped(*, default: Any, scope: Scope, up_to: Any = None) -> Any:
    """Declare a field that needs *scope* where it is given otherwise than by default, or larger than *up_to*."""
    return field(default=default, metadata={_SCOPE: scope, _UP_TO: up_to})


def scopes_of_fields(kind: type[Scoped]) -> dict[str, Scope]:
    """Return the fields that need a scope of their own."""
    return {name: one.metadata[_SCOPE] for name, one in kind.__dataclass_fields__.items() if _SCOPE in one.metadata}


def scopes_of(asked: Scoped) -> dict[Scope, str]:
    """Return the scopes that are needed for what is asked, each with the name of what needs it."""
    of_fields = {scope: name for name, scope in scopes_of_fields(type(asked)).items() if _exceeds(asked, name)}
    return {asked.scope: type(asked).__name__, **of_fields}


def _exceeds(asked: Scoped, name: str) -> bool:
    declared, value = asked.__dataclass_fields__[name], getattr(asked, name)
    up_to = declared.metadata[_UP_TO]
    return bool(value != declared.default if up_to is None else value > up_to)
