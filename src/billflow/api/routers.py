"""Where the routes of a noun are: each router is the API's own, so that a request is held against one list of routes.

Routers that are included in one another are asked twice each, and their routes are made twice.
"""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from fastapi.routing import APIRoute

from billflow.api.problems import Problem
from billflow.api.requests import CheckedRoute

BASE_PATH = "/api/v1"

_PROBLEM: Mapping[str, Any] = {
    "model": Problem,
    "description": "Why it was not done",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


def api_router(tag: str, prefix: str = "", route_class: type[APIRoute] = CheckedRoute) -> APIRouter:
    """Return a router whose routes are described under *tag*, with addresses that begin by *prefix* in the API."""
    responses: dict[int | str, dict[str, Any]] = {"4XX": dict(_PROBLEM), "5XX": dict(_PROBLEM)}
    return APIRouter(prefix=BASE_PATH + prefix, tags=[tag], route_class=route_class, responses=responses)
