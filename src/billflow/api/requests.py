"""Text that can be stored, and nothing else, in paths, queries and bodies."""

from collections.abc import Callable, Coroutine, Iterator
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from billflow.api.problems import BadText


class CheckedRoute(APIRoute):
    """A route whose path, query and JSON body hold only text that can be stored."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler behind the check."""
        handle = super().get_route_handler()

        async def checked(request: Request) -> Response:
            for field, value in [*request.path_params.items(), *request.query_params.multi_items()]:
                check_text(value, field)
            return await handle(_CheckedRequest(request.scope, request.receive))

        return checked


class _CheckedRequest(Request):
    async def json(self) -> Any:
        parsed = await super().json()
        check_text(parsed)
        return parsed


def check_text(value: object, field: str = "") -> None:
    """Raise `BadText` where any text within a JSON value holds NUL or a lone surrogate."""
    for path, text in _texts(value, field):
        if "\0" in text or not _is_unicode(text):
            raise BadText(path or "body")


def _texts(value: object, field: str) -> Iterator[tuple[str, str]]:
    waiting = [(field, value)]
    while waiting:
        path, item = waiting.pop()
        if isinstance(item, str):
            yield path, item
        elif isinstance(item, dict):
            yield from ((path, key) for key in item)
            waiting += [(f"{path}.{key}" if path else key, held) for key, held in item.items()]
        elif isinstance(item, list):
            waiting += [(f"{path}.{index}", held) for index, held in enumerate(item)]


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
