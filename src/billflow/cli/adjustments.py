"""`billflow invoice pay|refund|credit-note|void|mark-paid|mark-uncollectible`: what is done to invoices."""

from typing import Annotated

from typer import Option

from billflow.cli.invoice_views import described
from billflow.cli.json_objects import given
from billflow.cli.lookup import InvoiceHere
from billflow.cli.output import Output, facts_of
from billflow.cli.params import Key, Reason
from billflow.cli.session import Api, CommandGroup

app = CommandGroup()
"""Added to `billflow invoice`."""

AmountOption = Annotated[int | None, Option("--amount", help="Minor units; all that is left where left out.")]


@app.on_api("invoice pay 8a30")
def pay(api: Api, invoice: InvoiceHere) -> Output:
    """Collect an open invoice now: charge the card, or send it again."""
    paid = api.write("POST", f"/invoices/{invoice}/pay")
    return Output(paid, facts_of("Payment", paid.outcome, paid.invoice.currency))


@app.on_api("invoice refund 8a30", "invoice refund 8a30 --amount 500 --reason duplicate")
def refund(  # noqa: PLR0913  (each is one choice)
    api: Api,
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
    wanted = given(amount=amount, reason=reason, out_of_band_reference=out_of_band)
    made = api.write("POST", f"/invoices/{invoice}/refund", wanted, key)
    return Output(made, facts_of("Refund", made, made.currency))


@app.on_api("invoice credit-note 8a30 --line 5c11 --refund-method balance --memo 'too many seats'", name="credit-note")
def credit_note(  # noqa: PLR0913  (each is one choice)
    api: Api,
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
    lines = [{"line_id": line_id} for line_id in line or ()]
    wanted = given(amount=amount, refund_method=refund_method, reason=reason, memo=memo, lines=lines)
    made = api.write("POST", f"/invoices/{invoice}/credit-notes", wanted, key)
    return Output(made, facts_of("Credit note", made, made.currency))


@app.on_api("invoice void 8a30 --reason 'billed by mistake'")
def void(
    api: Api,
    invoice: InvoiceHere,
    *,
    reason: Reason = None,
    waived: Annotated[bool, Option("--waived", help="What it billed is not to be billed again.")] = False,
) -> Output:
    """Void an open invoice; unless it is waived, what it billed is to be issued again by `invoice reissue`."""
    return _closed(api, invoice, "void", given(reason=reason, waived=waived))


@app.on_api("invoice mark-paid 8a30 --reference 'bank transfer 4711'", name="mark-paid")
def mark_paid(
    api: Api,
    invoice: InvoiceHere,
    *,
    reference: Annotated[str, Option(help="What the payment is known by, such as that of a bank transfer.")],
) -> Output:
    """Mark an invoice paid that was paid outside Stripe."""
    return _closed(api, invoice, "mark-paid", {"reference": reference})


@app.on_api("invoice mark-uncollectible 8a30", name="mark-uncollectible")
def mark_uncollectible(api: Api, invoice: InvoiceHere, reason: Reason = None) -> Output:
    """Give an open invoice up; its customer may still pay it."""
    return _closed(api, invoice, "mark-uncollectible", given(reason=reason))


def _closed(api: Api, invoice: str, verb: str, body: dict[str, object]) -> Output:
    closed = api.write("POST", f"/invoices/{invoice}/{verb}", body)
    return Output(closed, *described(closed))
