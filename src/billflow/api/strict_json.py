"""JSON types taken at their word: pydantic would take `"5"` or `true` for a number, the OpenAPI document does not."""

from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]

NOTHING_TAKES_THIS = object()
"""What stands in for a value of a type that is not announced; pydantic then says what it expected."""

_PLAIN: Mapping[type, frozenset[str]] = {
    bool: frozenset({"boolean"}),
    int: frozenset({"integer", "number"}),
    float: frozenset({"integer", "number"}),
    str: frozenset({"string"}),
}


def strict(schema: Schema, value: object, components: Mapping[str, Schema]) -> object:
    """Return *value* with `NOTHING_TAKES_THIS` wherever its JSON type is not one that *schema* names.

    To JSON Schema 5.0 is an integer, and so it is to us.
    """
    whole = [_resolved(part, components) for part in (schema, *schema.get("allOf", []))]
    variants = [variant for part in whole for variant in _variants(part, value, components)]
    if variants:
        checked = [strict(variant, value, components) for variant in variants]
        return next((one for one in checked if not _is_spoilt(one)), checked[0])
    if isinstance(value, dict):
        return {name: _member(whole, name, held, components) for name, held in value.items()}
    if isinstance(value, list):
        items: Schema = next((part["items"] for part in whole if "items" in part), {})
        return [strict(items, held, components) for held in value]
    if not all(_takes(part, value) for part in whole):
        return NOTHING_TAKES_THIS
    if isinstance(value, float) and value.is_integer() and any(part.get("type") == "integer" for part in whole):
        return int(value)
    return value


def _resolved(schema: Schema, components: Mapping[str, Schema]) -> Schema:
    return components[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


def _variants(schema: Schema, value: object, components: Mapping[str, Schema]) -> list[Schema]:
    """Return what *value* may be, where *schema* offers a choice: of objects the one that it names."""
    told_by = schema.get("discriminator", {})
    name = value.get(told_by.get("propertyName")) if isinstance(value, dict) else None
    if isinstance(name, str) and name in told_by.get("mapping", {}):
        return [_resolved({"$ref": told_by["mapping"][name]}, components)]
    choices = [_resolved(one, components) for one in (*schema.get("anyOf", []), *schema.get("oneOf", []))]
    wanted = "object" if isinstance(value, dict) else "array" if isinstance(value, list) else None
    return [one for one in choices if wanted is None or one.get("type", wanted) == wanted] or choices


def _member(whole: list[Schema], name: str, held: object, components: Mapping[str, Schema]) -> object:
    for part in whole:
        found = part.get("properties", {}).get(name, part.get("additionalProperties"))
        if isinstance(found, Mapping):
            return strict(found, held, components)
    return held


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
