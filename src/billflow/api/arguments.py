"""What an endpoint takes that the request alone tells: who asks, the services, and a query, which is read at once.

FastAPI finds each of these as if it had parts of its own in path, headers and cookies, and looks at the types of a
query's fields anew with each request.
"""

import inspect
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

from fastapi import Request, params
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, TypeAdapter, ValidationError

Endpoint = Callable[..., Awaitable[Any]]
Look = Callable[[Request], Awaitable[Any]]


def takes_query(endpoint: Endpoint) -> bool:
    """Return whether an endpoint takes a query that is read at once: a model, or a value that may be left out."""
    return any(map(_query, inspect.signature(endpoint).parameters.values()))


def by_request(endpoint: Endpoint, *, queries: bool = False) -> Endpoint:
    """Return *endpoint* for FastAPI with what the request alone tells looked up by itself, and *queries* read too.

    A query that is read so is not described. It has neither lists nor aliases; of a name that comes twice the last
    value counts, as FastAPI has it.
    """
    signature = inspect.signature(endpoint)
    found = {name: _look(one, queries=queries) for name, one in signature.parameters.items()}
    looks = {name: look for name, look in found.items() if look}
    if not looks:
        return endpoint

    @wraps(endpoint)
    async def served(_request: Request, **arguments: Any) -> Any:
        for name, look in looks.items():
            arguments[name] = await look(_request)
        return await endpoint(**arguments)

    request = inspect.Parameter("_request", inspect.Parameter.KEYWORD_ONLY, annotation=Request)
    others = [one.replace(kind=request.kind) for name, one in signature.parameters.items() if name not in looks]
    served.__signature__ = signature.replace(parameters=[request, *others])  # type: ignore[attr-defined]
    return served


async def _itself(request: Request) -> Request:
    return request


def _look(parameter: inspect.Parameter, *, queries: bool) -> Look | None:
    if parameter.annotation is Request:
        return _itself
    if queries and (query := _query(parameter)):
        return query
    marks = getattr(parameter.annotation, "__metadata__", ())
    dependencies = [one.dependency for one in marks if isinstance(one, params.Depends) and one.dependency]
    return next((one for one in dependencies if _asks_for_request_alone(one)), None)


def _query(parameter: inspect.Parameter) -> Look | None:
    """Return what reads a parameter that is a whole query, or that is a value of it and has a default."""
    annotation = parameter.annotation
    kind = getattr(annotation, "__origin__", None)
    if not any(isinstance(one, params.Query) for one in getattr(annotation, "__metadata__", ())):
        return None
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return _reading(kind)
    return None if parameter.default is parameter.empty else _reading_value(parameter)


def _asks_for_request_alone(dependency: Callable[..., Any]) -> bool:
    return [one.annotation for one in inspect.signature(dependency).parameters.values()] == [Request]


def _reading(model: type[BaseModel]) -> Look:
    async def read(request: Request) -> BaseModel:
        with _refusing("query"):
            return model.model_validate(dict(request.query_params))

    return read


def _reading_value(parameter: inspect.Parameter) -> Look:
    name, kind = parameter.name, TypeAdapter(parameter.annotation)

    async def read(request: Request) -> Any:
        if name not in request.query_params:
            return parameter.default
        with _refusing("query", name):
            return kind.validate_python(request.query_params[name])

    return read


@contextmanager
def _refusing(*place: str) -> Iterator[None]:
    """Raise what is wrong with a value at a place of the request as FastAPI would."""
    try:
        yield
    except ValidationError as wrong:
        errors = [{**error, "loc": (*place, *error["loc"])} for error in wrong.errors(include_url=False)]
        raise RequestValidationError(errors) from wrong
