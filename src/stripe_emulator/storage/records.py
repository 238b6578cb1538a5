"""A unit of work: what one request reads, changes, creates and announces, written in one transaction."""

import json
import time

from stripe_emulator.errors import missing_resource
from stripe_emulator.storage import rows
from stripe_emulator.storage.database import Database
from stripe_emulator.storage.query import Query
from stripe_emulator.types import Obj

NOUNS = {
    "checkout.session": "checkout.session",
    "line_item": "line item",
    "tax_rate": "tax rate",
    "test_helpers.test_clock": "test clock",
    "webhook_endpoint": "webhook endpoint",
}


class Records:
    """The objects of one account within one transaction; each id is loaded once and changed in place."""

    def __init__(self, db: Database, account: str) -> None:
        self.db = db
        self.account = account
        self._loaded: dict[str, tuple[Obj, bool]] = {}
        self._before: dict[str, str] = {}
        self._dirty: dict[str, Obj] = {}

    def find(self, identifier: str | None, kind: str) -> Obj | None:
        """Return a live object of this kind, or None."""
        found = self._fetch(identifier) if identifier else None
        if found is None or found[1] or found[0]["object"] != kind:
            return None
        return found[0]

    def get(self, kind: str, identifier: str, param: str = "id") -> Obj:
        """Return a live object; raises StripeError `resource_missing` naming `param`."""
        obj = self.find(identifier, kind)
        if obj is None:
            raise missing_resource(NOUNS.get(kind, kind), identifier, param)
        return obj

    def find_deleted(self, identifier: str, kind: str) -> Obj | None:
        """Return an object of this kind that was deleted, or None."""
        found = self._fetch(identifier)
        return found[0] if found and found[1] and found[0]["object"] == kind else None

    def add(self, obj: Obj) -> Obj:
        """Store a new object."""
        rows.insert(self.db, obj, self.account, time.time())
        self._loaded[obj["id"]] = (obj, False)
        self._before[obj["id"]] = "{}"
        return obj

    def save(self, obj: Obj) -> None:
        """Store the object's changes at the latest when the transaction ends."""
        self._dirty[obj["id"]] = obj

    def remove(self, obj: Obj) -> None:
        """Mark the object deleted."""
        self.flush()
        rows.mark_deleted(self.db, obj["id"])
        self._loaded[obj["id"]] = (obj, True)

    def before(self, obj: Obj) -> Obj:
        """Return the object as it was when this unit first saw it."""
        original: Obj = json.loads(self._before[obj["id"]])
        return original

    def complete(self, obj: Obj) -> None:
        """Take the present state as the one later changes are compared with."""
        self._before[obj["id"]] = json.dumps(obj)

    def select(self, query: Query) -> list[Obj]:
        """Return the objects a query finds, in its order, sharing what is already loaded."""
        self.flush()
        sql, values = query.build(self.account)
        return [self._adopt(body) for (body,) in self.db.execute(sql, values)]

    def count(self, query: Query) -> int:
        """Return how many objects a query finds."""
        self.flush()
        sql, values = query.count(self.account)
        return int(self.db.execute(sql, values).fetchone()[0])

    def flush(self) -> None:
        """Write what has been changed so far."""
        for obj in self._dirty.values():
            rows.update(self.db, obj)
        self._dirty.clear()

    def _fetch(self, identifier: str) -> tuple[Obj, bool] | None:
        if identifier not in self._loaded:
            found = rows.load(self.db, self.account, identifier)
            if found is None:
                return None
            self._loaded[identifier] = found
            self._before[identifier] = json.dumps(found[0])
        return self._loaded[identifier]

    def _adopt(self, body: str) -> Obj:
        obj: Obj = json.loads(body)
        if obj["id"] not in self._loaded:
            self._loaded[obj["id"]] = (obj, False)
            self._before[obj["id"]] = body
        return self._loaded[obj["id"]][0]
