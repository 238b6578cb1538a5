"""Everything that can go wrong, told as `application/problem+json` (RFC 9457)."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import fields
from http import HTTPStatus
from typing import Any, get_args

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from temporalio.service import RPCError

from billflow.api.fields import MANY, ONE
from billflow.domain.commands import PlanCommand
from billflow.domain.errors import BillingError, InvalidInput, NotFound
from billflow.ports.billing import NoDatabase, PaymentsUnavailable
from billflow.temporal.client import NoTemporalServer

RETRY_AFTER = 5
"""Seconds after which a caller may try again what is out of reach now."""

_log = structlog.get_logger(__name__)

_STATUS_OF: tuple[tuple[type[BillingError], int], ...] = (
    (InvalidInput, HTTPStatus.UNPROCESSABLE_ENTITY),
    (NotFound, HTTPStatus.NOT_FOUND),
    (NoTemporalServer, HTTPStatus.SERVICE_UNAVAILABLE),
    (BillingError, HTTPStatus.CONFLICT),
)
_STATUS_OF_CODE = {"forged_webhook": HTTPStatus.BAD_REQUEST, "malformed_webhook": HTTPStatus.BAD_REQUEST}
_OUT_OF_REACH: Mapping[type[Exception], tuple[str, str]] = {
    NoDatabase: ("no_database", "The database can't be reached; try again in a moment."),
    PaymentsUnavailable: ("stripe_unavailable", "Stripe can't be reached; try again in a moment."),
    RPCError: ("no_temporal_server", "The Temporal server can't be reached; try again in a moment."),
    TimeoutError: (
        "no_answer_in_time",
        "There was no answer in time; ask again with the same Idempotency-Key, and check that a worker runs.",
    ),
}
_OF_HTTP = {
    HTTPStatus.NOT_FOUND: ("no_such_route", "There is nothing at this address; see /docs."),
    HTTPStatus.METHOD_NOT_ALLOWED: ("method_not_allowed", "This address does not take that method; see /docs."),
    HTTPStatus.BAD_REQUEST: ("malformed_body", "The body can't be read; send JSON in UTF-8."),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: ("body_too_large", "The body is too large; send less at once."),
}
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


class ProblemError(HTTPException):
    """A problem that knows its own code, and the field where it is one's fault."""

    def __init__(
        self, status: int, code: str, message: str, *, field: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(status, message, dict(headers or {}))
        self.code = code
        self.field = field


class Unstorable(ProblemError):
    """A part of the request is well formed, but can't be stored."""

    def __init__(self, field: str, code: str, message: str) -> None:
        super().__init__(HTTPStatus.UNPROCESSABLE_ENTITY, code, message, field=field)


def install(app: FastAPI) -> None:
    """Let every error of *app* be answered as a problem."""
    app.add_exception_handler(BillingError, _of_billing)
    app.add_exception_handler(RequestValidationError, _of_validation)
    app.add_exception_handler(HTTPException, _of_http)
    for kind in _OUT_OF_REACH:
        app.add_exception_handler(kind, _of_outage)


def answered(
    status: int,
    code: str,
    detail: str,
    errors: Iterable[FieldProblem] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return the answer that tells one problem; `errors` only where there are any."""
    problem = Problem(
        type=f"urn:billflow:problem:{code}",
        title=code.replace("_", " ").capitalize(),
        status=status,
        detail=detail,
        code=code,
        errors=list(errors),
    )
    content = problem.model_dump_json(exclude=None if problem.errors else {"errors"})
    known = {"Retry-After": str(RETRY_AFTER)} if status == HTTPStatus.SERVICE_UNAVAILABLE else {}
    return Response(content, status, {**known, **(headers or {})}, media_type="application/problem+json")


async def _of_billing(_: Request, error: Exception) -> Response:
    if not isinstance(error, BillingError):
        raise error
    return refused(error)


def refused(error: BillingError) -> Response:
    """Return the answer where our own domain says no."""
    status = _STATUS_OF_CODE.get(error.code) or next(status for kind, status in _STATUS_OF if isinstance(error, kind))
    named = [FieldProblem(field=error.field, message=error.message, code=error.code)] if error.field else []
    return answered(status, error.code, error.message, named)


async def _of_validation(_: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    found = error.errors()
    if any(item["type"] == "json_invalid" for item in found):
        return answered(HTTPStatus.BAD_REQUEST, *_OF_HTTP[HTTPStatus.BAD_REQUEST])
    wrong = [_field_problem(item) for item in found]
    only = wrong[0] if len(wrong) == 1 else None
    detail = f"{only.field}: {only.message}" if only else f"{len(wrong)} fields are wrong; see errors."
    code = only.code if only and _refusal(found[0]) else InvalidInput.code
    return answered(HTTPStatus.UNPROCESSABLE_ENTITY, code, detail, wrong)


async def _of_http(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    if isinstance(error, ProblemError):
        wrong = [FieldProblem(field=error.field, message=error.detail, code=error.code)] if error.field else []
        detail = f"{error.field}: {error.detail}" if error.field else error.detail
        return answered(error.status_code, error.code, detail, wrong, error.headers)
    code, detail = _OF_HTTP.get(HTTPStatus(error.status_code), ("http_error", error.detail))
    allowed = {"Allow": ", ".join(methods_at(request))} if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED else {}
    return answered(error.status_code, code, detail, headers={**(error.headers or {}), **allowed})


def methods_at(request: Request) -> list[str]:
    """Return every method that the request's address takes; the router names those of its first route only."""
    paths: Mapping[str, Mapping[str, Any]] = request.app.openapi()["paths"]
    at = request.scope["path"]
    found = [path for path in paths if re.fullmatch(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path)), at)]
    return sorted({method.upper() for path in found for method in paths[path]})


async def _of_outage(request: Request, error: Exception) -> Response:
    _log.warning("out of reach", path=request.url.path, error=repr(error))
    code, detail = next(told for kind, told in _OUT_OF_REACH.items() if isinstance(error, kind))
    return answered(HTTPStatus.SERVICE_UNAVAILABLE, code, detail)


def fault() -> Response:
    """Return the answer where we failed; what it was stays in our log."""
    detail = "Something went wrong on our side; it is in our log under the X-Request-Id of this answer."
    return answered(HTTPStatus.INTERNAL_SERVER_ERROR, "internal_error", detail)


def too_large() -> Response:
    """Return the answer to a body that is too large to read."""
    return answered(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, *_OF_HTTP[HTTPStatus.REQUEST_ENTITY_TOO_LARGE])


def _field_problem(item: Mapping[str, Any]) -> FieldProblem:
    refusal = _refusal(item)
    path = [str(part) for part in item["loc"]]
    path = path[1:] if path[:1] and path[0] in _PARTS else path
    path = path[1:] if path[:1] and path[0] in _VARIANTS else path
    path = path[:1] + path[2:] if path[:1] == ["command"] and path[1:2] and path[1] in _VARIANTS else path
    if not path:
        path = [(refusal and refusal.field) or ("type" if str(item["type"]).startswith("union_tag") else "body")]
    message = refusal.message if refusal else str(item["msg"])
    return FieldProblem(field=".".join(path), message=message, code=refusal.code if refusal else str(item["type"]))


def _refusal(item: Mapping[str, Any]) -> BillingError | None:
    """Return what our own domain said, where it was the one to refuse a value."""
    cause = item.get("ctx", {}).get("error")
    return cause if isinstance(cause, BillingError) else None
