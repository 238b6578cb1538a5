"""Turn a stored object into the one a client sees: without private members, with its computed lists."""

from collections.abc import Callable

from stripe_emulator.storage.records import Records
from stripe_emulator.types import Obj

Renderer = Callable[[Records, Obj], None]
_RENDERERS: dict[str, Renderer] = {}
PRIVATE = "_sim"


def renders(kind: str) -> Callable[[Renderer], Renderer]:
    """Register the function that fills in the computed members of a kind."""

    def register(renderer: Renderer) -> Renderer:
        _RENDERERS[kind] = renderer
        return renderer

    return register


def render(records: Records, obj: Obj) -> Obj:
    """Return the object as answers and events show it; the stored one is not touched."""
    shown = {name: value for name, value in obj.items() if name != PRIVATE}
    renderer = _RENDERERS.get(obj.get("object", ""))
    if renderer is not None and not obj.get("deleted"):
        renderer(records, shown)
    return shown


def list_object(data: list[Obj], url: str, *, has_more: bool = False) -> Obj:
    """Return a list as it is embedded in objects and answered by list operations."""
    return {"object": "list", "data": data, "has_more": has_more, "url": url}
