"""Pages from templates: every value is escaped, and amounts, moments and codes are written for people."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment

from billflow.domain.currencies import format_amount
from billflow.pages.templates import templates_of, version_of

BASE = "/console"
SHORT = 8
"""How much of an id is shown; it is enough to find the thing again."""

NOTHING = "–"
_PACKAGE = "billflow.console"


def page(request: Request, template: str, *, status: int = 200, **context: Any) -> HTMLResponse:
    """Return a page; *context* is what its template shows."""
    record = getattr(request.state, "console_session", None)
    principal = getattr(request.state, "principal", None)
    shared = {"base": BASE, "signed_in": record, "principal": principal, "version": version_of(_PACKAGE), "q": ""}
    return HTMLResponse(_templates().get_template(template).render({**shared, **context}), status)


def amount(minor_units: int | None, currency: str) -> str:
    """Write an amount in minor units of *currency*."""
    return NOTHING if minor_units is None else format_amount(minor_units, currency)


def moment(at: datetime | None) -> str:
    """Write a moment in UTC, to the minute."""
    return NOTHING if at is None else f"{at:%Y-%m-%d %H:%M}"


def day(at: datetime | None) -> str:
    """Write a day, UTC."""
    return NOTHING if at is None else f"{at.day} {at:%b %Y}"


def words(code: object) -> str:
    """Write a code of ours as words."""
    return str(code).replace("_", " ").replace(".", " ")


def who(actor: str | None, key_name: str | None = None) -> str:
    """Write who did something: a person by name, an API key by *key_name* or the beginning of its id."""
    if actor is None:
        return NOTHING
    kind, _, name = actor.partition(":")
    said = {
        "key": f"API key {key_name or short(name)}",
        "console": name,
        "portal": "the customer",
        "system": "billflow",
    }
    return said.get(kind, actor)


def short(text_id: str | None) -> str:
    """Return the part of an id that is shown."""
    return text_id[:SHORT] if text_id else NOTHING


def counted(count: int, one: str, many: str = "") -> str:
    """Write a number of things: `1 license`, `2 licenses`."""
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"


def address(parts: Mapping[str, Any]) -> str:
    """Write an address in one line, the way it is read."""
    read = ("street", "street2", "postal_code", "city", "state", "country")
    return ", ".join(str(parts[name]) for name in read if parts.get(name))


def data(value: object) -> str:
    """Write a value of recorded data: texts as they are, the rest as JSON."""
    if value is None:
        return NOTHING
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


_FILTERS: tuple[Callable[..., str], ...] = (amount, moment, day, words, who, short, counted, address, data)


@cache
def _templates() -> Environment:
    return templates_of(_PACKAGE, _FILTERS)
