"""Two clients that do the same calls, one of them with `await`; both try again what may work a moment later."""

import random
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any, Self, TypeVar

import httpx

from billflow.client.calls import Call
from billflow.client.errors import ServerUnreachable, error_of
from billflow.client.lists import ListPart

Answer = TypeVar("Answer")
Row = TypeVar("Row")

BASE_PATH = "/api/v1"
PATIENCE_SECONDS = 90.0
"""Starting a plan waits up to a minute for the card."""

_TRY_AGAIN = frozenset({429, 502, 503, 504})
_IN_USE = "idempotency_key_in_use"
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 30.0
_CLIENT_ERROR = 400


@dataclass(frozen=True)
class Retries:
    """How often a call is sent, the first time included; pauses double, and `Retry-After` is kept to."""

    attempts: int = 5

    def pause(self, tried: int, answer: httpx.Response | None) -> float | None:
        """Return the seconds to wait after the *tried*-th time, None where it is over."""
        if answer is not None and not _is_passing(answer):
            return None
        if tried >= self.attempts:
            return None
        asked: str = answer.headers.get("Retry-After", "") if answer is not None else ""
        if asked.isdecimal():
            return min(float(asked), _LONGEST_PAUSE)
        longest: float = min(_FIRST_PAUSE * 2 ** (tried - 1), _LONGEST_PAUSE)
        return longest * (0.5 + random.random() / 2)  # noqa: S311  (spreads callers, guards nothing)


def _is_passing(answer: httpx.Response) -> bool:
    return answer.status_code in _TRY_AGAIN or (answer.is_error and _IN_USE in answer.text)


def _read(call: Call[Answer], answer: httpx.Response | None) -> Answer:
    if answer is None:
        raise ServerUnreachable(
            "The API can't be reached; whether it was done is unknown, so ask again with the same call."
        )
    if _is_passing(answer):
        told = error_of(answer.status_code, answer.content)
        raise ServerUnreachable(told.message, code=told.code)
    if answer.status_code >= _CLIENT_ERROR:
        raise error_of(answer.status_code, answer.content)
    return call.read(answer.content)


def _request(call: Call[Any]) -> dict[str, Any]:
    headers = {"Idempotency-Key": call.idempotency_key} if call.idempotency_key else {}
    url = f"{BASE_PATH}{call.path}"
    return {"method": call.method, "url": url, "params": call.params, "json": call.body, "headers": headers}


def _options(url: str, key: str) -> dict[str, Any]:
    return {"base_url": url, "headers": {"Authorization": f"Bearer {key}"}, "timeout": PATIENCE_SECONDS}


class Client:
    """Asks one billflow with one API key, and waits for each answer.

    `do` raises the kind of error that `billflow.errors` has for the API's status, such as `InvalidInput`, `NotFound` or
    `Refused`, with the API's code; `ServerUnreachable` where no answer came; `ApiError` where it isn't billflow's.
    """

    def __init__(self, url: str, key: str, *, retries: Retries | None = None, **options: Any) -> None:
        self._http = httpx.Client(**_options(url, key), **options)
        self._retries = retries or Retries()

    def do(self, call: Call[Answer]) -> Answer:
        """Make a call and return its answer."""
        tried = 1
        while (pause := self._retries.pause(tried, answer := self._send(call))) is not None:
            time.sleep(pause)
            tried += 1
        return _read(call, answer)

    def each(self, call: Call[ListPart[Row]]) -> Iterator[Row]:
        """Yield every row of a list, asking for one part after the other; raises what `do` raises."""
        part = self.do(call)
        yield from part.rows
        while part.next is not None:
            part = self.do(call.going_on(part.next))
            yield from part.rows

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        """Return the client itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self.close()

    def _send(self, call: Call[Any]) -> httpx.Response | None:
        try:
            return self._http.request(**_request(call))
        except httpx.TransportError:
            return None


class AsyncClient:
    """The same with `await`."""

    def __init__(self, url: str, key: str, *, retries: Retries | None = None, **options: Any) -> None:
        self._http = httpx.AsyncClient(**_options(url, key), **options)
        self._retries = retries or Retries()

    async def do(self, call: Call[Answer]) -> Answer:
        """Make a call and return its answer; raises what `Client.do` raises."""
        import asyncio

        tried = 1
        while (pause := self._retries.pause(tried, answer := await self._send(call))) is not None:
            await asyncio.sleep(pause)
            tried += 1
        return _read(call, answer)

    async def each(self, call: Call[ListPart[Row]]) -> AsyncIterator[Row]:
        """Yield every row of a list, asking for one part after the other; raises what `do` raises."""
        part = await self.do(call)
        for row in part.rows:
            yield row
        while part.next is not None:
            part = await self.do(call.going_on(part.next))
            for row in part.rows:
                yield row

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        """Return the client itself."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the connections."""
        await self.close()

    async def _send(self, call: Call[Any]) -> httpx.Response | None:
        try:
            return await self._http.request(**_request(call))
        except httpx.TransportError:
            return None
