"""Whether somebody may ask for what they ask for."""

from collections.abc import Collection

from billflow.domain.scopes import Scope, Scoped, scopes_of
from billflow.errors import Forbidden


def check_scopes(asked: Scoped, scopes: Collection[Scope]) -> None:
    """Raise `Forbidden` where a command, a plan to start or a field of it needs a scope that is not among *scopes*."""
    for scope, what in scopes_of(asked).items():
        if scope not in scopes:
            raise Forbidden(f"{what} needs the scope {scope}; use a key that has it.", code="scope_missing", field=what)
