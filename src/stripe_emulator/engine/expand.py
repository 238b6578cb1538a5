"""Replace ids by objects, and add includable members, along the paths a request asks for."""

import copy
from collections.abc import Callable
from typing import Any

from stripe_emulator.engine.ids import PREFIXES
from stripe_emulator.engine.render import render
from stripe_emulator.engine.unit import Unit
from stripe_emulator.errors import invalid
from stripe_emulator.types import Obj

MAX_LEVELS = 4
KINDS = {prefix: kind for kind, prefix in PREFIXES.items()}
NAMED = {"coupon": "coupon", "product": "product"}
"""The members whose ids may be anything, since who makes the object may choose its id."""

Includer = Callable[[Unit, Obj], Any]
_INCLUDABLE: dict[tuple[str, str], Includer] = {}


def includes(kind: str, name: str) -> Callable[[Includer], Includer]:
    """Register the function that makes a member which is absent unless expanded."""

    def register(includer: Includer) -> Includer:
        _INCLUDABLE[kind, name] = includer
        return includer

    return register


def expand(unit: Unit, shown: Obj, paths: list[str]) -> Obj:
    """Return the rendered object with the paths expanded; raises StripeError for one that cannot be."""
    expanded = copy.deepcopy(shown) if paths else shown
    for path in paths:
        segments = path.split(".")
        if len([segment for segment in segments if segment != "data"]) > MAX_LEVELS:
            raise invalid(f"You cannot expand more than {MAX_LEVELS} levels of a property: {path}", param="expand")
        _walk(unit, expanded, segments, path)
    return expanded


def _walk(unit: Unit, node: Obj, segments: list[str], path: str) -> None:
    name, rest = segments[0], segments[1:]
    if name not in node:
        includer = _INCLUDABLE.get((node.get("object", ""), name))
        if includer is None:
            raise invalid(f"This property cannot be expanded ({path}).", param="expand")
        node[name] = includer(unit, node)
    elif isinstance(node[name], str):
        node[name] = _object_of(unit, node[name], path, NAMED.get(name))
    elif isinstance(node[name], list):
        node[name] = [_object_of(unit, one, path) if isinstance(one, str) else one for one in node[name]]
    elif not isinstance(node[name], dict | list | None):
        raise invalid(f"This property cannot be expanded ({path}).", param="expand")
    children = node[name] if isinstance(node[name], list) else [node[name]]
    for child in children:
        if rest and isinstance(child, dict):
            _walk(unit, child, rest, path)


def _object_of(unit: Unit, identifier: str, path: str, named: str | None = None) -> Obj:
    kind = named or KINDS.get(identifier.rpartition("_")[0])
    found = kind and (unit.find(identifier, kind) or unit.find_deleted(identifier, kind))
    if not found:
        raise invalid(f"This property cannot be expanded ({path}).", param="expand")
    return render(unit, found) if unit.find(identifier, found["object"]) else deleted(found)


def deleted(obj: Obj) -> Obj:
    """Return what is left to see of a deleted object."""
    return {"id": obj["id"], "object": obj["object"], "deleted": True}
