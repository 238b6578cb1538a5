"""What an endpoint takes, read out of a request by what is known of it beforehand.

FastAPI finds out anew for every request what each dependency is; that takes as long as all the rest that it does. Here
it is done once for each route, for what our endpoints take. Whatever is wrong with a request FastAPI says itself.
"""

from collections.abc import Callable, Sequence
from inspect import iscoroutinefunction
from typing import Any, get_args, get_origin

from fastapi import Request
from fastapi._compat import ModelField
from fastapi.dependencies.models import Dependant
from fastapi.dependencies.utils import request_body_to_args, request_params_to_args
from pydantic import BaseModel
from starlette.datastructures import QueryParams

_OTHERS = (
    "cookie_params",
    "websocket_param_name",
    "http_connection_param_name",
    "response_param_name",
    "background_tasks_param_name",
    "security_scopes_param_name",
    "own_oauth_scopes",
    "parent_oauth_scopes",
    "concurrency",
)

_LISTS = (list, tuple, set, frozenset, Sequence)

Values = dict[str, Any]
Solved = dict[Callable[..., Any], Any]


class LeftToFastApi(Exception):
    """A request that is not as usual, or is wrong: FastAPI answers it."""


class Inputs:
    """What an endpoint or a dependency takes; raises `LeftToFastApi` for a kind of it that is not known here."""

    def __init__(self, dependant: Dependant, *, embed: bool) -> None:
        if any(getattr(dependant, name) for name in _OTHERS) or not dependant.use_cache:
            raise LeftToFastApi
        if dependant.call is None or not iscoroutinefunction(dependant.call):
            raise LeftToFastApi
        self.call = dependant.call
        self._dependencies = [(one.name, Inputs(one, embed=embed)) for one in dependant.dependencies]
        self._asked = dependant
        self._embed = embed
        self._texts = {one.name: one.alias for one in dependant.path_params if _is_text(one)}
        self._paths = [one for one in dependant.path_params if one.name not in self._texts]
        self._model = _plain_model(dependant.query_params)
        self._of_no_query: Values | None = None

    async def of(self, request: Request, body: Any, solved: Solved) -> Values:
        """Return the arguments of the call, with those that dependencies make; raises `LeftToFastApi`."""
        values: Values = {}
        for name, one in self._dependencies:
            if one.call not in solved:
                solved[one.call] = await one.call(**await one.of(request, body, solved))
            if name is not None:
                values[name] = solved[one.call]
        for name, alias in self._texts.items():
            values[name] = request.path_params[alias]
        self._read_params(request, values)
        if self._asked.body_params:
            values.update(_right(*await request_body_to_args(self._asked.body_params, body, self._embed)))
        if self._asked.request_param_name:
            values[self._asked.request_param_name] = request
        return values

    def _read_params(self, request: Request, values: Values) -> None:
        if self._paths:
            values.update(_right(*request_params_to_args(self._paths, request.path_params)))
        if self._asked.query_params:
            values.update(self._query(request))
        if self._asked.header_params:
            values.update(_right(*request_params_to_args(self._asked.header_params, request.headers)))

    def _query(self, request: Request) -> Values:
        """Return what the query says; what it says where there is none is the same each time, and never changed."""
        if request.scope["query_string"]:
            return self._of_query(request.query_params)
        if self._of_no_query is None:
            self._of_no_query = _right(*request_params_to_args(self._asked.query_params, QueryParams()))
        return self._of_no_query

    def _of_query(self, query: QueryParams) -> Values:
        if self._model is None:
            return _right(*request_params_to_args(self._asked.query_params, query))
        given = dict(query)
        if len(given) != len(query.multi_items()):
            raise LeftToFastApi
        value, wrong = self._model.validate(given, {}, loc=("query",))
        return _right({self._model.name: value}, wrong or [])


def _plain_model(fields: Sequence[ModelField]) -> ModelField | None:
    """Return the model that is all a query says, with one text for each of its fields; None where it is not so."""
    model = fields[0].field_info.annotation if len(fields) == 1 else None
    if not isinstance(model, type) or not issubclass(model, BaseModel):
        return None
    is_plain = all(one.alias is None and not _is_list(one.annotation) for one in model.model_fields.values())
    return fields[0] if is_plain else None


def _is_list(annotation: Any) -> bool:
    """Tell whether a field takes several texts."""
    return annotation in _LISTS or get_origin(annotation) in _LISTS or any(map(_is_list, get_args(annotation)))


def _right(values: Values, wrong: list[Any]) -> Values:
    if wrong:
        raise LeftToFastApi
    return values


def _is_text(field: Any) -> bool:
    return field.field_info.annotation is str and not field.field_info.metadata
