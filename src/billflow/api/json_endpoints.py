"""Endpoints called without what FastAPI does for kinds of them that we do not have; the answers are the same.

FastAPI reads a request in a general way: forms, streams, generators, threads. What is usual here is JSON in and out.
"""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from fastapi import Request, Response
from fastapi.datastructures import DefaultPlaceholder
from fastapi.routing import APIRoute, serialize_response
from fastapi.utils import is_body_allowed_for_status_code
from pydantic_core import PydanticUndefined

from billflow.api.inputs import Inputs, LeftToFastApi

JSON = "application/json"

Handle = Callable[[Request], Awaitable[Response]]


def answering(route: APIRoute, by_fastapi: Handle) -> Handle:
    """Return what answers requests to a route; what is unusual, or wrong, is answered *by_fastapi*."""
    try:
        inputs = Inputs(route.dependant, embed=route._embed_body_fields)  # noqa: SLF001  (FastAPI has no other name)
    except LeftToFastApi:
        return by_fastapi
    if not _is_usual(route):
        return by_fastapi

    async def answer(request: Request) -> Response:
        try:
            arguments = await inputs.of(request, await _body(route, request), {})
        except LeftToFastApi:
            return await by_fastapi(request)
        found = await inputs.call(**arguments)
        return found if isinstance(found, Response) else await _written(route, found)

    return answer


def _is_usual(route: APIRoute) -> bool:
    """Tell whether a route answers JSON of a declared shape."""
    is_json = route.response_field is not None and isinstance(route.response_class, DefaultPlaceholder)
    return is_json and not route.is_json_stream and is_body_allowed_for_status_code(route.status_code)


async def _body(route: APIRoute, request: Request) -> Any:
    """Return the JSON of a request, undefined where it has none."""
    if route.body_field is None or not await request.body():
        return PydanticUndefined
    if request.headers.get("content-type") != JSON:
        raise LeftToFastApi
    try:
        return await request.json()
    except Exception as error:
        raise LeftToFastApi from error


async def _written(route: APIRoute, found: Any) -> Response:
    content = await serialize_response(
        field=route.response_field,
        response_content=found,
        include=route.response_model_include,
        exclude=route.response_model_exclude,
        by_alias=route.response_model_by_alias,
        exclude_unset=route.response_model_exclude_unset,
        exclude_defaults=route.response_model_exclude_defaults,
        exclude_none=route.response_model_exclude_none,
        dump_json=True,
    )
    return Response(content, route.status_code or HTTPStatus.OK, media_type=JSON)
