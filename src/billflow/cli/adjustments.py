"""`billflow invoice pay|refund|credit-note|void|mark-paid|mark-uncollectible`: what is done to invoices."""

from typing import Annotated, Any

from typer import Option

from billflow.cli.invoice_views import described
from billflow.cli.lookup import InvoiceHere, org_of
from billflow.cli.output import FactList, Output
from billflow.cli.params import Key, Reason
from billflow.cli.session import CommandGroup, Engine, actor, answered, key_of

app = CommandGroup()
"""Added to `billflow invoice`."""

AmountOption = Annotated[int | None, Option("--amount", help="Minor units; all that is left where left out.")]


@app.on_engine("invoice pay 8a30")
async def pay(engine: Engine, invoice: InvoiceHere) -> Output:
    """Collect an open invoice now: charge the card, or send it again."""
    from billflow.models.contracts.responses import PaymentAttemptResponse

    org_id = await org_of(engine)
    outcome = await answered(engine.invoices.pay(org_id, invoice))
    shown = await engine.queries.invoices.get(org_id, invoice)
    return Output(PaymentAttemptResponse.of({"outcome": outcome, "invoice": shown}), _facts("Payment", outcome))


@app.on_engine("invoice refund 8a30", "invoice refund 8a30 --amount 500 --reason duplicate")
async def refund(  # noqa: PLR0913  (each is one choice)
    engine: Engine,
    invoice: InvoiceHere,
    *,
    amount: AmountOption = None,
    reason: Annotated[
        str | None, Option(help="duplicate, fraudulent or requested_by_customer, which Stripe is told.")
    ] = None,
    out_of_band: Annotated[
        str | None, Option("--out-of-band-reference", help="Record a refund made outside Stripe, under this reference.")
    ] = None,
    key: Key = None,
) -> Output:
    """Refund to the card, never more than was paid; or record a refund made outside Stripe."""
    from billflow.models.contracts.adjustments import RefundInput

    wanted = {"amount": amount, "reason": reason, "out_of_band_reference": out_of_band}
    ask = RefundInput.model_validate({**await who(engine, invoice, key), **wanted})
    return _output("Refund", await answered(engine.adjustments.refund(ask), ask.key))


@app.on_engine(
    "invoice credit-note 8a30 --line 5c11 --refund-method balance --memo 'too many seats'", name="credit-note"
)
async def credit_note(  # noqa: PLR0913  (each is one choice)
    engine: Engine,
    invoice: InvoiceHere,
    *,
    amount: AmountOption = None,
    line: Annotated[list[str] | None, Option(help="A line's id, credited whole; may be given again.")] = None,
    refund_method: Annotated[str, Option(help="Where what was paid goes: refund or balance.")] = "refund",
    reason: Annotated[str, Option(help="duplicate, fraudulent, order_change or product_unsatisfactory.")] = (
        "order_change"
    ),
    memo: Annotated[str | None, Option(help="What the customer reads on the note.")] = None,
    key: Key = None,
) -> Output:
    """Credit an invoice: first what is still to be paid, then what was paid."""
    from billflow.models.contracts.adjustments import CreditNoteInput

    wanted = {"amount": amount, "refund_method": refund_method, "reason": reason, "memo": memo}
    lines = [{"line_id": line_id} for line_id in line or ()]
    ask = CreditNoteInput.model_validate({**await who(engine, invoice, key), **wanted, "lines": lines})
    return _output("Credit note", await answered(engine.adjustments.credit(ask), ask.key))


@app.on_engine("invoice void 8a30 --reason 'billed by mistake'")
async def void(
    engine: Engine,
    invoice: InvoiceHere,
    *,
    reason: Reason = None,
    waived: Annotated[bool, Option("--waived", help="What it billed is not to be billed again.")] = False,
) -> Output:
    """Void an open invoice; unless it is waived, what it billed is to be issued again by `invoice reissue`."""
    return await _closed(engine, invoice, "void", reason, waived=waived)


@app.on_engine("invoice mark-paid 8a30 --reference 'bank transfer 4711'", name="mark-paid")
async def mark_paid(
    engine: Engine,
    invoice: InvoiceHere,
    *,
    reference: Annotated[str, Option(help="What the payment is known by, such as that of a bank transfer.")],
) -> Output:
    """Mark an invoice paid that was paid outside Stripe."""
    from billflow.models.contracts.adjustments import OutOfBandPaymentInput

    ask = OutOfBandPaymentInput.model_validate({**await who(engine, invoice, None), "reference": reference})
    paid = await engine.adjustments.mark_paid(ask)
    return Output(paid, *described(paid))


@app.on_engine("invoice mark-uncollectible 8a30", name="mark-uncollectible")
async def mark_uncollectible(engine: Engine, invoice: InvoiceHere, reason: Reason = None) -> Output:
    """Give an open invoice up; its customer may still pay it."""
    return await _closed(engine, invoice, "uncollectible", reason)


async def _closed(engine: Engine, invoice: str, to: str, reason: str | None, *, waived: bool = False) -> Output:
    from billflow.models.contracts.adjustments import VoidInput

    wanted = {"to": to, "reason": reason, "waived": waived}
    ask = VoidInput.model_validate({**await who(engine, invoice, None), **wanted})
    closed = await engine.adjustments.void(ask)
    return Output(closed, *described(closed))


async def who(engine: Engine, invoice_id: str, key: str | None) -> dict[str, Any]:
    """Return what every request about an invoice names: which one, under which key, who asks and when."""
    org_id = await org_of(engine)
    at = await engine.adjustments.now_of(org_id, invoice_id)
    return {"org_id": org_id, "invoice_id": invoice_id, "key": key_of(key), "actor": actor(), "at": at}


def _output(title: str, answer: Any) -> Output:
    return Output(answer, _facts(title, answer))


def _facts(title: str, answer: Any) -> FactList:
    told = {name.replace("_", " "): str(value) for name, value in answer.model_dump(mode="json").items() if value}
    return FactList(title, told)
