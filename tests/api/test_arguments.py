"""A query that is read at once is read as FastAPI would, and what an endpoint takes is described as before."""

import inspect
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, get_args, get_origin

import httpx
import pytest
from fastapi import Depends, FastAPI, Query, Request
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.routing import Match

from billflow.api.app import _NOUNS
from billflow.api.arguments import by_request, takes_query
from billflow.api.as_of import PastMoment
from billflow.api.requests import CheckedRoute

NONSENSE = ("abc", "", "-1", "0", "7", "true", "2026-02-30", "2026-02-03T10:00:00Z", "x" * 300)
Endpoint = Callable[..., Awaitable[Any]]


def _queries() -> dict[str, type[BaseModel]]:
    """Return the queries of all routes that read, by their names."""
    routes = [one for noun in _NOUNS for one in noun.router.routes if isinstance(one, CheckedRoute)]
    fields = [field for one in routes if one.methods == {"GET"} for field in one.dependant.query_params]
    models = [field.field_info.annotation for field in fields]
    return {one.__name__: one for one in models if inspect.isclass(one) and issubclass(one, BaseModel)}


QUERIES = _queries()
VALUES = {
    "moment": (PastMoment, None),
    "number": (Annotated[int, Query(ge=1, le=9)], 7),
    "word": (Annotated[str | None, Query(max_length=5)], None),
}
"""Kinds of a query's values, each of which refuses some, and what they are when they are left out."""


def taking(kind: Any, default: Any = inspect.Parameter.empty) -> Endpoint:
    """Return an endpoint that answers what it took of a query."""

    async def endpoint(which: Any) -> Any:
        return which

    which = inspect.Parameter("which", inspect.Parameter.KEYWORD_ONLY, annotation=kind, default=default)
    vars(endpoint).update(__signature__=inspect.Signature([which]))
    return endpoint


async def test_a_query_is_read_as_fastapi_reads_it() -> None:
    app = FastAPI()
    for name, model in QUERIES.items():
        app.add_api_route(f"/fastapi/{name}", taking(Annotated[model, Query()]))
        app.add_api_route(f"/ours/{name}", by_request(taking(Annotated[model, Query()]), queries=True))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://queries") as client:
        refused = 0
        for name, model in QUERIES.items():
            given: list[dict[str, Any]] = [{}, {"unknown": "1"}, dict.fromkeys(model.model_fields, "abc")]
            given += [{field: value} for field in model.model_fields for value in (*NONSENSE, list(NONSENSE[2:5]))]
            for one in given:
                theirs, ours = [await client.get(f"/{who}/{name}", params=one) for who in ("fastapi", "ours")]
                assert (ours.status_code, ours.json()) == (theirs.status_code, theirs.json()), (name, one)
                refused += ours.status_code == 422

    assert len(QUERIES) > 15
    assert refused > 100


@pytest.mark.parametrize("name", VALUES)
async def test_a_value_of_a_query_is_read_as_fastapi_reads_it(name: str) -> None:
    app, endpoint = FastAPI(), taking(*VALUES[name])
    assert takes_query(endpoint)
    app.add_api_route("/fastapi", endpoint)
    app.add_api_route("/ours", by_request(endpoint, queries=True))
    statuses = set()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://queries") as client:
        for given in ({}, *({"which": value} for value in (*NONSENSE, "2999-01-01T00:00:00Z", ["3", "x"]))):
            theirs, ours = [await client.get(f"/{who}", params=given) for who in ("fastapi", "ours")]
            assert (ours.status_code, ours.json()) == (theirs.status_code, theirs.json()), given
            statuses.add(ours.status_code)

    assert statuses == {200, 422}


def test_a_read_that_takes_a_value_of_a_query_takes_no_more_of_it() -> None:
    routes = [one for noun in _NOUNS for one in noun.router.routes if isinstance(one, CheckedRoute)]
    reads = [one for one in routes if one.methods == {"GET"} and takes_query(one.endpoint)]
    fields = [field for one in reads for field in one.dependant.query_params]
    annotations = [field.field_info.annotation for field in fields]
    kinds = [kind for annotation in annotations for kind in (annotation, *get_args(annotation))]

    assert len(reads) > 50
    assert [one.path for one in reads if len(one.dependant.query_params) != 1] == []
    assert [field.name for field in fields if field.alias != field.name] == []
    assert [kind for kind in kinds if (get_origin(kind) or kind) in (list, tuple, set, frozenset)] == []


def test_a_route_is_found_by_its_whole_path_behind_a_proxy_too() -> None:
    route = CheckedRoute("/things/{thing}/parts", taking(str, "x"))
    scope = {"type": "http", "method": "GET", "root_path": "/billing"}
    paths = ("/things/1/parts", "/billing/things/1/parts", "/things/1", "/other/1/parts", "/a/things/1/parts")

    found = {path: route.matches({**scope, "path": path})[0] for path in paths}

    assert [path for path, match in found.items() if match is Match.FULL] == list(paths[:2])
    assert [path for path, match in found.items() if match is Match.NONE] == list(paths[2:])


def test_queries_have_neither_lists_nor_aliases() -> None:
    fields = [(name, field) for model in QUERIES.values() for name, field in model.model_fields.items()]
    kinds = [(name, kind) for name, field in fields for kind in (field.annotation, *get_args(field.annotation))]

    assert [name for name, kind in kinds if (get_origin(kind) or kind) in (list, tuple, set, frozenset)] == []
    assert [name for name, field in fields if field.alias or field.validation_alias] == []


async def test_what_the_request_alone_tells_is_looked_up_and_the_rest_is_fastapis() -> None:
    async def client_name(request: Request) -> str:
        return request.headers["who"]

    async def endpoint(
        thing: str, who: Annotated[str, Depends(client_name)], request: Request, limit: Annotated[int, Query(ge=1)] = 5
    ) -> dict[str, Any]:
        return {"thing": thing, "who": who, "path": request.url.path, "limit": limit}

    app = FastAPI(routes=[APIRoute("/things/{thing}", by_request(endpoint))])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://things") as client:
        answer = await client.get("/things/one?limit=3", headers={"who": "me"})
        wrong = await client.get("/things/one?limit=0", headers={"who": "me"})

    assert answer.json() == {"thing": "one", "who": "me", "path": "/things/one", "limit": 3}
    assert (wrong.status_code, wrong.json()["detail"][0]["loc"]) == (422, ["query", "limit"])
    assert [one["name"] for one in app.openapi()["paths"]["/things/{thing}"]["get"]["parameters"]] == ["thing", "limit"]
