"""Compile the parameter table into functions that check a decoded tree and give it its types."""

from collections.abc import Callable
from functools import cache
from typing import Any

from stripe_emulator.contract.table import parameters
from stripe_emulator.errors import StripeError, invalid
from stripe_emulator.types import Obj
from stripe_emulator.wire import scalars

Coerce = Callable[[Any, str], Any]


@cache
def for_operation(operation_id: str) -> Coerce:
    """Return the compiled check of an operation's parameters; `""` comes back as None, meaning unset."""
    return _compile(parameters()["operations"][operation_id]["params"])


@cache
def _shared(name: str) -> Coerce:
    return _compile(parameters()["shared"][name])


def _compile(schema: Any) -> Coerce:
    if isinstance(schema, str):
        return scalars.BY_NAME[schema]
    form = next(name for name in _FORMS if name in schema)
    return _FORMS[form](schema)


def _reference(schema: Obj) -> Coerce:
    """Compile a shared object on its first use: some of them contain each other."""
    name = schema["ref"]

    def check(value: Any, path: str) -> Any:
        return _shared(name)(value, path)

    return check


def _child(path: str, name: str) -> str:
    return f"{path}[{name}]" if path else name


def _object(schema: Obj) -> Coerce:
    fields = {name: _compile(value) for name, value in schema["object"].items()}
    required = schema["required"]

    def check(value: Any, path: str) -> Obj | None:
        if value == "":
            return None
        if not isinstance(value, dict):
            raise invalid("Invalid object", param=path)
        known = {}
        for name, item in value.items():
            field = fields.get(name)
            if field is None:
                unknown = _child(path, name)
                raise invalid(f"Received unknown parameter: {unknown}", code="parameter_unknown", param=unknown)
            known[name] = field(item, _child(path, name))
        for name in required:
            if known.get(name) is None:
                absent = _child(path, name)
                raise invalid(f"Missing required param: {absent}.", code="parameter_missing", param=absent)
        return known

    return check


def _array(schema: Obj) -> Coerce:
    item = _compile(schema["array"])

    def check(value: Any, path: str) -> list[Any] | None:
        if value == "":
            return None
        if isinstance(value, dict) and all(key.isdigit() for key in value):
            value = [value[key] for key in sorted(value, key=int)]
        if not isinstance(value, list):
            raise invalid("Invalid array", param=path)
        return [item(entry, _child(path, str(index))) for index, entry in enumerate(value)]

    return check


def _map(value: Any, path: str) -> Obj | None:
    if value == "":
        return None
    if not isinstance(value, dict):
        raise invalid("Invalid object", param=path)
    return {name: scalars.map_entry(name, item, path) for name, item in value.items()}


def _union(schema: Obj) -> Coerce:
    schemas = schema["union"]
    choices = [_compile(choice) for choice in schemas]
    unsettable = any(isinstance(s, dict) and "" in s.get("enum", ()) for s in schemas)
    useful = [check for check, s in zip(choices, schemas, strict=True) if s != {"enum": [""]}]

    def check(value: Any, path: str) -> Any:
        if value == "" and unsettable:
            return None
        problem: StripeError | None = None
        for choice in useful:
            try:
                return choice(value, path)
            except StripeError as error:
                problem = problem if problem and problem.code else error
        raise problem or invalid("Invalid value", param=path)

    return check


_FORMS: dict[str, Callable[[Obj], Coerce]] = {
    "ref": _reference,
    "enum": lambda schema: scalars.enumeration(schema["enum"]),
    "array": _array,
    "map": lambda _: _map,
    "union": _union,
    "object": _object,
}
