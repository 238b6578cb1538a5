"""What `--json` prints: of whatever the HTTP API answers, what it answers."""

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from pydantic import BaseModel

from billflow.models import contracts
from billflow.models.contracts.access import ApiKeyRecord
from billflow.models.contracts.plans import PlanState
from billflow.models.contracts.responses import PlanResponse, ResourceResponse, left_out, shown_as


class ApiKeyResponse(ResourceResponse, ApiKeyRecord):
    """An API key."""

    org_id: str = left_out()
    key_id: str = shown_as("id", "key_id")


def as_answered(value: object) -> object:
    """Return *value* with every record in it as the API answers it: its own id is `id`."""
    if isinstance(value, BaseModel):
        kind = _kinds().get(type(value))
        return kind.model_validate(value, from_attributes=True) if kind else value
    if isinstance(value, Mapping):
        return {name: as_answered(held) for name, held in value.items()}
    return [as_answered(held) for held in value] if isinstance(value, list | tuple) else value


@cache
def _kinds() -> Mapping[type[BaseModel], type[BaseModel]]:
    """Return the answer that each record becomes: the class that derives from it and from `ResourceResponse`."""
    modules = [import_module(f"{contracts.__name__}.{one.name}") for one in iter_modules(contracts.__path__)]
    named = [held for module in modules for held in vars(module).values()]
    kinds: list[Any] = [one for one in named if isinstance(one, type) and ResourceResponse in one.__bases__]
    found = {base: kind for kind in (*kinds, ApiKeyResponse) for base in kind.__bases__}
    return {**found, PlanState: PlanResponse}
