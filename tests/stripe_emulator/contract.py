"""Check requests, answers and events against the contract file, independently of the server's own tables."""

import json
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from jsonschema_rs import Draft202012Validator, Registry, ValidationError

FILE = Path(__file__).parents[1] / "data" / "stripe" / "openapi-subset.json"
FORM = "application/x-www-form-urlencoded"
BASE = "urn:contract"


@cache
def contract() -> dict[str, Any]:
    """Return the contract with references that resolve against its own address."""
    text = FILE.read_text(encoding="utf-8").replace('"#/components', f'"{BASE}#/components')
    loaded: dict[str, Any] = json.loads(text)
    return loaded


@cache
def registry() -> Registry:
    return Registry(resources=[(BASE, contract())])


@cache
def validator(pointer: str) -> Draft202012Validator:
    """Return the validator of the schema at a JSON pointer of the contract."""
    return Draft202012Validator({"$ref": f"{BASE}#{pointer}"}, registry=registry())


def resolve(schema: dict[str, Any]) -> dict[str, Any]:
    """Follow references to the schema they name."""
    while "$ref" in schema:
        schema = contract()["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
    return schema


def template_of(method: str, path: str) -> str | None:
    """Return the contract's path for a real one, fixed words before placeholders."""
    segments = path.split("/")
    fitting = [
        template
        for template, methods in contract()["paths"].items()
        if method.lower() in methods and _fits(template.split("/"), segments)
    ]
    return min(fitting, key=lambda template: template.count("{"), default=None)


def _fits(template: list[str], segments: list[str]) -> bool:
    pairs = zip(template, segments, strict=False)
    return len(template) == len(segments) and all(a.startswith("{") or a == b for a, b in pairs)


def decode(encoded: str) -> dict[str, Any]:
    """Decode the bracket encoding as the Python client writes it: indexed arrays only."""
    tree: dict[str, Any] = {}
    for key, value in parse_qsl(encoded, keep_blank_values=True):
        parts = key.replace("]", "").split("[")
        node = tree
        for part in parts[:-1]:
            node = node.setdefault(part, {})
        node[parts[-1]] = value
    return tree


def typed(value: Any, schema: dict[str, Any]) -> Any:
    """Give the texts of a decoded tree the types its schema asks for, where they can have them."""
    schema = resolve(schema)
    if "anyOf" in schema:
        return _fitting(value, schema["anyOf"])
    kind = schema.get("type")
    if kind == "array" and isinstance(value, dict):
        return [typed(item, schema["items"]) for item in value.values()]
    if kind == "object" and isinstance(value, dict):
        known = schema.get("properties", {})
        return {name: typed(item, known.get(name, {})) for name, item in value.items()}
    if kind == "integer" and isinstance(value, str) and value.lstrip("-").isdigit():
        return int(value)
    if kind == "number" and isinstance(value, str):
        return float(value)
    return {"true": True, "false": False}.get(value, value) if kind == "boolean" else value


def _fitting(value: Any, choices: list[dict[str, Any]]) -> Any:
    candidates = [typed(value, choice) for choice in choices]
    for candidate, choice in zip(candidates, choices, strict=True):
        if Draft202012Validator(choice, registry=registry()).is_valid(candidate):
            return candidate
    return candidates[0]


def problems_of_request(method: str, url: str, body: str) -> list[str]:
    """Return what the contract has against a request."""
    parts = urlsplit(url)
    template = template_of(method, parts.path)
    if template is None:
        return [f"no such operation: {method} {parts.path}"]
    operation = contract()["paths"][template][method.lower()]
    schema = operation.get("x-querySchema") or operation["requestBody"]["content"][FORM]["schema"]
    tree = typed(decode(body if method.upper() == "POST" else parts.query), schema)
    found = Draft202012Validator(schema, registry=registry()).iter_errors(tree)
    return [f"{method} {parts.path} sends {_described(error)}" for error in found]


def problems_of_answer(method: str, url: str, status: int, body: dict[str, Any]) -> list[str]:
    """Return what the contract has against an answer; deleted objects have schemas of their own."""
    path = urlsplit(url).path
    template = template_of(method, path)
    if status != 200 or template is None:
        pointer = "/components/schemas/Error"
    elif body.get("deleted"):
        pointer = f"/components/schemas/{_deleted_schema(body['object'])}"
    else:
        escaped = template.replace("/", "~1").replace("{", "%7B").replace("}", "%7D")
        pointer = f"/paths/{escaped}/{method.lower()}/responses/200/content/application~1json/schema"
    return [f"{method} {path} answers {problem}" for problem in problems_at(pointer, body)]


def problems_of_event(event: dict[str, Any]) -> list[str]:
    """Return what the contract has against an event and the object it carries."""
    subject = event["data"]["object"]
    pointer = f"/components/schemas/{_schema_of(subject['object'])}"
    found = problems_at("/components/schemas/Event", event) + problems_at(pointer, subject)
    return [f"{event['type']} has {problem}" for problem in found]


def problems_at(pointer: str, body: Any) -> list[str]:
    return [_described(error) for error in validator(pointer).iter_errors(body)]


def _described(error: ValidationError) -> str:
    return f"{'.'.join(map(str, error.instance_path))}: {error.message[:300]}"


@cache
def _schema_of(kind: str) -> str:
    for name, schema in contract()["components"]["schemas"].items():
        if schema.get("properties", {}).get("object", {}).get("enum") == [kind] and not name.startswith("Deleted"):
            return str(name)
    raise LookupError(kind)


@cache
def _deleted_schema(kind: str) -> str:
    return f"Deleted{_schema_of(kind)}"
