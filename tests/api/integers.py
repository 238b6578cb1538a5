"""Where a body of the OpenAPI document takes integers, and the same body with another one there."""

from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]


def with_integers(schema: Schema, body: Any, document: Schema, value: int) -> Iterator[tuple[str, Any]]:
    """Yield *body* once for each place that takes an integer, left out or not, with *value* there; and that place."""
    schema = _resolved(schema, document)
    for variant in [*schema.get("anyOf", ()), *schema.get("oneOf", ())]:
        yield from with_integers(variant, body, document, value) if _fits(_resolved(variant, document), body) else ()
    if schema.get("type") == "integer":
        yield "", value
    elif isinstance(body, dict):
        for name, part in _parts(schema, body).items():
            for place, changed in with_integers(part, body.get(name), document, value):
                yield f"{name}.{place}", {**body, name: changed}
    elif isinstance(body, list) and body:
        for place, changed in with_integers(schema.get("items", {}), body[0], document, value):
            yield f"0.{place}", [changed, *body[1:]]


def _parts(schema: Schema, body: Mapping[str, Any]) -> Mapping[str, Schema]:
    """Return the schemas of all fields that an object may have, and of those that this one has besides."""
    others = found if isinstance(found := schema.get("additionalProperties"), dict) else {}
    return dict.fromkeys(body, others) | dict(schema.get("properties", {}))


def _resolved(schema: Schema, document: Schema) -> Schema:
    if "$ref" not in schema:
        return schema
    found: Schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return found


def _fits(variant: Schema, body: Any) -> bool:
    """Tell whether a body may be of this variant: of one that names its type, only where that is the body's."""
    kind = variant.get("properties", {}).get("type", {}).get("const")
    return kind is None or (isinstance(body, dict) and body.get("type") == kind)
