"""Stripe's search language, a subset: `field:'v'`, `field~'v'`, `metadata['k']:'v'`, `-`, `>`, `<`, AND or OR."""

import re
import time
from dataclasses import dataclass

from stripe_emulator.engine.lists import page_size
from stripe_emulator.engine.operations import Args
from stripe_emulator.engine.render import render
from stripe_emulator.engine.unit import Unit
from stripe_emulator.errors import StripeError, invalid
from stripe_emulator.storage.query import Query
from stripe_emulator.types import Obj

CLAUSE = re.compile(
    r"""\s*(?P<minus>-)?(?P<field>\w+)(?:\[(?P<q>["'])(?P<key>.{1,40}?)(?P=q)\])?\s*
    (?P<op>:|~|>=|<=|>|<)\s*(?:(?P<q2>["'])(?P<text>.*?)(?P=q2)|(?P<bare>[\w.\-]+))\s*""",
    re.VERBOSE,
)
WORD = re.compile(r"\s*(AND|OR)\s+")
NUMERIC = {"created", "total", "amount"}
SQL_OPERATORS = {":": "=", ">": ">", "<": "<", ">=": ">=", "<=": "<="}


@dataclass(frozen=True, slots=True)
class Clause:
    """One condition as SQL with its values."""

    sql: str
    values: tuple[object, ...]


def search(unit: Unit, args: Args, kind: str, searchable: set[str]) -> Obj:
    """Return a page of what the query finds.

    The index lags: an object is not found before it is `search_lag` seconds of wall time old [assume: a change
    of an object that is in the index shows at once].
    """
    clauses, joint = _parse(args.params["query"], searchable)
    query = Query(kind)
    query.matching(f"({f' {joint} '.join(clause.sql for clause in clauses)})", *(v for c in clauses for v in c.values))
    query.matching("written <= ?", time.time() - unit.services.settings.search_lag)
    page = args.params.get("page")
    if page:
        query.matching("(created, seq) < (SELECT created, seq FROM objects WHERE id = ?)", page)
    query.limit = page_size(args.params) + 1
    found = unit.select(query)
    has_more = len(found) == query.limit
    shown = found[: query.limit - 1]
    return {
        "object": "search_result",
        "data": [render(unit, obj) for obj in shown],
        "has_more": has_more,
        "next_page": shown[-1]["id"] if has_more else None,
        "url": args.path,
    }


def _parse(text: str, searchable: set[str]) -> tuple[list[Clause], str]:
    clauses: list[Clause] = []
    words: list[str] = []
    position = 0
    while True:
        match = CLAUSE.match(text, position)
        if match is None:
            raise _unreadable(text)
        clauses.append(_clause(match, searchable))
        position = match.end()
        if position == len(text):
            break
        word = WORD.match(text, position)
        # A blank between two conditions means AND.
        words.append(word[1] if word else "AND")
        position = word.end() if word else position
    if len(set(words)) > 1:
        raise invalid("Search queries cannot mix AND and OR.", param="query")
    return clauses, words[0] if words else "AND"


def _clause(match: re.Match[str], searchable: set[str]) -> Clause:
    field, key, operator = match["field"], match["key"], match["op"]
    if field not in searchable and field != "metadata":
        raise invalid(f"Field `{field}` is unsupported for this resource.", param="query")
    path = f'$.metadata."{key}"' if key else f"$.{field}"
    value: object = match["text"] if match["text"] is not None else match["bare"]
    if field in NUMERIC:
        value = _number(str(value))
    elif operator not in (":", "~"):
        raise invalid(f"Field `{field}` has no order; compare it by `:`.", param="query")
    if match["bare"] == "null":
        condition = Clause("json_extract(body, ?) IS NULL", (path,))
    elif operator == "~":
        condition = Clause("instr(lower(json_extract(body, ?)), lower(?)) > 0", (path, value))
    elif field == "metadata" and key is None:
        raise invalid("Search metadata by key: metadata['key']:'value'.", param="query")
    else:
        condition = Clause(f"json_extract(body, ?) {SQL_OPERATORS[operator]} ?", (path, value))
    return Clause(f"NOT COALESCE({condition.sql}, 0)", condition.values) if match["minus"] else condition


def _number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise invalid(f"Search for a whole number instead of '{text}'.", param="query") from None


def _unreadable(text: str) -> StripeError:
    return invalid(
        f"The search query cannot be read: {text}. Write conditions like email:'a@b.c' joined by AND or OR.",
        param="query",
    )
