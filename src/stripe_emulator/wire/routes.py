"""Find the operation that a method and a path name."""

from dataclasses import dataclass
from functools import cache

from stripe_emulator.contract.table import parameters
from stripe_emulator.errors import NOT_FOUND, StripeError
from stripe_emulator.types import Obj


@dataclass(frozen=True, slots=True)
class Route:
    """An operation id and the values of the path's placeholders, in order."""

    operation: str
    ids: tuple[str, ...]


@cache
def _tree() -> Obj:
    root: Obj = {}
    for operation, entry in parameters()["operations"].items():
        node = root
        for segment in [entry["method"], *entry["path"].strip("/").split("/")]:
            node = node.setdefault("*" if segment.startswith("{") else segment, {})
        node["/"] = operation
    return root


def find(method: str, path: str) -> Route | None:
    """Return the route, a fixed word going before a placeholder; None when there is no such operation."""
    node = _tree().get(method, {})
    ids: list[str] = []
    for segment in path.strip("/").split("/"):
        if segment in node:
            node = node[segment]
        elif "*" in node and segment:
            node = node["*"]
            ids.append(segment)
        else:
            return None
    operation = node.get("/")
    return Route(operation, tuple(ids)) if operation else None


def unrecognized(method: str, path: str) -> StripeError:
    """Build the 404 of a path that names nothing."""
    return StripeError(
        f"Unrecognized request URL ({method}: {path}). The emulator serves the paths of its contract only.",
        status=NOT_FOUND,
    )
