"""The objects of an account at Stripe, as they were read or exported: JSON lines or a JSON list for each kind."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from billflow.domain.errors import InvalidInput

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
        return next((one["id"] for one in self.all("balances") if one["customer"] == customer_id), None)


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
            return _read(file)
    return None


def _read(file: Path) -> list[Obj]:
    text = file.read_text(encoding="utf-8")
    try:
        if file.suffix == ".jsonl":
            return [json.loads(line) for line in text.splitlines() if line.strip()]
        read = json.loads(text)
    except json.JSONDecodeError as error:
        raise InvalidInput(f"{file} is no JSON: {error.msg}, in line {error.lineno}.", field="folder") from None
    return list(read["data"] if isinstance(read, dict) else read)
