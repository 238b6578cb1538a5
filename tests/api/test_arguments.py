"""A query that is read at once is read as FastAPI would, and what an endpoint takes is described as before."""

import inspect
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, get_args, get_origin

import httpx
from fastapi import Depends, FastAPI, Query, Request
from fastapi.routing import APIRoute
from pydantic import BaseModel

from billflow.api.app import _NOUNS
from billflow.api.arguments import by_request
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


def taking(model: type[BaseModel]) -> Endpoint:
    """Return an endpoint that answers the query that it took."""

    async def endpoint(which: Any) -> Any:
        return which

    endpoint.__annotations__["which"] = Annotated[model, Query()]
    return endpoint


async def test_a_query_is_read_as_fastapi_reads_it() -> None:
    app = FastAPI()
    for name, model in QUERIES.items():
        app.add_api_route(f"/fastapi/{name}", taking(model))
        app.add_api_route(f"/ours/{name}", by_request(taking(model), queries=True))
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
