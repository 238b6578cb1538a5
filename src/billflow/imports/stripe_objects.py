"""The objects of an account at Stripe, as they were read or exported: JSON lines or a JSON list for each kind."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from billflow.domain.errors import BillingError, InvalidInput
from billflow.imports.objects import read_objects

Obj = dict[str, Any]

KINDS = (
    "products",
    "prices",
    "coupons",
    "customers",
    "subscriptions",
    "subscription_schedules",
    "invoices",
    "balances",
)


@dataclass(frozen=True, slots=True)
class AccountObjects:
    """Objects by kind and id; of each the one that was read last."""

    by_kind: dict[str, dict[str, Obj]] = field(default_factory=dict)

    def all(self, kind: str) -> list[Obj]:
        """Return the objects of a kind."""
        return list(self.by_kind.get(kind, {}).values())

    def get(self, kind: str, identifier: str | None) -> Obj | None:
        """Return an object, None where it was not read."""
        return self.by_kind.get(kind, {}).get(identifier or "")

    def newest_balance(self, customer_id: str) -> str | None:
        """Return the newest entry of a customer's balance, None where none was read."""
        return next((one["id"] for one in self.all("balances") if one.get("customer") == customer_id), None)


def load_objects(folder: Path) -> AccountObjects:
    """Return what a folder holds; raises `InvalidInput` where customers or subscriptions are missing."""
    found = {kind: _of_kind(folder, kind) for kind in KINDS}
    for kind in ("customers", "subscriptions"):
        if found[kind] is None:
            raise InvalidInput(
                f"{folder} has no {kind}.jsonl; let --read fetch it, or put what Stripe exported there.", field="folder"
            )
    return AccountObjects({kind: {one["id"]: one for one in objects or []} for kind, objects in found.items()})


def _of_kind(folder: Path, kind: str) -> list[Obj] | None:
    for file in (folder / f"{kind}.jsonl", folder / f"{kind}.json"):
        if file.exists():
            return [_identified(number, one, file) for number, one in read_objects(file)]
    return None


def _identified(number: int, one: Obj, file: Path) -> Obj:
    if not isinstance(one.get("id"), str):
        raise InvalidInput(f"{file}, number {number}, has no id; export what Stripe's API answers.", field="folder")
    customer = one.get("customer")  # an export may have the customer itself there
    return {**one, "customer": customer.get("id")} if isinstance(customer, dict) else one


@contextmanager
def readable(what: str) -> Iterator[None]:
    """Refuse an object that is not as Stripe's API answers, such as one that an older version of it exported."""
    try:
        yield
    except BillingError:
        raise
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, ArithmeticError, StopIteration) as error:
        lacks = f" ({error.args[0]!r} is missing)" if isinstance(error, KeyError) else ""
        raise InvalidInput(
            f"The {what} is not as Stripe's API answers{lacks}; let --read fetch it.", code="unreadable_object"
        ) from None
