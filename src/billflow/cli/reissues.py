"""`billflow invoice reissue`: an invoice issued again in its place, as it is or corrected."""

from typing import Annotated

from typer import Option

from billflow.cli.invoice_views import described
from billflow.cli.json_objects import JsonObject, given
from billflow.cli.lookup import InvoiceHere
from billflow.cli.output import Output, amount
from billflow.cli.params import Key, Reason
from billflow.cli.previews import written
from billflow.cli.session import Api, CommandGroup
from billflow.domain.errors import InvalidInput

app = CommandGroup()
"""Added to `billflow invoice`."""


@app.on_api(
    "invoice reissue 8a30 --preview", "invoice reissue 8a30 --line 5c11 --licenses 8 --price 700 --reason 'agreed 700'"
)
def reissue(  # noqa: PLR0913  (each is one choice)
    api: Api,
    invoice: InvoiceHere,
    *,
    line: Annotated[
        str | None, Option(help="The line to correct, where there are several; its id's beginning.")
    ] = None,
    licenses: Annotated[int | None, Option(help="How many licenses the line is to bill; 0 bills none.")] = None,
    price: Annotated[int | None, Option(help="Minor units a license and cycle, or a year's fixed price.")] = None,
    refund_method: Annotated[
        str, Option(help="Where what was paid goes: balance, which pays the new one, or refund.")
    ] = "balance",
    reason: Reason = None,
    preview: Annotated[bool, Option("--preview", help="Show what would happen; nothing is written.")] = False,
    key: Key = None,
) -> Output:
    """Issue an invoice again in its place, as it is or corrected; an open one is voided, a paid one credited."""
    lines = []
    if line is not None or licenses is not None or price is not None:
        lines = [given(line_id=_line_id(api, invoice, line), licenses=licenses, price=price)]
    wanted, path = given(lines=lines, refund_method=refund_method, reason=reason), f"/invoices/{invoice}/reissue"
    if preview:
        return _previewed(api.ask(f"{path}/preview", wanted))
    made = api.write("POST", path, wanted, key)
    return Output(made, *described(made))


def _line_id(api: Api, invoice: str, typed: str | None) -> str:
    """Return the one line that is meant: by the beginning of its id, or the only one that bills licenses or a price."""
    lines = api.get(f"/invoices/{invoice}").lines
    found: list[str] = [one.id for one in lines if (one.id.startswith(typed) if typed else one.amount >= 0)]
    if len(found) == 1:
        return found[0]
    known = ", ".join(f"{one.id} ({one.description})" for one in lines)
    raise InvalidInput(f"Name one line to correct with --line: {known}.", code="ambiguous_id", field="line")


def _previewed(decided: JsonObject) -> Output:
    money, note = decided.invoice.currency, decided.credit_note
    sentences = ["The old invoice would be voided."] if decided.voids else []
    if note:
        where = f"{amount(note.refund_amount, money)} to the card, {amount(note.balance_amount, money)} to the balance"
        sentences.append(f"{amount(note.amount, money)} of the old invoice would be credited: {where}.")
    return Output(decided, *sentences, *written([decided.invoice], ""))
