"""What every request goes through: its key, the text in it, and whether its write was done already."""

import json
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, NoReturn

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute

from billflow.api.etags import tagged
from billflow.api.idempotency import written
from billflow.api.injection import injected
from billflow.api.metrics import ROUTE
from billflow.api.openapi import SCOPE
from billflow.api.principal import READS, authenticated, scope_of
from billflow.api.services import services_of
from billflow.api.strict_json import Path, strict
from billflow.errors import BadRequest
from billflow.models.contracts.storable import check_storable


class CheckedRoute(APIRoute):
    """A route for callers with a key: who asks comes first, then what was asked, then whether it was done already."""

    is_idempotent = True

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        self.scope = scope_of(endpoint, options.get("methods") or READS)
        options["openapi_extra"] = {**(options.get("openapi_extra") or {}), SCOPE: self.scope}
        super().__init__(path, injected(endpoint), **options)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler behind all that."""
        handle = super().get_route_handler()

        async def checked(request: Request) -> Response:
            services = services_of(request)
            request.scope[ROUTE] = self._whole_path(request)
            principal = await authenticated(request, services, self.scope)
            request.state.principal = principal
            for field, value in [*request.path_params.items(), *request.query_params.multi_items()]:
                check_storable(value, field)
            if request.method in READS and self.is_idempotent:
                return tagged(request, await handle(request))
            asked = _CheckedRequest(request.scope, request.receive)
            if not self.is_idempotent:
                return await handle(asked)
            return await written(asked, services, principal, lambda: handle(asked))

        return checked

    def _whole_path(self, request: Request) -> str:
        prefix, *_ = request.scope["path"].rsplit("/", self.path_format.count("/"))
        return f"{prefix}{self.path_format}"


class SecretRoute(CheckedRoute):
    """A route whose answer holds a secret that is stored nowhere (decision 0277): sent again, it makes another one."""

    is_idempotent = False


class _CheckedRequest(Request):
    async def json(self) -> Any:
        parsed = json.loads(await self.body(), parse_constant=_refused)
        check_storable(parsed)
        document = self.app.openapi()
        operation = document["paths"].get(self.scope[ROUTE], {}).get(self.method.lower(), {})
        content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        unknown: list[Path] = []
        body = strict(content.get("schema", {}), parsed, document["components"]["schemas"], unknown)
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
