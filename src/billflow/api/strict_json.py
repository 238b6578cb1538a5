"""Bodies taken at the OpenAPI document's word: no number is read out of a text, and no field is ignored.

Pydantic would take `"5"` or `true` for a number, and by itself leaves out what it does not know.
"""

from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]
Path = tuple[str | int, ...]

NOTHING_TAKES_THIS = object()
"""What stands in for a value of a type that is not announced; pydantic then says what it expected."""

_PLAIN: Mapping[type, frozenset[str]] = {
    bool: frozenset({"boolean"}),
    int: frozenset({"integer", "number"}),
    float: frozenset({"integer", "number"}),
    str: frozenset({"string"}),
}


def strict(
    schema: Schema, value: object, components: Mapping[str, Schema], unknown: list[Path], path: Path = ()
) -> object:
    """Return *value* with `NOTHING_TAKES_THIS` wherever its JSON type is not one that *schema* names.

    To JSON Schema 5.0 is an integer, and so it is to us. What *schema* has no field for is left out, and its path added
    to *unknown*; *path* is where *value* is.
    """
    kind = type(value)
    if kind not in _TYPE_DECIDES:
        return _checked(schema, value, components, unknown, path)
    known = _verdicts.get((id(schema), kind))
    if known is None or known[0] is not schema:
        if len(_verdicts) >= _MOST_KNOWN:
            _verdicts.clear()
        is_taken = _checked(schema, value, components, unknown, path) is not NOTHING_TAKES_THIS
        known = _verdicts[id(schema), kind] = schema, is_taken
    return value if known[1] else NOTHING_TAKES_THIS


_TYPE_DECIDES = frozenset({str, int, bool, type(None)})
"""Values of which their type alone says whether a schema takes them; a report of 10,000 seats has 30,000."""

_MOST_KNOWN = 10_000
_verdicts: dict[tuple[int, type], tuple[Schema, bool]] = {}


def _checked(
    schema: Schema, value: object, components: Mapping[str, Schema], unknown: list[Path], path: Path
) -> object:
    whole = [_resolved(part, components) for part in (schema, *schema.get("allOf", []))]
    variants = [variant for part in whole for variant in _variants(part, value, components)]
    if variants:
        return _as_one_of(variants, value, components, unknown, path)
    if isinstance(value, dict):
        known = {name: part for name in value if (part := _member(whole, name)) is not None}
        unknown += [(*path, name) for name in value if name not in known]
        return {name: strict(part, value[name], components, unknown, (*path, name)) for name, part in known.items()}
    if isinstance(value, list):
        items: Schema = next((part["items"] for part in whole if "items" in part), {})
        return [strict(items, held, components, unknown, (*path, n)) for n, held in enumerate(value)]
    if not all(_takes(part, value) for part in whole):
        return NOTHING_TAKES_THIS
    if isinstance(value, float) and value.is_integer() and any(part.get("type") == "integer" for part in whole):
        return int(value)
    return value


def _as_one_of(
    variants: list[Schema], value: object, components: Mapping[str, Schema], unknown: list[Path], path: Path
) -> object:
    """Return the value as the first variant that takes it whole sees it, or else as the first does."""
    found: list[tuple[object, list[Path]]] = []
    for variant in variants:
        left_out: list[Path] = []
        checked = strict(variant, value, components, left_out, path)
        found.append((checked, left_out))
        if not left_out and not _is_spoilt(checked):
            return checked
    first, left_out = found[0]
    unknown += left_out
    return first


def _resolved(schema: Schema, components: Mapping[str, Schema]) -> Schema:
    return components[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


def _variants(schema: Schema, value: object, components: Mapping[str, Schema]) -> list[Schema]:
    """Return what *value* may be, where *schema* offers a choice: of objects the one that it names."""
    told_by = schema.get("discriminator", {})
    if told_by and isinstance(value, dict):
        name = value.get(told_by["propertyName"])
        known = told_by["mapping"].get(name) if isinstance(name, str) else None
        return [_resolved({"$ref": known}, components)] if known else [{}]
    choices = [_resolved(one, components) for one in (*schema.get("anyOf", []), *schema.get("oneOf", []))]
    wanted = "object" if isinstance(value, dict) else "array" if isinstance(value, list) else None
    return [one for one in choices if wanted is None or one.get("type", wanted) == wanted] or choices


def _member(whole: list[Schema], name: str) -> Schema | None:
    """Return the schema of a member, an empty one where anything goes, None where there is no such member."""
    for part in whole:
        found = part.get("properties", {}).get(name, part.get("additionalProperties"))
        if isinstance(found, Mapping):
            return found
    return None if any(part.get("additionalProperties") is False for part in whole) else {}


def _takes(schema: Schema, value: object) -> bool:
    announced = schema.get("type")
    if announced is None or type(value) not in _PLAIN:
        return True
    names = {announced} if isinstance(announced, str) else set(announced)
    return bool(names & _PLAIN[type(value)])


def _is_spoilt(value: object) -> bool:
    if isinstance(value, dict):
        return any(map(_is_spoilt, value.values()))
    return any(map(_is_spoilt, value)) if isinstance(value, list) else value is NOTHING_TAKES_THIS
