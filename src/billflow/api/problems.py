"""Everything that can go wrong, told as `application/problem+json` (RFC 9457)."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import fields
from http import HTTPStatus
from typing import Any, get_args

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from temporalio.service import RPCError

from billflow.api.fields import MANY, ONE
from billflow.domain.commands import PlanCommand
from billflow.domain.errors import BillingError, InvalidInput, NotFound
from billflow.errors import (
    BadRequest,
    BodyTooLarge,
    InternalError,
    MethodNotAllowed,
    Unauthorized,
    Unavailable,
    kind_of,
)
from billflow.models.contracts.validation import field_refusal, without_consequences
from billflow.temporal.workflow_control import NoTemporalServer

RETRY_AFTER = 5
"""Seconds after which a caller may try again what is out of reach now."""

_log = structlog.get_logger(__name__)

_CHALLENGE = 'Bearer realm="billflow"'
_PARTS = frozenset({"body", "query", "path", "header"})
_VARIANTS = frozenset({ONE, MANY}).union(
    field.default for variant in get_args(PlanCommand) for field in fields(variant) if field.name == "type"
)


class FieldProblem(BaseModel):
    """What is wrong with one field, named by its path."""

    field: str
    message: str
    code: str


class Problem(BaseModel):
    """Why a request was not done; `code` is stable, `detail` is for people."""

    type: str = Field(examples=["urn:billflow:problem:not_enough_licenses"])
    title: str = Field(examples=["Not enough licenses"])
    status: int = Field(examples=[409])
    detail: str = Field(examples=["At least 5 licenses are needed."])
    code: str = Field(examples=["not_enough_licenses"])
    errors: list[FieldProblem] = Field(default_factory=list, examples=[[]])


def install(app: FastAPI) -> None:
    """Let every error of *app* be answered as a problem."""
    app.add_exception_handler(BillingError, _of_billing)
    app.add_exception_handler(RequestValidationError, _of_validation)
    app.add_exception_handler(HTTPException, _of_http)
    for kind in (RPCError, TimeoutError):
        app.add_exception_handler(kind, _of_outage)


async def _of_billing(request: Request, error: Exception) -> Response:
    if not isinstance(error, BillingError):
        raise error
    if isinstance(error, Unavailable):
        _log.warning("out of reach", path=request.url.path, error=repr(error))
    if isinstance(error, InternalError):
        _log.error("request failed", path=request.url.path, exc_info=error)
    return refused(error)


def refused(
    error: BillingError, errors: Iterable[FieldProblem] = (), headers: Mapping[str, str] | None = None
) -> Response:
    """Return the answer that tells one error, with the fields at fault where there are any."""
    status = kind_of(type(error)).http_status or HTTPStatus.INTERNAL_SERVER_ERROR
    named = [FieldProblem(field=error.field, message=error.message, code=error.code)] if error.field else []
    problem = Problem(
        type=f"urn:billflow:problem:{error.code}",
        title=error.code.replace("_", " ").capitalize(),
        status=status,
        detail=error.public or error.message,
        code=error.code,
        errors=[*named, *errors],
    )
    content = problem.model_dump_json(exclude=None if problem.errors else {"errors"})
    return Response(content, status, {**headers_of(error), **(headers or {})}, media_type="application/problem+json")


def headers_of(error: BillingError) -> dict[str, str]:
    """Return what the answer that tells an error says beside it: how to show a key, or when to ask again."""
    if isinstance(error, Unauthorized):
        return {"WWW-Authenticate": _CHALLENGE}
    seconds = error.retry_after.total_seconds() if error.retry_after else 0
    seconds = seconds or (RETRY_AFTER if isinstance(error, Unavailable) else 0)
    return {"Retry-After": str(math.ceil(seconds))} if seconds else {}


async def _of_validation(_: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    found = error.errors()
    if any(item["type"] == "json_invalid" for item in found):
        return refused(_unreadable())
    wrong = [_field_problem(item) for item in without_consequences(found)]
    only = wrong[0] if len(wrong) == 1 else None
    detail = _named(only) if only else f"{len(wrong)} fields are wrong; see errors."
    return refused(InvalidInput(detail, code=only.code if only else InvalidInput.code), wrong)


def _named(problem: FieldProblem) -> str:
    """Return what is wrong with a field as a sentence that says which."""
    leaf = problem.field.rpartition(".")[2]
    return problem.message if leaf in problem.message else f"{problem.field}: {problem.message}"


async def _of_http(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    if isinstance(error.__cause__, RequestValidationError):
        return await _of_validation(request, error.__cause__)
    if isinstance(error.__cause__, BillingError):
        return refused(error.__cause__)
    if error.status_code == HTTPStatus.NOT_FOUND:
        return refused(NotFound("There is nothing at this address; see /docs.", code="no_such_route"))
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = {"Allow": ", ".join(methods_at(request, error.headers or {}))}
        return refused(MethodNotAllowed("This address does not take that method; see /docs."), headers=allowed)
    return too_large() if error.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE else refused(_unreadable())


def methods_at(request: Request, known: Mapping[str, str]) -> list[str]:
    """Return every method that the request's address takes; the router's *known* are those of its first route only."""
    routes = [one for one in iter_route_contexts(request.app.routes) if hasattr(one, "path_regex")]
    found = [one.methods for one in routes if one.methods and one.path_regex.match(request.scope["path"])]
    methods = {method for methods in found for method in methods} or {*known.get("Allow", "").split(", ")}
    return sorted(methods | {"HEAD"} if "GET" in methods else methods)


async def _of_outage(request: Request, error: Exception) -> Response:
    return await _of_billing(request, _unavailable(error))


def _unavailable(error: Exception) -> Unavailable:
    """Return what it means that Temporal, or something behind it, did not answer."""
    if isinstance(error, RPCError):
        return NoTemporalServer(repr(error))
    message = (
        "There was no answer in time; ask again with the same Idempotency-Key, and check by "
        "`billflow deploy status` that workers of the current version run."
    )
    return Unavailable(message, code="no_answer_in_time")


def fault() -> Response:
    """Return the answer where we failed; what it was stays in our log."""
    return refused(InternalError("The request failed."))


def too_large() -> Response:
    """Return the answer to a body that is too large to read."""
    return refused(BodyTooLarge("The body is too large; send less at once."))


def _unreadable() -> BadRequest:
    return BadRequest("The body can't be read; send JSON in UTF-8.")


def _field_problem(item: Mapping[str, Any]) -> FieldProblem:
    path = [str(part) for part in item["loc"]]
    path = path[1:] if path[:1] and path[0] in _PARTS else path
    path = path[1:] if path[:1] and path[0] in _VARIANTS else path
    path = path[:1] + path[2:] if path[:1] == ["command"] and path[1:2] and path[1] in _VARIANTS else path
    if not path:
        own = item.get("ctx", {}).get("error")
        path = [getattr(own, "field", None) or ("type" if str(item["type"]).startswith("union_tag") else "body")]
    refusal = field_refusal(item, ".".join(path))
    return FieldProblem(field=".".join(path), message=refusal.message, code=refusal.code)
