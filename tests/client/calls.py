"""Every call that the client makes, by what its functions' parameters may be."""

import inspect
import pkgutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from enum import Enum
from importlib import import_module
from types import ModuleType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel

import billflow.client
from billflow.client import Call
from billflow.domain.commands import SetLicenses

TIERS = {"team": {"name": "Team", "seats": {"count": "users"}, "prices": {"EUR": {"monthly": 900}}}}
ADD_ONS = {"storage": {"name": "Storage", "prices": {"EUR": {"monthly": 500}}}}
CHOICES: Mapping[str, Any] = {
    "add_ons": ADD_ONS,
    "email": "kim@acme.example",
    "image": b'<svg xmlns="http://www.w3.org/2000/svg"/>',
    "kind": "http",
    "return_url": "https://app.example/",
    "tiers": TIERS,
}
"""Parameters that take only some values of their type."""

PLAIN: Mapping[type, Any] = {
    int: 7,
    bool: True,
    datetime: datetime(2027, 1, 31, tzinfo=UTC),
    SetLicenses: SetLicenses(licenses=7),
}

FREE: Mapping[str, Mapping[str, Any]] = {
    "customers.create": {"default_currency": "EUR"},
    "customers.onboard": {"project": {"name": "Sales"}, "plan": {"schedule": "monthly"}},
    "customers.update": {"name": "Acme"},
    "customers.update_settings": {"changes": {"features": {"max_projects": 20}}},
    "plans.start": {"licenses": 7},
}
"""Fields that go by their names alone, as one might give them."""


def nouns() -> Mapping[str, ModuleType]:
    """Return the client's modules that make calls, by their names."""
    found = {
        one.name: import_module(f"billflow.client.{one.name}") for one in pkgutil.iter_modules(billflow.client.__path__)
    }
    return {name: module for name, module in found.items() if name not in ("calls", "clients", "errors", "lists")}


def functions() -> Iterator[tuple[str, Callable[..., Call[Any]]]]:
    """Yield every function that makes a call, with its name: those of what a module returns as well."""
    for noun, module in nouns().items():
        for name, function in vars(module).items():
            if not inspect.isfunction(function) or name.startswith("_") or function.__module__ != module.__name__:
                continue
            made = get_type_hints(function)["return"]
            if get_origin(made) is Call:
                yield f"{noun}.{name}", function
                continue
            below = function(*(["OF"] * len(inspect.signature(function).parameters)))
            for method in (name for name in vars(made) if not name.startswith("_") and callable(getattr(made, name))):
                yield f"{noun}.{name}.{method}", getattr(below, method)


def call(name: str, function: Callable[..., Call[Any]], *, whole: bool) -> Call[Any]:
    """Return a call of a function, with all it may be given where *whole*, else with what it must be."""
    hints, given = get_type_hints(function), dict(FREE.get(name, {}))
    for parameter in inspect.signature(function).parameters.values():
        wanted = parameter.name not in given and parameter.kind is not inspect.Parameter.VAR_KEYWORD
        if wanted and (whole or parameter.default is parameter.empty):
            given[parameter.name] = sample(parameter.name, hints[parameter.name])
    return function(**given)


def sample(name: str, kind: Any) -> Any:
    """Return something that a parameter may be."""
    if name in CHOICES:
        return CHOICES[name]
    if get_origin(kind) is Sequence:
        return [sample(name, get_args(kind)[0])]
    if get_origin(kind) in (UnionType, Union):
        kind = SetLicenses if SetLicenses in get_args(kind) else get_args(kind)[0]
    if issubclass(kind, BaseModel):
        return kind.model_validate(_example(kind))
    return next(iter(kind)) if issubclass(kind, Enum) else {**PLAIN, str: name.upper()}[kind]


def _example(kind: type[BaseModel]) -> dict[str, Any]:
    described: dict[str, Any] = kind.model_json_schema()
    examples = described.get("examples") or [EXAMPLES.get(kind.__name__, {})]
    return dict(examples[0])


EXAMPLES: Mapping[str, dict[str, Any]] = {
    "AuditRoot": {
        "org_id": "8a30d2c4-0000-4000-8000-000000000000",
        "day": "2026-07-01",
        "first_position": 1,
        "last_position": 812,
        "root": "00",
        "key_id": "first",
    },
    "CustomerImport": {"customer": {"external_id": "cus_1", "name": "Acme", "email": "kim@acme.example"}},
    "OfferCreate": {"tier": "team", "fixed_price": 1200000},
}
"""Bodies whose examples are in the API's document."""
