"""How an invoice looks, and how its amounts explain themselves."""

from typing import Any

from billflow.cli.json_objects import JsonObject
from billflow.cli.lookup import short
from billflow.cli.output import NOTHING, Columns, FactList, Part, Table, amount, day, time, words
from billflow.cli.plan_views import named

_ATTEMPTS: Columns = {
    "n>": lambda attempt: attempt.n,
    "at": lambda attempt: time(attempt.at),
    "outcome~": lambda attempt: _outcome(attempt.outcome),
}


def described(invoice: JsonObject) -> list[Part]:
    """Describe one invoice with its lines and the attempts to collect it."""
    money, attempts, adjusted = invoice.currency, invoice.payment_attempts, invoice.adjustments
    taxes = [one for one in invoice.taxes if one.category != "none"]
    return [
        _facts(invoice),
        Table("Lines", _lines(money), invoice.lines),
        *([Table("Tax", _taxes(money), taxes)] if taxes else []),
        *([Table("Adjustments", _adjustments(money), adjusted)] if adjusted else []),
        *([Table("Attempts to collect", _ATTEMPTS, attempts)] if attempts else []),
    ]


def _facts(invoice: JsonObject) -> FactList:
    money = invoice.currency
    shown = {
        "id": invoice.id,
        "plan": invoice.plan_id,
        "customer": named(invoice.customer_id, invoice.customer_name),
        "kind": words(invoice.kind),
        "status": invoice.status,
        "total": amount(invoice.total, money),
        "tax": None if invoice.tax_known else "Stripe adds it to the total",
        "from balance": amount(invoice.balance_applied, money) if invoice.balance_applied else None,
        "credited": amount(invoice.credited, money) if invoice.credited else None,
        "paid": amount(invoice.amount_paid, money),
        "refunded": amount(invoice.refunded, money) if invoice.refunded else None,
        "net paid": amount(invoice.net_paid, money) if invoice.refunded else None,
        "still due": amount(invoice.still_due, money),
        "paid at": time(invoice.paid_at) if invoice.paid_at else None,
        "issued": time(invoice.issued_at),
        "due": time(invoice.due_at),
        "payment": words(invoice.collection_method),
        "next": _next(invoice),
        "attention": invoice.attention,
        "replaces": invoice.replaces_invoice_id,
        "replaced by": invoice.replaced_by_invoice_id,
        "waived": "it is not billed again" if invoice.waived else None,
        "Stripe": invoice.stripe_invoice_id,
        "page": invoice.hosted_invoice_url,
        "e-invoice": "yes" if invoice.e_invoice else invoice.e_invoice_missing,
    }
    return FactList(f"Invoice {invoice.number or invoice.id}", shown)


def _lines(currency: str) -> Columns:
    return {
        "what~": lambda line: line.description,
        "from": lambda line: day(line.period_start),
        "until": lambda line: day(line.period_end),
        "quantity>": lambda line: line.quantity,
        "each>": lambda line: amount(line.unit_amount, currency),
        "amount>": lambda line: amount(line.amount, currency),
    }


def _taxes(currency: str) -> Columns:
    return {
        "what~": lambda one: one.name,
        "of": lambda one: one.jurisdiction,
        "rate>": lambda one: f"{one.percent}%",
        "on>": lambda one: amount(one.base, currency),
        "tax>": lambda one: amount(one.tax, currency),
        "how~": lambda one: one.exemption or ("in the prices" if one.inclusive else words(one.category)),
    }


def _adjustments(currency: str) -> Columns:
    return {
        "date": lambda one: day(one.at),
        "what~": lambda one: f"{words(one.kind)} {one.number or ''}".rstrip(),
        "amount>": lambda one: amount(one.amount, currency),
        "reason~": lambda one: ", ".join(filter(None, (words(one.reason or ""), one.memo))) or NOTHING,
        "id": lambda one: short(one.adjustment_id),
    }


def sums_of(invoice: JsonObject) -> str:
    """Say how an invoice's money stands."""
    stands = {name: invoice[name] for name in ("credited", "refunded") if invoice[name]}
    stands |= {"net paid": invoice.net_paid, "still due": invoice.still_due}
    told = ", ".join(f"{name} {amount(money, invoice.currency)}" for name, money in stands.items())
    return f"{told[0].upper()}{told[1:]}."


def _next(invoice: JsonObject) -> str | None:
    if invoice.next_attempt_at is None or invoice.next_action is None:
        return None
    return f"{words(invoice.next_action)} at {time(invoice.next_attempt_at)}"


def _outcome(outcome: dict[str, Any]) -> str:
    message = outcome.get("message")
    return f"{outcome.get('kind')}: {message}" if message else str(outcome.get("kind"))
