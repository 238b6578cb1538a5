"""The routes of the pages."""

import inspect
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from stripe_emulator.engine.services import Services
from stripe_emulator.errors import StripeError
from stripe_emulator.pages import customer
from stripe_emulator.pages.layout import page, text
from stripe_emulator.pages.overview import overview

Page = Callable[[Services, Request], Response | Awaitable[Response]]


def routes(services: Services, wake: Callable[[], None]) -> list[BaseRoute]:
    """Return the routes of all pages; `wake` is called after each, for the workers that wait on the database."""
    table: list[tuple[str, str, Page]] = [
        ("GET", "/", overview),
        ("GET", "/checkout/{id}", customer.checkout),
        ("POST", "/checkout/{id}", customer.submit_checkout),
        ("GET", "/portal/{id}", customer.portal),
        ("POST", "/portal/{id}", customer.submit_portal),
        ("GET", "/authenticate/{id}", customer.authentication),
        ("POST", "/authenticate/{id}", customer.submit_authentication),
        ("GET", "/invoices/{id}", customer.invoice),
        ("POST", "/invoices/{id}", customer.submit_invoice),
        ("GET", "/invoices/{id}/pdf", customer.document),
    ]
    return [Route(path, _endpoint(services, show, wake), methods=[method]) for method, path, show in table]


def _endpoint(services: Services, show: Page, wake: Callable[[], None]) -> Callable[[Request], Awaitable[Response]]:
    """Show a page, or what went wrong as one."""

    async def answer(request: Request) -> Response:
        try:
            shown = show(services, request)
            response = await shown if inspect.isawaitable(shown) else shown
        except StripeError as error:
            return page("That did not work", f'<p class="bad">{text(error.message)}</p>', error.status)
        wake()
        return response

    return answer
