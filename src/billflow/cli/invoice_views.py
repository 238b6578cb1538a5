"""How an invoice looks, and how its amounts explain themselves."""

from typing import TYPE_CHECKING, Any

from billflow.cli.output import NOTHING, Columns, FactList, Part, Table, amount, time, words
from billflow.cli.plan_views import named

if TYPE_CHECKING:
    from billflow.models.contracts.records import InvoiceDetail

_ATTEMPTS: Columns = {
    "n>": lambda attempt: attempt.n,
    "at": lambda attempt: time(attempt.at),
    "outcome": lambda attempt: _outcome(attempt.outcome),
}


def described(invoice: "InvoiceDetail") -> list[Part]:
    """Describe one invoice with its lines and the attempts to collect it."""
    money = invoice.currency
    shown = {
        "id": invoice.invoice_id,
        "plan": invoice.plan_id,
        "customer": named(invoice.customer_id, invoice.customer_name),
        "kind": words(invoice.kind),
        "status": invoice.status,
        "total": amount(invoice.total, money),
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
    lines: Columns = {
        "what": lambda line: line.description,
        "period": lambda line: f"{line.period_start:%Y-%m-%d} to {line.period_end:%Y-%m-%d}",
        "quantity>": lambda line: line.quantity,
        "each>": lambda line: amount(line.unit_amount, money),
        "amount>": lambda line: amount(line.amount, money),
    }
    facts = FactList(f"Invoice {invoice.number or invoice.invoice_id}", shown)
    attempts = [Table("Attempts to collect", _ATTEMPTS, invoice.payment_attempts)] if invoice.payment_attempts else []
    adjusted = [Table("Adjustments", _adjustments(money), invoice.adjustments)] if invoice.adjustments else []
    return [facts, Table("Lines", lines, invoice.lines), *adjusted, *attempts]


def _adjustments(currency: str) -> Columns:
    return {
        "date": lambda one: f"{one.at:%Y-%m-%d}",
        "what": lambda one: f"{words(one.kind)} {one.number or ''}".rstrip(),
        "amount>": lambda one: amount(one.amount, currency),
        "reason": lambda one: ", ".join(filter(None, (words(one.reason or ""), one.memo))) or NOTHING,
        "id": lambda one: one.adjustment_id or NOTHING,
    }


def adjusted_sentences(invoice: "InvoiceDetail") -> list[str]:
    """Say what was adjusted of an invoice and when, and how its money stands."""
    sums = {"credited": invoice.credited, "refunded": invoice.refunded}
    stands = {name: money for name, money in sums.items() if money}
    stands |= {"net paid": invoice.net_paid, "still due": invoice.still_due}
    told = ", ".join(f"{name} {amount(money, invoice.currency)}" for name, money in stands.items())
    return [*(one.in_words(invoice.currency) for one in invoice.adjustments), f"{told[0].upper()}{told[1:]}."]


def links_of(invoice: "InvoiceDetail") -> dict[str, str | None]:
    """Return which invoice it replaces, and which one replaces it."""
    return {name: getattr(invoice, name) for name in ("replaces_invoice_id", "replaced_by_invoice_id")}


def _next(invoice: "InvoiceDetail") -> str | None:
    if invoice.next_attempt_at is None or invoice.next_action is None:
        return None
    return f"{words(invoice.next_action)} at {time(invoice.next_attempt_at)}"


def _outcome(outcome: dict[str, Any]) -> str:
    message = outcome.get("message")
    return f"{outcome.get('kind')}: {message}" if message else str(outcome.get("kind"))
