"""The pages where a customer acts: checkout, portal, authentication, and the hosted invoice."""

from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response

from stripe_emulator.control import customer_actions
from stripe_emulator.engine.object_units import unit_of_object
from stripe_emulator.engine.services import Services
from stripe_emulator.invoicing.pay import collect, require_payable
from stripe_emulator.invoicing.totals import lines_of
from stripe_emulator.pages.layout import card_form, money, page, table, text
from stripe_emulator.payments.methods import attach_to
from stripe_emulator.types import Obj

SEE_OTHER = 303


def checkout(services: Services, request: Request) -> HTMLResponse:
    """Ask for a card to save."""
    session = _object(services, request, "checkout.session")
    if session["status"] != "open":
        return page("Checkout", f"<p>This session is {text(session['status'])}.</p>")
    return page("Save a card", card_form(request.url.path, "Save"))


async def submit_checkout(services: Services, request: Request) -> Response:
    """Save the card and go where the session says."""
    session = _object(services, request, "checkout.session")
    customer_actions.complete_checkout(services, session["id"], await _card(request))
    done = (session["success_url"] or "/").replace("{CHECKOUT_SESSION_ID}", session["id"])
    return RedirectResponse(done, SEE_OTHER)


def portal(services: Services, request: Request) -> HTMLResponse:
    """Offer to change the default card."""
    session = _object(services, request, "billing_portal.session")
    back = f'<p><a href="{text(session["return_url"])}">Back</a></p>' if session["return_url"] else ""
    return page("Your payment method", card_form(request.url.path, "Make this my card") + back)


async def submit_portal(services: Services, request: Request) -> Response:
    """Change the default card and return."""
    session = _object(services, request, "billing_portal.session")
    customer_actions.set_default(services, session["id"], await _card(request))
    return RedirectResponse(session["return_url"] or request.url.path, SEE_OTHER)


def authentication(_: Services, request: Request) -> HTMLResponse:
    """Ask the customer to confirm a payment."""
    action = text(request.url.path)
    buttons = '<button name="answer" value="yes">Authenticate</button> <button name="answer" value="no">Refuse</button>'
    return page("Is this you?", f'<form method="post" action="{action}">{buttons}</form>')


async def submit_authentication(services: Services, request: Request) -> Response:
    """Pass on the customer's answer."""
    answer = await _field(request, "answer")
    status = customer_actions.authenticate(services, request.path_params["id"], success=answer == "yes")
    return page("Thank you", f"<p>The payment is now {text(status)}.</p>")


def invoice(services: Services, request: Request) -> HTMLResponse:
    """Show an invoice, with a form to pay it while it is open."""
    found = _object(services, request, "invoice")
    with unit_of_object(services, found["id"]) as unit:
        rows = [(line["description"], money(line["amount"], line["currency"])) for line in lines_of(unit, found)]
    currency = found["currency"]
    facts = [
        ("Status", found["status"]),
        ("Total", money(found["total"], currency)),
        ("Due", money(found["amount_due"], currency)),
        ("Paid", money(found["amount_paid"], currency)),
        ("Remaining", money(found["amount_remaining"], currency)),
    ]
    form = card_form(request.url.path, "Pay") if found["status"] == "open" else ""
    body = table(("", ""), facts) + table(("line", "amount"), rows) + form
    return page(f"Invoice {found['number'] or found['id']}", body)


async def submit_invoice(services: Services, request: Request) -> Response:
    """Pay an invoice as its customer, who is there to authenticate."""
    found = _object(services, request, "invoice")
    card = await _card(request)
    with unit_of_object(services, found["id"]) as unit:
        mine = unit.get("invoice", found["id"])
        require_payable(mine)
        method = attach_to(unit, unit.get("customer", mine["customer"]), card)
        collect(unit, mine, method, off_session=False)
    return RedirectResponse(request.url.path, SEE_OTHER)


def document(services: Services, request: Request) -> PlainTextResponse:
    """Stand for an invoice's PDF, whose contents are not simulated."""
    found = _object(services, request, "invoice")
    total = money(found["total"], found["currency"])
    return PlainTextResponse(f"Invoice {found['number']}: {total}. The emulator makes no PDF.\n")


def _object(services: Services, request: Request, kind: str) -> Obj:
    with unit_of_object(services, request.path_params["id"]) as unit:
        return unit.get(kind, request.path_params["id"])


async def _card(request: Request) -> str:
    return await _field(request, "payment_method") or "pm_card_visa"


async def _field(request: Request, name: str) -> str:
    form = parse_qs((await request.body()).decode("utf-8", "replace"))
    return form.get(name, [""])[0]
