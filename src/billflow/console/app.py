"""The console as an application of its own, mounted beside the API: what every page has in common."""

from importlib.resources import files

from fastapi import FastAPI, Request, Response
from starlette.staticfiles import StaticFiles

from billflow.api.problems import headers_of
from billflow.api.services import Services
from billflow.console import (
    adjustments,
    as_of,
    business,
    clock_operations,
    commands,
    customer_actions,
    customers,
    document_operations,
    dry_runs,
    dunning_operations,
    endpoint_operations,
    find,
    invoices,
    key_operations,
    lists,
    logo_operations,
    openid_sign_in,
    operate,
    parallel_run,
    plan_batches,
    reconciliation,
    seller_operations,
    sign_in,
    sign_out,
)
from billflow.console.pages import BASE, page
from billflow.console.services import ConsoleService
from billflow.errors import kind_of
from billflow.pages.headers import PageHeaders
from billflow.pages.problems import FAULTS, problem_of

ROUTERS = (
    sign_in.router,
    sign_out.router,
    openid_sign_in.router,
    find.router,
    customers.router,
    as_of.router,
    invoices.router,
    lists.router,
    business.router,
    key_operations.router,
    endpoint_operations.router,
    clock_operations.router,
    seller_operations.router,
    logo_operations.router,
    dunning_operations.router,
    document_operations.router,
    operate.router,
    plan_batches.router,
    dry_runs.router,
    parallel_run.router,
    reconciliation.router,
    commands.router,
    adjustments.router,
    customer_actions.router,
)
"""Every page and form, by what it is about."""


def console_app(services: Services, console: ConsoleService) -> FastAPI:
    """Build the console on *services*; it is no part of the documented API."""
    app = FastAPI(openapi_url=None, routes=[route for router in ROUTERS for route in router.routes])
    app.state.services, app.state.console = services, console
    app.add_middleware(PageHeaders, base=BASE)
    app.mount("/static", StaticFiles(directory=str(files("billflow.console") / "static")))
    for kind in FAULTS:
        app.add_exception_handler(kind, refused)
    return app


async def refused(request: Request, error: Exception) -> Response:
    """Return the page that says in plain words why something was not done."""
    problem = problem_of(error)
    status = kind_of(type(problem)).http_status or 500
    answer = page(request, "refused.html", status=status, problem=problem)
    answer.headers.update(headers_of(problem))
    return answer
