"""`billflow invoice reissue`: an invoice issued again in its place, as it is or corrected."""

from typing import TYPE_CHECKING, Annotated

from typer import Option

from billflow.cli.adjustments import who
from billflow.cli.invoice_views import described
from billflow.cli.lookup import InvoiceHere, org_of
from billflow.cli.output import Output, amount
from billflow.cli.params import Key, Reason
from billflow.cli.previews import written
from billflow.cli.session import CommandGroup, Engine, answered
from billflow.domain.errors import InvalidInput

if TYPE_CHECKING:
    from billflow.domain.invoicing.reissue import Reissue

app = CommandGroup()
"""Added to `billflow invoice`."""


@app.on_engine(
    "invoice reissue 8a30 --preview", "invoice reissue 8a30 --line 5c11 --licenses 8 --price 700 --reason 'agreed 700'"
)
async def reissue(  # noqa: PLR0913  (each is one choice)
    engine: Engine,
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
    from billflow.models.contracts.reissues import ReissueInput

    correction = {"licenses": licenses, "price": price}
    is_corrected = line is not None or licenses is not None or price is not None
    lines = [{"line_id": await _line_id(engine, invoice, line), **correction}] if is_corrected else []
    wanted = {"lines": lines, "refund_method": refund_method, "reason": reason}
    ask = ReissueInput.model_validate({**await who(engine, invoice, key), **wanted})
    if preview:
        return _previewed(await engine.repositories.reissues.preview(ask))
    made = await answered(engine.adjustments.reissue(ask), ask.key)
    return Output(made, *described(made))


async def _line_id(engine: Engine, invoice: str, typed: str | None) -> str:
    """Return the one line that is meant: by the beginning of its id, or the only one that bills licenses or a price."""
    lines = (await engine.queries.invoices.get(await org_of(engine), invoice)).lines
    found = [one.line_id for one in lines if (one.line_id.startswith(typed) if typed else one.amount >= 0)]
    if len(found) == 1:
        return found[0]
    known = ", ".join(f"{one.line_id} ({one.description})" for one in lines)
    raise InvalidInput(f"Name one line to correct with --line: {known}.", code="ambiguous_id", field="line")


def _previewed(decided: "Reissue") -> Output:
    from billflow.models.contracts.previews import ReissuePreviewResponse

    money, note = decided.draft.currency, decided.note
    sentences = ["The old invoice would be voided."] if decided.voids else []
    if note:
        where = f"{amount(note.refund, money)} to the card, {amount(note.balance, money)} to the balance"
        sentences.append(f"{amount(note.amount, money)} of the old invoice would be credited: {where}.")
    return Output(ReissuePreviewResponse.of_reissue(decided), *sentences, *written([decided.draft], ""))
