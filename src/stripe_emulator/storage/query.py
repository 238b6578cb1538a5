"""Describe a search through the objects and turn it into SQL."""

from dataclasses import dataclass, field
from typing import Any

COLUMNS = {"customer", "invoice", "payment_intent", "status", "email", "created"}
NARROW = ("customer =", "invoice =", "payment_intent =", "email =")
COMPARISONS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


@dataclass(slots=True)
class Query:
    """Objects of one kind; add conditions, then give the order and the limit.

    `ascending` sorts by the order of creation; otherwise the newest comes first, as in Stripe's lists, and
    with `closest_first` the oldest, which is what lies next to an `ending_before` cursor.
    """

    kind: str
    ascending: bool = False
    limit: int | None = None
    closest_first: bool = False
    _where: list[str] = field(default_factory=list)
    _values: list[Any] = field(default_factory=list)

    def where(self, name: str, value: Any) -> "Query":
        """Keep objects whose member equals `value`; None keeps those where it is null."""
        column = name if name in COLUMNS else f"json_extract(body, '$.{name}')"
        if value is None:
            return self.matching(f"{column} IS NULL")
        return self.matching(f"{column} = ?", value)

    def between(self, name: str, bounds: Any) -> "Query":
        """Keep objects whose number equals `bounds`, or lies within its gt, gte, lt and lte."""
        if not isinstance(bounds, dict):
            return self.where(name, bounds)
        column = name if name in COLUMNS else f"json_extract(body, '$.{name}')"
        for word, bound in bounds.items():
            self.matching(f"{column} {COMPARISONS[word]} ?", bound)
        return self

    def among(self, name: str, values: list[str]) -> "Query":
        """Keep objects whose member is one of the values."""
        return self.matching(f"{name} IN ({', '.join('?' * len(values))})", *values)

    def matching(self, condition: str, *values: Any) -> "Query":
        """Keep objects for which an SQL condition holds."""
        self._where.append(condition)
        self._values.extend(values)
        return self

    def build(self, account: str) -> tuple[str, tuple[Any, ...]]:
        """Return the statement that selects the bodies, and its values."""
        order = "seq ASC" if self.ascending else "created DESC, seq DESC"
        order = "created ASC, seq ASC" if self.closest_first else order
        limit = "" if self.limit is None else f" LIMIT {self.limit:d}"
        return self._select("body", account, f" ORDER BY {order}{limit}")

    def count(self, account: str) -> tuple[str, tuple[Any, ...]]:
        """Return the statement that counts the objects, and its values."""
        return self._select("COUNT(*)", account, "")

    def _select(self, what: str, account: str, tail: str) -> tuple[str, tuple[Any, ...]]:
        narrow = any(condition.startswith(NARROW) for condition in self._where)
        # The plus keeps SQLite from choosing the index of states over that of one customer or invoice.
        chosen = [f"+{text}" if narrow and text.startswith("status") else text for text in self._where]
        conditions = " AND ".join(["account = ?", "kind = ?", "deleted = 0", *chosen])
        sql = f"SELECT {what} FROM objects WHERE {conditions}{tail}"  # noqa: S608 - values are bound
        return sql, (account, self.kind, *self._values)
