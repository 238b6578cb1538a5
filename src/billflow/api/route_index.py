"""Which route a request is for, by the parts of its path: FastAPI asks one after the other, some of them twice."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

ANY = "{}"
"""The part of a path that stands for any text; no path of ours has it as a text of its own."""

Params = dict[str, str]


@dataclass
class _Node:
    """Where a path has got to: what may come next, and the routes that end here."""

    next: dict[str, "_Node"] = field(default_factory=dict)
    ends: list[tuple[int, "_Known"]] = field(default_factory=list)

    def at(self, part: str) -> "_Node":
        return self.next.setdefault(ANY if part.startswith("{") else part, _Node())


@dataclass
class _Known:
    """A route of a noun; it is made ready by the first request that is for it, with all of that noun."""

    original: Any
    included: BaseRoute
    names: Sequence[tuple[int, str]]
    _context: Any = None

    def context(self) -> Any:
        """Return the route as it is under the prefix of its noun."""
        if self._context is None:
            found = iter_route_contexts([self.included])
            self._context = next(one for one in found if one.original_route is self.original)
        return self._context


class RouteIndex:
    """Hands a request to the route of its path and method; what has none goes on to *others*."""

    def __init__(self, router: APIRouter, others: ASGIApp) -> None:
        self._router, self.others = router, others
        self._root = _Node()
        self._count = 0

    def add(self, noun: APIRouter, prefix: str, included: BaseRoute) -> None:
        """Take in the routes of a noun, as they were *included* under a prefix."""
        for route in noun.routes:
            if not isinstance(route, APIRoute):
                continue  # what is included in it once more is found by FastAPI
            parts = f"{prefix}{route.path}".split("/")
            node = self._root
            for part in parts:
                node = node.at(part)
            names = [(place, part[1:-1]) for place, part in enumerate(parts) if part.startswith("{")]
            self._count += 1
            node.ends.append((self._count, _Known(route, included, names)))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        found = self.find(scope) if scope["type"] == "http" else None
        if found is None:
            await self.others(scope, receive, send)
            return
        known, params = found
        context = known.context()
        scope.setdefault("router", self._router)
        scope.update(route=known.original, endpoint=context.endpoint, path_params=params)
        await context.app(scope, receive, send)

    def find(self, scope: Scope) -> tuple[_Known, Params] | None:
        """Return the first route that was added of those that take the path and the method."""
        parts, method = scope["path"].removeprefix(scope.get("root_path", "")).split("/"), scope["method"]
        ends = [one for node in _ends(self._root, parts) for one in node.ends if method in one[1].original.methods]
        if not ends:
            return None
        known = min(ends, key=lambda one: one[0])[1]
        return known, {name: parts[place] for place, name in known.names}


def _ends(node: _Node, parts: Sequence[str]) -> Iterator[_Node]:
    """Yield where a path may end, which is more than one place where a part is both a text and any."""
    nodes = [node]
    for part in parts:
        following = [one.next.get(part) for one in nodes]
        following += [one.next.get(ANY) for one in nodes] if part else []
        nodes = [one for one in following if one is not None]
    yield from nodes


def install(app: FastAPI, nouns: Sequence[tuple[APIRouter, str, BaseRoute]]) -> None:
    """Let *app* find its routes so; each noun comes with the prefix that it was included under, and as what."""
    index = RouteIndex(app.router, app.router.middleware_stack)
    for noun in nouns:
        index.add(*noun)
    app.router.middleware_stack = index
