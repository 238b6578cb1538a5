"""Write `parameters.json` and `blanks.json` from the contract: `python -m stripe_emulator.contract.generate FILE`."""

import json
import sys
from pathlib import Path
from typing import Any

from stripe_emulator.types import Obj

HERE = Path(__file__).parent
FORM = "application/x-www-form-urlencoded"
EXTRA_BLANKS = [
    "PaymentMethod.Card",
    "PaymentMethod.SepaDebit",
    "PaymentMethod.UsBankAccount",
    "Charge.Outcome",
    "Charge.PaymentMethodDetails.Card",
    "Charge.PaymentMethodDetails.SepaDebit",
    "Charge.PaymentMethodDetails.UsBankAccount",
    "SubscriptionSchedule.Phase.Item",
]


def compact(schema: Obj) -> object:
    """Return the short form of a parameter schema that `wire.coerce` compiles."""
    if "$ref" in schema:
        return {"ref": schema["$ref"].rsplit("/", 1)[-1]}
    if "anyOf" in schema:
        return compact_union([compact(choice) for choice in schema["anyOf"]])
    if "enum" in schema:
        return {"enum": schema["enum"]}
    if schema.get("type") == "array":
        return {"array": compact(schema["items"])}
    if schema.get("type") == "object":
        return compact_object(schema)
    return "decimal" if schema.get("format") == "decimal" else schema["type"]


def compact_union(choices: list[Any]) -> object:
    """Return the choices; beside a list of values, "any text" only says that the list may grow."""
    listed = [choice for choice in choices if isinstance(choice, dict) and len(choice.get("enum", [])) > 1]
    if listed and "string" in choices:
        choices = [choice for choice in choices if choice != "string"]
    return {"union": choices}


def compact_object(schema: Obj) -> object:
    """Return the short form of an object: free, a map, or with named properties."""
    if schema.get("x-pruned"):
        return "any"
    extra = schema.get("additionalProperties")
    if isinstance(extra, dict):
        return {"map": compact(extra)}
    properties = {name: compact(value) for name, value in schema.get("properties", {}).items()}
    return {"object": properties, "required": schema.get("required", [])}


def parameters(contract: Obj) -> Obj:
    """Return every operation with its route and parameters, and the parameter objects they share."""
    operations: Obj = {}
    for path, methods in contract["paths"].items():
        for method, operation in methods.items():
            body = operation.get("requestBody", {}).get("content", {}).get(FORM, {}).get("schema")
            schema = body or operation.get("x-querySchema") or {"type": "object"}
            operations[operation["operationId"]] = {
                "method": method.upper(),
                "path": path,
                "params": compact(schema),
            }
    schemas = contract["components"]["schemas"]
    shared = {name: compact(schema) for name, schema in schemas.items() if "Params" in name}
    return {"operations": operations, "shared": shared}


def is_nullable(schema: Obj) -> bool:
    """Say whether null is a value of the schema."""
    kind = schema.get("type")
    return (isinstance(kind, list) and "null" in kind) or {"type": "null"} in schema.get("anyOf", [])


def blank_value(schema: Obj, schemas: Obj) -> object:
    """Return the emptiest value a schema allows."""
    if is_nullable(schema):
        return None
    if "$ref" in schema:
        return blank(schemas[schema["$ref"].rsplit("/", 1)[-1]], schemas)
    if len(schema.get("enum", [])) == 1:
        return schema["enum"][0]
    if schema.get("type") == "object":
        return blank(schema, schemas)
    empty: Obj = {"array": [], "boolean": False, "integer": 0, "number": 0}
    return empty.get(schema.get("type", "string"), "")


def blank(schema: Obj, schemas: Obj) -> Obj:
    """Return an object with every required property at its emptiest value."""
    required = schema.get("required", [])
    properties = schema.get("properties", {})
    return {name: blank_value(properties[name], schemas) for name in properties if name in required}


def blanks(contract: Obj) -> Obj:
    """Return a blank for each resource, by its `object` name, and for the parts named in `EXTRA_BLANKS`."""
    schemas = contract["components"]["schemas"]
    made: Obj = {name: blank(schemas[name], schemas) for name in EXTRA_BLANKS}
    for name, schema in schemas.items():
        kind = schema.get("properties", {}).get("object", {}).get("enum")
        if kind and not name.startswith("Deleted"):
            made[kind[0]] = blank(schema, schemas)
    return made


def main() -> None:
    """Write both files next to this module."""
    contract = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    for name, data in (("parameters.json", parameters(contract)), ("blanks.json", blanks(contract))):
        text = json.dumps(data, separators=(",", ":"), sort_keys=True)
        (HERE / name).write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
