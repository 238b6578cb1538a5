"""`billflow invoice pay|refund|credit-note|void|mark-uncollectible`: what is done to invoices."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from billflow.cli import output
from billflow.cli.lookup import found, org_of
from billflow.cli.params import AsJson, InvoiceId, Key, Reason, example
from billflow.cli.session import actor, answered, key_of, run

if TYPE_CHECKING:
    from billflow.wiring.engine import Engine

app = typer.Typer()
"""Added to `billflow invoice`."""

AmountOption = Annotated[int | None, typer.Option("--amount", help="Minor units; all that is left where left out.")]


@app.command(epilog=example("invoice pay 8a30"))
def pay(invoice: InvoiceId, *, as_json: AsJson = False) -> None:
    """Collect an open invoice now: charge the card, or send it again."""

    async def act(engine: "Engine") -> None:
        who = await _who(engine, invoice, None)
        outcome = await answered(engine.invoices.pay(who["org_id"], who["invoice_id"]))
        _show(outcome, "Payment", as_json=as_json)

    run(act)


@app.command(epilog=example("invoice refund 8a30", "invoice refund 8a30 --amount 500 --reason duplicate"))
def refund(
    invoice: InvoiceId,
    *,
    amount: AmountOption = None,
    reason: Annotated[
        str | None, typer.Option(help="duplicate, fraudulent or requested_by_customer, which Stripe is told.")
    ] = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Refund to the card, never more than was paid."""

    async def act(engine: "Engine") -> None:
        from billflow.models.contracts.adjustments import RefundInput

        ask = RefundInput.model_validate({**await _who(engine, invoice, key), "amount": amount, "reason": reason})
        _show(await answered(engine.adjustments.refund(ask), ask.key), "Refund", as_json=as_json)

    run(act)


@app.command("credit-note", epilog=example("invoice credit-note 8a30 --line 5c11 --to balance --memo 'too many seats'"))
def credit_note(  # noqa: PLR0913  (each is one choice)
    invoice: InvoiceId,
    *,
    amount: AmountOption = None,
    line: Annotated[list[str] | None, typer.Option(help="A line's id, credited whole; may be given again.")] = None,
    to: Annotated[str, typer.Option(help="Where what was paid goes: refund or balance.")] = "refund",
    reason: Annotated[
        str, typer.Option(help="duplicate, fraudulent, order_change or product_unsatisfactory.")
    ] = "order_change",
    memo: Annotated[str | None, typer.Option(help="What the customer reads on the note.")] = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Credit an invoice: first what is still to be paid, then what was paid."""

    async def act(engine: "Engine") -> None:
        from billflow.models.contracts.adjustments import CreditNoteInput

        wanted = {"amount": amount, "refund_method": to, "reason": reason, "memo": memo}
        lines = [{"line_id": line_id} for line_id in line or ()]
        ask = CreditNoteInput.model_validate({**await _who(engine, invoice, key), **wanted, "lines": lines})
        _show(await answered(engine.adjustments.credit(ask), ask.key), "Credit note", as_json=as_json)

    run(act)


@app.command(epilog=example("invoice void 8a30 --reason 'billed by mistake'"))
def void(invoice: InvoiceId, *, reason: Reason = None, as_json: AsJson = False) -> None:
    """Void an open invoice."""
    _close(invoice, "void", reason, as_json=as_json)


@app.command("mark-uncollectible", epilog=example("invoice mark-uncollectible 8a30"))
def mark_uncollectible(invoice: InvoiceId, *, reason: Reason = None, as_json: AsJson = False) -> None:
    """Give an open invoice up; its customer may still pay it."""
    _close(invoice, "uncollectible", reason, as_json=as_json)


def _close(invoice: str, to: str, reason: str | None, *, as_json: bool) -> None:
    async def act(engine: "Engine") -> None:
        from billflow.cli.invoice_views import described
        from billflow.models.contracts.adjustments import VoidInput

        ask = VoidInput.model_validate({**await _who(engine, invoice, None), "to": to, "reason": reason})
        closed = await engine.adjustments.void(ask)
        if as_json:
            output.as_json(closed)
        else:
            described(closed)

    run(act)


async def _who(engine: "Engine", invoice: str, key: str | None) -> dict[str, Any]:
    org_id, invoice_id = await org_of(engine), await found(engine, "invoice", invoice)
    at = await engine.adjustments.now_of(org_id, invoice_id)
    return {"org_id": org_id, "invoice_id": invoice_id, "key": key_of(key), "actor": actor(), "at": at}


def _show(answer: Any, title: str, *, as_json: bool) -> None:
    if as_json:
        output.as_json(answer)
        return
    told = {name.replace("_", " "): str(value) for name, value in answer.model_dump(mode="json").items() if value}
    output.facts(title, told)
