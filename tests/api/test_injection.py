"""What a route reads off its request is passed to it, and is no part of what FastAPI solves or documents."""

from inspect import signature
from typing import Annotated

import httpx
from fastapi import FastAPI, Request

from billflow.api.app import _NOUNS
from billflow.api.injection import OfRequest, injected, of_request
from billflow.api.requests import CheckedRoute

PathHere = Annotated[str, of_request(lambda request: request.url.path)]


async def _shown(number: int, path: PathHere, request: Request, text: str = "none") -> dict[str, object]:
    """Return all that it is given."""
    return {"number": number, "path": path, "text": text, "host": request.url.hostname}


async def test_a_route_is_given_the_same_either_way() -> None:
    app = FastAPI()
    app.add_api_route("/solved/{number}", _shown)
    app.add_api_route("/injected/{number}", injected(_shown))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
        solved, passed = [(await client.get(f"/{kind}/7?text=some")).json() for kind in ("solved", "injected")]

    assert passed == {**solved, "path": "/injected/7"}
    described = app.openapi()["paths"]
    assert described["/injected/{number}"]["get"]["parameters"] == described["/solved/{number}"]["get"]["parameters"]


def test_a_function_that_reads_nothing_off_the_request_stays_itself() -> None:
    async def plain(number: int) -> int:
        return number

    assert injected(plain) is plain


def test_no_route_of_ours_has_its_services_or_its_principal_solved() -> None:
    routes = [route for noun in _NOUNS for route in noun.router.routes if isinstance(route, CheckedRoute)]
    taken = [one.annotation for route in routes for one in signature(route.endpoint).parameters.values()]
    marks = [mark for annotation in taken for mark in getattr(annotation, "__metadata__", ())]

    assert routes
    assert not [mark for mark in marks if isinstance(mark, OfRequest)]


def test_it_is_a_dependency_where_fastapi_solves_it() -> None:
    (mark,) = PathHere.__metadata__  # type: ignore[attr-defined]

    assert isinstance(mark, OfRequest)
