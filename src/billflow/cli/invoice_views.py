"""How an invoice looks, and how its amounts explain themselves."""

from typing import TYPE_CHECKING

from billflow.cli import output
from billflow.domain.invoicing.draft import Line
from billflow.domain.invoicing.explain import Explanation, explain

if TYPE_CHECKING:
    from billflow.models.contracts.records import InvoiceDetail


def described(invoice: "InvoiceDetail") -> None:
    """Print one invoice with its lines and the attempts to collect it."""
    money = invoice.currency
    shown = {
        "id": invoice.invoice_id,
        "plan": invoice.plan_id,
        "customer": invoice.customer_id,
        "kind": output.words(invoice.kind),
        "status": invoice.status,
        "total": output.amount(invoice.total, money),
        "paid": output.amount(invoice.amount_paid, money),
        "paid at": output.time(invoice.paid_at) if invoice.paid_at else None,
        "issued": output.time(invoice.issued_at),
        "due": output.time(invoice.due_at),
        "payment": output.words(invoice.collection_method),
        "next": _next(invoice),
        "attention": invoice.attention,
        "Stripe": invoice.stripe_invoice_id,
        "page": invoice.hosted_invoice_url,
    }
    output.facts(f"Invoice {invoice.number or invoice.invoice_id}", shown)
    _print_lines(invoice)
    if invoice.payment_attempts:
        rows = [(str(one.n), output.time(one.at), _outcome(one.outcome)) for one in invoice.payment_attempts]
        output.table("Attempts to collect", ("n>", "at", "outcome"), rows)


def explanations(invoice: "InvoiceDetail") -> list[Explanation]:
    """Return where each number of each line comes from."""
    return [
        explain(Line(line.kind, line.description, line.derivation, line.entries), invoice.currency)
        for line in invoice.lines
    ]


def explained(invoice: "InvoiceDetail") -> None:
    """Print each line's derivation as a sentence, and their sum."""
    for n, line in enumerate(explanations(invoice), 1):
        output.say(f"{n}. {line.sentence}")
    output.say(f"Together: {output.amount(invoice.total, invoice.currency)}.")


def _next(invoice: "InvoiceDetail") -> str | None:
    if invoice.next_attempt_at is None or invoice.next_action is None:
        return None
    return f"{output.words(invoice.next_action)} at {output.time(invoice.next_attempt_at)}"


def _print_lines(invoice: "InvoiceDetail") -> None:
    rows = [
        (
            line.description,
            f"{line.period_start:%Y-%m-%d} to {line.period_end:%Y-%m-%d}",
            str(line.quantity),
            output.amount(line.unit_amount, invoice.currency),
            output.amount(line.amount, invoice.currency),
        )
        for line in invoice.lines
    ]
    output.table("Lines", ("what", "period", "quantity>", "each>", "amount>"), rows)


def _outcome(outcome: dict[str, object]) -> str:
    message = outcome.get("message")
    return f"{outcome.get('kind')}: {message}" if message else str(outcome.get("kind"))
