"""Decode Stripe's bracket encoding (`a[b]=1`, `a[0][b]=1`, `a[]=1`) into a tree of dicts, lists and strings."""

from urllib.parse import parse_qsl

from stripe_emulator.errors import StripeError, invalid
from stripe_emulator.types import Obj

MAX_DEPTH = 12
MAX_FIELDS = 20_000


def decode(encoded: str) -> Obj:
    """Return the tree; indexed arrays stay dicts with digit keys until a schema says they are arrays.

    Raises StripeError for unbalanced brackets, too many fields or a value where an object already is.
    """
    try:
        pairs = parse_qsl(encoded, keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError:
        raise invalid(f"The request has more than {MAX_FIELDS} parameters.") from None
    tree: Obj = {}
    for key, value in pairs:
        _place(tree, _split(key), value, key)
    return tree


def _split(key: str) -> list[str]:
    head, bracket, rest = key.partition("[")
    if not bracket:
        return [key]
    parts = [head, *rest[:-1].split("][")]
    balanced = head and rest.endswith("]") and not any("[" in part or "]" in part for part in parts)
    if not balanced or len(parts) > MAX_DEPTH:
        raise invalid(f"Invalid parameter name: {key}. Brackets must balance.", param=key)
    return parts


def _place(tree: Obj, parts: list[str], value: str, key: str) -> None:
    """Put a value at its place; a last part that is empty appends to a list."""
    appends = parts[-1] == "" and len(parts) > 1
    path = parts[:-1]
    node = tree
    for part in path[:-1] if appends else path:
        node = node.setdefault(part, {})
        if not isinstance(node, dict):
            raise _two_shapes(key)
    if appends:
        items = node.setdefault(path[-1], [])
        if not isinstance(items, list):
            raise _two_shapes(key)
        items.append(value)
    elif isinstance(node.get(parts[-1]), dict | list):
        raise _two_shapes(key)
    else:
        node[parts[-1]] = value


def _two_shapes(key: str) -> StripeError:
    return invalid(f"Invalid parameter: {key} is given in two shapes.", param=key)
