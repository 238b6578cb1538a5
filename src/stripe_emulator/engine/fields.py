"""Copy parameters into objects: plain members and metadata."""

from collections.abc import Iterable

from stripe_emulator.errors import invalid
from stripe_emulator.types import Obj

MAX_PAIRS = 50


def copy(obj: Obj, params: Obj, names: Iterable[str]) -> None:
    """Set the members that the request gives; None clears one."""
    for name in names:
        if name in params:
            obj[name] = params[name]


def merge_metadata(obj: Obj, params: Obj, name: str = "metadata") -> None:
    """Merge metadata: an empty value removes its key, an empty `metadata` all of them."""
    if name not in params:
        return
    change = params[name]
    merged = {} if change is None else {**(obj["metadata"] or {}), **change}
    obj["metadata"] = {key: value for key, value in merged.items() if value is not None}
    if len(obj["metadata"]) > MAX_PAIRS:
        raise invalid(f"Metadata can have at most {MAX_PAIRS} keys.", param=name)


def exclusive(params: Obj, names: Iterable[str], shown: str = "") -> None:
    """Raise StripeError when the request gives more than one of these members."""
    given = [name for name in names if params.get(name) is not None]
    if len(given) > 1:
        listed = ", ".join(f"{shown}[{name}]" if shown else name for name in given)
        raise invalid(
            f"You may only specify one of these parameters: {listed}.", code="parameters_exclusive", param=given[0]
        )


def merge_object(current: Obj | None, change: Obj | None, names: Iterable[str]) -> Obj | None:
    """Return a nested object with the given members changed; None clears it."""
    if change is None:
        return None
    base = current or dict.fromkeys(names)
    return {**base, **change}
