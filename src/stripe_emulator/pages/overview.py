"""The first page: customers, invoices and events."""

import json
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import HTMLResponse

from stripe_emulator.engine.services import Services
from stripe_emulator.pages.layout import money, page, table, text
from stripe_emulator.types import Obj

NEWEST = 50


def overview(services: Services, _: Request) -> HTMLResponse:
    """Show the newest customers, invoices and events of all accounts."""
    customers = [
        (one["id"], one.get("name"), one["email"], _balance(one), moment(one["created"]))
        for one in newest(services, "customer")
    ]
    events = [(one["id"], one["type"], _subject(one), moment(one["created"])) for one in newest(services, "event")]
    now = moment(int(services.clock.now()))
    return page(
        "Stripe emulator",
        f'<p class="note">The newest {NEWEST} of each. The clock says {now} UTC.</p>'
        f"<h2>Customers</h2>{table(('id', 'name', 'e-mail', 'balance', 'created'), customers)}"
        f"<h2>Invoices</h2>{_invoices(services)}"
        f"<h2>Events</h2>{table(('id', 'type', 'object', 'created'), events)}",
    )


def newest(services: Services, kind: str) -> list[Obj]:
    """Return the newest objects of a kind, of every account."""
    sql = "SELECT body FROM objects WHERE kind = ? AND deleted = 0 ORDER BY seq DESC LIMIT ?"
    return [json.loads(body) for (body,) in services.db.execute(sql, (kind, NEWEST))]


def moment(seconds: int) -> str:
    """Return a time to read, in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _invoices(services: Services) -> str:
    heads = "".join(f"<th>{head}</th>" for head in ("number", "customer", "status", "total", "remaining", "created"))
    rows = "".join(
        f'<tr><td><a href="/invoices/{text(one["id"])}">{text(one["number"] or one["id"])}</a></td>'
        f"<td>{text(one['customer_email'] or one['customer'])}</td><td>{text(one['status'])}</td>"
        f'<td class="amount">{money(one["total"], one["currency"])}</td>'
        f'<td class="amount">{money(one["amount_remaining"], one["currency"])}</td>'
        f"<td>{moment(one['created'])}</td></tr>"
        for one in newest(services, "invoice")
    )
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"


def _balance(customer: Obj) -> str:
    return money(customer["balance"], customer.get("currency") or "usd")


def _subject(event: Obj) -> str:
    return str(event["data"]["object"].get("id", ""))
