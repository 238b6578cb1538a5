"""What an endpoint takes that the request alone tells: who asks, the services, and a query, which is read at once.

FastAPI finds each of these as if it had parts of its own in path, headers and cookies, and looks at the types of a
query's fields anew with each request.
"""

import inspect
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

from fastapi import Request, params
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, TypeAdapter, ValidationError

Endpoint = Callable[..., Awaitable[Any]]
Look = Callable[[Request], Awaitable[Any]]


def takes_query(endpoint: Endpoint) -> bool:
    """Return whether an endpoint takes a query that is read at once: a model, or a value that may be left out."""
    return any(map(_is_query, inspect.signature(endpoint).parameters.values()))


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
    if queries and _is_query(parameter):
        model = _model(parameter)
        return _reading(model) if model else _reading_value(parameter)
    marks = getattr(parameter.annotation, "__metadata__", ())
    dependencies = [one.dependency for one in marks if isinstance(one, params.Depends) and one.dependency]
    return next((one for one in dependencies if _asks_for_request_alone(one)), None)


def _is_query(parameter: inspect.Parameter) -> bool:
    marks = getattr(parameter.annotation, "__metadata__", ())
    may_be_left_out = parameter.default is not parameter.empty
    return any(isinstance(one, params.Query) for one in marks) and (may_be_left_out or _model(parameter) is not None)


def _model(parameter: inspect.Parameter) -> type[BaseModel] | None:
    kind = getattr(parameter.annotation, "__origin__", None)
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def _asks_for_request_alone(dependency: Callable[..., Any]) -> bool:
    return [one.annotation for one in inspect.signature(dependency).parameters.values()] == [Request]


def _reading(model: type[BaseModel]) -> Look:
    async def read(request: Request) -> BaseModel:
        try:
            return model.model_validate(dict(request.query_params))
        except ValidationError as wrong:
            raise _refusal(wrong, "query") from wrong

    return read


def _reading_value(parameter: inspect.Parameter) -> Look:
    name, kind = parameter.name, TypeAdapter(parameter.annotation)

    async def read(request: Request) -> Any:
        if name not in request.query_params:
            return parameter.default
        try:
            return kind.validate_python(request.query_params[name])
        except ValidationError as wrong:
            raise _refusal(wrong, "query", name) from wrong

    return read


def _refusal(wrong: ValidationError, *place: str) -> RequestValidationError:
    """Return what is wrong with a value at a place of the request, as FastAPI tells it."""
    return RequestValidationError(
        [{**error, "loc": (*place, *error["loc"])} for error in wrong.errors(include_url=False)]
    )
