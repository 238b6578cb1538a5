"""How the requests of Stripe's client are sent: by aiohttp, which takes a fifth of the CPU that httpx takes for one."""

import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from http import HTTPStatus
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
import stripe
from pydantic_core import from_json, to_json

_read: ContextVar[Sequence[str]] = ContextVar("fields of answers that are read", default=())


@contextmanager
def reading_only(fields: Sequence[str]) -> Iterator[None]:
    """Leave out all other fields of what Stripe answers inside, before its client parses and formats the answer."""
    token = _read.set(fields)
    try:
        yield
    finally:
        _read.reset(token)


class AiohttpTransport(stripe.HTTPClient):
    """Sends requests by a session; Stripe's own way of doing so lets what becomes of a cut answer through as it is."""

    name = "aiohttp"

    def __init__(self, session: aiohttp.ClientSession) -> None:
        super().__init__()
        self._session = session

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: str | None = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        """Return body, status and headers of the answer; raises `stripe.APIConnectionError` where none came whole."""
        body = post_data.encode() if post_data else None
        try:
            async with self._session.request(method, url, headers=headers, data=body, allow_redirects=False) as answer:
                return _cut(await answer.read(), answer.status), answer.status, answer.headers
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            message = f"{type(error).__name__} on the way to Stripe"
            raise stripe.APIConnectionError(message) from error  # type: ignore[no-untyped-call]


def _cut(body: bytes, status: int) -> bytes:
    """Return a body with the fields that are read; whole where it is an error, or is to be refused as no object."""
    fields = _read.get()
    if not fields or status != HTTPStatus.OK:
        return body
    try:
        held = from_json(body)
    except ValueError:
        return body
    return to_json({name: held[name] for name in fields if name in held}) if isinstance(held, dict) else body


def session_to(base: str, timeouts: aiohttp.ClientTimeout, traced: aiohttp.TraceConfig | None) -> aiohttp.ClientSession:
    """Return a session of the running event loop that keeps no cookies, by the proxy that the environment names."""
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=ssl.create_default_context(cafile=stripe.ca_bundle_path)),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=timeouts,
        trace_configs=[traced] if traced else None,
        proxy=_proxy_to(base),
    )
    # It would ask once more by itself where a connection ends that was kept open, and has no other way to be told.
    session._retry_connection = False  # noqa: SLF001
    return session


def _proxy_to(base: str) -> str | None:
    address = urlsplit(base)
    if not address.hostname or proxy_bypass(address.hostname):
        return None
    return getproxies().get(address.scheme)
