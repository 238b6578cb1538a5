"""A front door as Temporal Cloud has one, before a dev server: TLS, certificates, keys, methods that are refused."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass

import grpc

OPERATOR = "/temporal.api.operatorservice.v1.OperatorService/"
ADD, LIST = f"{OPERATOR}AddSearchAttributes", f"{OPERATOR}ListSearchAttributes"


@dataclass(frozen=True)
class Door(grpc.GenericRpcHandler):  # type: ignore[misc]  # grpcio has no types
    """Hands every request on, but for methods that are *refused* and callers without the *api_key*."""

    channel: grpc.aio.Channel
    refused: Collection[str]
    api_key: str | None

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        """Return what answers a method."""
        method: str = handler_call_details.method

        async def answer(request: bytes, context: grpc.aio.ServicerContext) -> bytes:
            told = dict(context.invocation_metadata() or ())
            if self.api_key is not None and told.get("authorization") != f"Bearer {self.api_key}":
                await context.abort(grpc.StatusCode.UNAUTHENTICATED, "Request unauthorized.")
            if method in self.refused:
                await context.abort(grpc.StatusCode.PERMISSION_DENIED, "Request unauthorized.")
            try:
                answered: bytes = await self.channel.unary_unary(method)(request, timeout=context.time_remaining())
            except grpc.aio.AioRpcError as error:
                trailing = tuple(error.trailing_metadata() or ())
                await context.abort(error.code(), error.details() or "", trailing)
                raise
            return answered

        return grpc.unary_unary_rpc_method_handler(answer)


@asynccontextmanager
async def front_door(
    address: str,
    *,
    refused: Collection[str] = (ADD, LIST),
    api_key: str | None = None,
    credentials: grpc.ServerCredentials | None = None,
) -> AsyncIterator[str]:
    """Open one before the server at *address*, with TLS where it has *credentials*, and yield where it is."""
    async with grpc.aio.insecure_channel(address) as channel:
        server = grpc.aio.server()
        server.add_generic_rpc_handlers((Door(channel, refused, api_key),))
        if credentials is None:
            port = server.add_insecure_port("127.0.0.1:0")
        else:
            port = server.add_secure_port("127.0.0.1:0", credentials)
        await server.start()
        try:
            yield f"127.0.0.1:{port}"
        finally:
            await server.stop(grace=None)
