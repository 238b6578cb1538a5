"""What every request goes through: its key, the text in it, and whether its write was done already."""

import json
from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import cached_property
from typing import Any, NoReturn

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.routing import Match
from starlette.types import Scope

from billflow.api.arguments import by_request, takes_query
from billflow.api.etags import tagged
from billflow.api.idempotency import written
from billflow.api.metrics import ROUTE
from billflow.api.openapi import SCOPE, body_of
from billflow.api.principal import READS, authenticated, scope_of
from billflow.api.services import services_of
from billflow.api.strict_json import Path, Schema, strict
from billflow.errors import BadRequest
from billflow.models.contracts.storable import check_storable


class CheckedRoute(APIRoute):
    """A route for callers with a key: who asks comes first, then what was asked, then whether it was done already."""

    is_idempotent = True

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        methods = frozenset(options.get("methods") or READS)
        self.scope = scope_of(endpoint, methods)
        options["openapi_extra"] = {**(options.get("openapi_extra") or {}), SCOPE: self.scope}
        is_apart = methods <= READS and takes_query(endpoint)
        self._served = APIRoute(path, by_request(endpoint, queries=True), **options) if is_apart else None
        super().__init__(path, by_request(endpoint), **options)
        self._beginning = path.partition("{")[0]

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match a request; whose path lacks the fixed beginning of this one's is seen without the whole pattern."""
        return super().matches(scope) if self._beginning in scope["path"] else (Match.NONE, {})

    @cached_property
    def described_body(self) -> tuple[Schema, Mapping[str, Schema]]:
        """The schema of the body, and those that it refers to."""
        return body_of(self)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler behind all that."""
        handle = self._served.get_route_handler() if self._served else super().get_route_handler()

        async def checked(request: Request) -> Response:
            asked = _CheckedRequest(request.scope, request.receive)
            services = services_of(asked)
            asked.scope[ROUTE] = self.path_format
            principal = await authenticated(asked, services, self.scope)
            asked.state.principal = principal
            for field, value in [*asked.path_params.items(), *asked.query_params.multi_items()]:
                check_storable(value, field)
            if not self.is_idempotent:
                return await handle(asked)
            if asked.method in READS:
                return tagged(asked, await handle(asked))
            return await written(asked, services, principal, lambda: handle(asked))

        return checked


class SecretRoute(CheckedRoute):
    """A route whose answer holds a secret that is stored nowhere (decision 0277): sent again, it makes another one."""

    is_idempotent = False


class _CheckedRequest(Request):
    async def json(self) -> Any:
        parsed = json.loads(await self.body(), parse_constant=_refused)
        check_storable(parsed)
        unknown: list[Path] = []
        schema, components = self.scope["route"].described_body
        body = strict(schema, parsed, components, unknown)
        if unknown:
            raise RequestValidationError([*self._others_wrong(body), *map(_unknown, unknown)])
        return body

    def _others_wrong(self, value: object) -> Sequence[Any]:
        """Return what else is wrong with a body, so that every wrong field is named at once."""
        field: Any = self.scope["route"].body_field
        _, errors = field.validate(value, loc=("body",)) if field else (None, None)
        return errors or []


def _unknown(path: Path) -> dict[str, Any]:
    return {"type": "extra_forbidden", "loc": ("body", *path)}


def _refused(constant: str) -> NoReturn:
    raise BadRequest(f"{constant} is no JSON; send a number, or null.")
