"""What routes take of their request itself, passed to them without FastAPI's solving of dependencies."""

from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from inspect import Parameter, signature
from typing import Any, get_type_hints

from fastapi import Request
from fastapi.params import Depends

Endpoint = Callable[..., Awaitable[Any]]
Read = Callable[[Request], Any]

_REQUEST = "billflow_request"
"""What the request is passed as to a route that does not take it itself; FastAPI passes it under one name only."""


class OfRequest(Depends):
    """A dependency that reads its value off the request: FastAPI solves it, and `injected` routes need not ask it to.

    Solving one takes FastAPI about as long as all that a middleware does.
    """


def of_request(read: Read) -> OfRequest:
    """Return the dependency on what *read* finds."""

    async def solved(request: Request) -> Any:
        return read(request)

    solved.__dict__["read"] = read
    return OfRequest(solved)


def injected(endpoint: Endpoint) -> Endpoint:
    """Return *endpoint* as one that takes the request instead of all that it reads off it."""
    hints, known = get_type_hints(endpoint, include_extras=True), signature(endpoint)
    reads = {name: read for name in known.parameters if (read := _read_by(hints.get(name)))}
    if not reads:
        return endpoint

    own = next((name for name in known.parameters if hints.get(name) is Request), None)

    @wraps(endpoint)
    async def with_request(**given: Any) -> Any:
        request = given[own] if own else given.pop(_REQUEST)
        return await endpoint(**given, **{name: read(request) for name, read in reads.items()})

    taken = [] if own else [Parameter(_REQUEST, Parameter.KEYWORD_ONLY, annotation=Request)]
    others = [
        one.replace(kind=Parameter.KEYWORD_ONLY, annotation=hints[name])
        for name, one in known.parameters.items()
        if name not in reads
    ]
    with_request.__dict__["__signature__"] = known.replace(parameters=[*taken, *others])
    return with_request


def _read_by(hint: Any) -> Read | None:
    marks: tuple[Any, ...] = getattr(hint, "__metadata__", ())
    found: Mapping[str, Any] = next((vars(one.dependency) for one in marks if isinstance(one, OfRequest)), {})
    return found.get("read")
