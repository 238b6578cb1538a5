"""Name the function behind each operation of the contract."""

from collections.abc import Callable
from dataclasses import dataclass

from stripe_emulator.engine.unit import Unit
from stripe_emulator.types import Obj


@dataclass(frozen=True, slots=True)
class Args:
    """The arguments of one operation: the ids of its path and its coerced parameters."""

    path: str
    ids: tuple[str, ...]
    params: Obj

    @property
    def id(self) -> str:
        """Return the first id of the path."""
        return self.ids[0]


Handler = Callable[[Unit, Args], Obj]
Check = Callable[[Obj], None]


@dataclass(frozen=True, slots=True)
class Operation:
    """A handler, and the checks of parameters that the contract cannot express."""

    handler: Handler
    check: Check | None = None


OPERATIONS: dict[str, Operation] = {}


def operation(operation_id: str, check: Check | None = None) -> Callable[[Handler], Handler]:
    """Register a handler; `check` runs with parameter validation, before anything is stored."""

    def register(handler: Handler) -> Handler:
        OPERATIONS[operation_id] = Operation(handler, check)
        return handler

    return register
