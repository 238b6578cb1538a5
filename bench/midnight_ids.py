"""The ids of a bare plan of `midnight.py`, each in the place of one that the model's step had."""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any, Protocol
from uuid import UUID, uuid5

from psycopg.types.json import Json, Jsonb

NOUNS = ("customer", "realm", "account", "entry", "invoice", "line")
"""What `sql/midnight.sql` makes beside a plan, with ids that follow from the plan's."""
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Plan(Protocol):
    """A plan with its organization and whom it bills at Stripe."""

    @property
    def org_id(self) -> str:
        """Return the organization's id."""
        ...

    @property
    def plan_id(self) -> str:
        """Return the plan's id."""
        ...

    @property
    def payer(self) -> str:
        """Return the customer's id at Stripe."""
        ...


class Ids(dict[str, str]):
    """The ids of one plan by those of the model; what the model's step made has an id that follows from the plan's.

    Each worker has a model of its own, and another one may send the invoice that this one wrote: its id follows from
    the plan alone.
    """

    def __init__(self, model: Plan, invoice_id: str, plan: Plan) -> None:
        super().__init__({model.org_id: plan.org_id, model.plan_id: plan.plan_id, model.payer: plan.payer})
        self.update({made(model.plan_id, noun): made(plan.plan_id, noun) for noun in NOUNS})
        self[invoice_id] = made(plan.plan_id, "invoice of the step")
        self._plan = UUID(plan.plan_id)

    def __missing__(self, model: str) -> str:
        """Make one up."""
        self[model] = str(uuid5(self._plan, model))
        return self[model]

    def put(self, value: Any) -> Any:
        """Return a parameter with the ids that are in it replaced."""
        if isinstance(value, Mapping):
            return {name: self.put(one) for name, one in value.items()}
        if isinstance(value, Json | Jsonb):
            value = json.dumps(value.obj)
        if not isinstance(value, UUID | str):
            return value
        return _ID.sub(lambda found: self[found[0]], str(value))


def made(plan_id: str, noun: str) -> str:
    """Return the id that `md5(plan || noun)` is in PostgreSQL."""
    return str(UUID(hashlib.md5((plan_id + noun).encode(), usedforsecurity=False).hexdigest()))
