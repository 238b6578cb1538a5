"""The console as an application of its own, mounted beside the API: what every page has in common."""

from importlib.resources import files

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles
from temporalio.service import RPCError

from billflow.api.problems import headers_of
from billflow.api.services import Services
from billflow.console import (
    adjustments,
    business,
    commands,
    customers,
    find,
    invoices,
    lists,
    openid_sign_in,
    operate,
    operations,
    sign_in,
)
from billflow.console.pages import page
from billflow.console.security import ConsoleHeaders
from billflow.console.services import ConsoleService
from billflow.domain.errors import BillingError, InvalidInput, NotFound
from billflow.errors import InternalError, Unavailable, kind_of
from billflow.models.contracts.validation import field_refusal

ROUTERS = (
    sign_in.router,
    sign_in.signed_in,
    openid_sign_in.router,
    find.router,
    customers.router,
    invoices.router,
    lists.router,
    business.router,
    operations.router,
    operate.router,
    commands.router,
    adjustments.router,
)
"""Every page and form, by what it is about."""


def console_app(services: Services, console: ConsoleService) -> FastAPI:
    """Build the console on *services*; it is no part of the documented API."""
    app = FastAPI(openapi_url=None)
    app.state.services, app.state.console = services, console
    app.add_middleware(ConsoleHeaders)
    for router in ROUTERS:
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=str(files("billflow.console") / "static")))
    for kind in (BillingError, RequestValidationError, HTTPException, RPCError, TimeoutError):
        app.add_exception_handler(kind, refused)
    return app


async def refused(request: Request, error: Exception) -> Response:
    """Return the page that says in plain words why something was not done."""
    problem = _problem_of(error)
    status = kind_of(type(problem)).http_status or 500
    answer = page(request, "refused.html", status=status, problem=problem)
    answer.headers.update(headers_of(problem))
    return answer


def _problem_of(error: Exception) -> BillingError:
    match error:
        case BillingError():
            return error
        case RequestValidationError():
            first = error.errors()[0]
            return field_refusal(first, ".".join(map(str, first["loc"][1:])))
        case HTTPException(status_code=404):
            return NotFound("There is no page at this address; search for what you look for.", code="no_such_route")
        case HTTPException():
            return InvalidInput("This address can't be asked that way; go back and try again.")
        case RPCError() | TimeoutError():
            return Unavailable("There was no answer in time; try again in a moment.", code="no_answer_in_time")
        case _:
            return InternalError("The request failed.")
