"""Forms that are sent again: by a double click, and from the browser's history; what then is otherwise is compared."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol

import httpx

from tests.api_environment import ApiEnvironment
from tests.page_forms import PageForm, posted_to
from tests.store.conftest import rows_of
from tests.waiting import PATIENCE

SEEN = frozenset({"console_session", "portal_link", "dry_run_chunk"})
"""Tables that tell when somebody was here last, or how far something is that goes on."""

GOES_ON = frozenset({"dry_run", "plan_batch"})
"""Tables whose rows alone are counted: they tell how far something is, and what it does to plans is compared."""

_AT_REST = 0.8
"""For how many seconds nothing has changed when nothing goes on any more: a workflow begins and ends within."""

Facts = tuple[list[object], object]


class Sender(Protocol):
    """Somebody's browser."""

    async def get(self, path: str, **query: str) -> httpx.Response: ...

    async def post(self, path: str, **form: str) -> httpx.Response: ...


@dataclass(frozen=True)
class SentForm:
    """A form to send: the address that it goes to, how its page is opened, and what is typed and pressed in it.

    `reopen` opens the page once more from the browser's history.
    """

    address: str
    open: Callable[[], Awaitable[httpx.Response]]
    reopen: Callable[[httpx.Response], Awaitable[httpx.Response]]
    typed: dict[str, str]


@dataclass(frozen=True)
class Outcomes:
    """What was otherwise before, after the first time, and after each further time that a form was sent."""

    before: Facts
    first: Facts
    again: Facts
    from_history: Facts
    responses: list[httpx.Response]


async def facts(env: ApiEnvironment, url: str) -> Facts:
    """Return all rows of the organization and what Stripe has, once nothing goes on any more."""
    last: Facts | None = None
    async with asyncio.timeout(PATIENCE):
        while (found := await _look(env, url)) != last:
            last = found
            await asyncio.sleep(_AT_REST)
    return found


async def _look(env: ApiEnvironment, url: str) -> Facts:
    rows = await asyncio.to_thread(rows_of, url, env.org_id)
    counts = (await env.control("GET", "/state?kind=none"))["counts"]
    return [row[:2] if row[0] in GOES_ON else row for row in rows if row[0] not in SEEN], counts


async def sent_again(env: ApiEnvironment, url: str, person: Sender, base: str, one: SentForm) -> Outcomes:
    """Send a form, send it again, and once more from its page in the browser's history where that still has it."""
    page, before = await one.open(), await facts(env, url)
    form = _form(page, f"{base}{one.address}")
    assert form, (str(page.url), alerts(page))
    sent = form.fields | one.typed
    responses = [await person.post(one.address, **sent)]
    first = await facts(env, url)
    responses.append(await person.post(one.address, **sent))
    again = await facts(env, url)
    if form := _form(await one.reopen(page), f"{base}{one.address}"):
        responses.append(await person.post(one.address, **form.fields | one.typed))
    return Outcomes(before, first, again, await facts(env, url), responses)


def check_done_once(found: Outcomes) -> None:
    """Check that the first time did something, every other nothing, and that none was told otherwise."""
    said = [(answer.status_code, alerts(answer)) for answer in found.responses]
    assert {status for status, _ in said} <= {HTTPStatus.OK, HTTPStatus.SEE_OTHER}, said
    assert not [texts for _, texts in said if texts], said
    assert found.first != found.before
    changed = [otherwise(found.first, later) for later in (found.again, found.from_history)]
    assert changed == [[], []], changed


def otherwise(one: Facts, other: Facts) -> list[object]:
    """Return what is not the same in two looks: rows of tables, and what Stripe has."""
    return [both for both in (*zip(one[0], other[0], strict=True), (one[1], other[1])) if both[0] != both[1]]


def alerts(page: httpx.Response) -> list[str]:
    """Return what a page says is wrong."""
    return re.findall(r'role="alert"[^>]*>([^<]*)', page.text)


def _form(page: httpx.Response, address: str) -> PageForm | None:
    return next(posted_to(page.text, address), None)
