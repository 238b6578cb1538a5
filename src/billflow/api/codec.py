"""The codec endpoint: the Temporal Web UI asks it to make payloads readable for people of the operator."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI, Request, Response
from google.protobuf.json_format import MessageToJson, Parse, ParseError
from starlette.middleware.cors import CORSMiddleware
from temporalio.api.common.v1 import Payload, Payloads

from billflow.api import problems
from billflow.api.principal import authenticated
from billflow.api.services import Services
from billflow.domain.scopes import Scope
from billflow.errors import BadRequest, Forbidden
from billflow.temporal.codec import EncryptionCodec

PATH = "/codec"
_HEADERS = ("Authorization", "Content-Type", "X-Namespace")


@dataclass(frozen=True)
class CodecService:
    """Who may ask: keys with `admin` of the operator's own organization, since histories belong to all of them.

    Without a *codec* payloads pass as they are. *ui_origin* is whose pages may ask from a browser.
    """

    codec: EncryptionCodec | None
    operator_org_id: str
    ui_origin: str | None


def codec_app(services: Services, service: CodecService) -> FastAPI:
    """Build the endpoint, an application of its own: it has CORS, and is no part of the documented API."""
    app = FastAPI(openapi_url=None)
    problems.install(app)
    if service.ui_origin:
        app.add_middleware(
            CORSMiddleware, allow_origins=[service.ui_origin], allow_methods=["POST"], allow_headers=list(_HEADERS)
        )
    for name, work in _works(service.codec).items():
        app.add_api_route(f"/{name}", _route(services, service, work), methods=["POST"])
    return app


_Work = Callable[[Sequence[Payload]], Awaitable[list[Payload]]]


def _works(codec: EncryptionCodec | None) -> dict[str, _Work]:
    async def unchanged(payloads: Sequence[Payload]) -> list[Payload]:
        return list(payloads)

    return {"encode": codec.encode if codec else unchanged, "decode": codec.decode if codec else unchanged}


def _route(services: Services, service: CodecService, work: _Work) -> Callable[[Request], Awaitable[Response]]:
    async def handle(request: Request) -> Response:
        principal = await authenticated(request, services, Scope.ADMIN)
        if principal.org_id != service.operator_org_id:
            message = "Only a key of the operator's own organization decrypts payloads; use one."
            raise Forbidden(message, code="operator_only")
        try:
            asked = Parse(await request.body(), Payloads())
        except (ParseError, UnicodeDecodeError):
            raise BadRequest("The body must be payloads as JSON.") from None
        done: Any = Payloads(payloads=await work(asked.payloads))
        return Response(MessageToJson(done), media_type="application/json")

    return handle
