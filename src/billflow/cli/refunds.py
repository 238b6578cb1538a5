"""`billflow credit-note` and `billflow refund`: what was credited and refunded, as documents."""

from pathlib import Path
from typing import Annotated

from billflow.cli.files import OutputFile, XmlFile, wrote
from billflow.cli.lookup import begun, id_of
from billflow.cli.output import Output, facts_of
from billflow.cli.session import Api, CommandGroup

credit_notes = CommandGroup()
refunds = CommandGroup()

CreditNoteHere = Annotated[str, id_of("credit note"), begun("credit note")]
RefundHere = Annotated[str, id_of("refund"), begun("refund")]


@credit_notes.on_api("credit-note show CN-000042", name="show")
def show_credit_note(api: Api, note: CreditNoteHere) -> Output:
    """Show a credit note: what it is over, and where its money went."""
    return _shown(api, "credit note", note)


@credit_notes.on_api("credit-note pdf CN-000042", name="pdf")
def print_credit_note(api: Api, note: CreditNoteHere, *, output_file: OutputFile = None) -> None:
    """Write a credit note to a PDF file, in its customer's language."""
    _printed(api, "credit note", note, output_file)


@credit_notes.on_api("credit-note e-invoice CN-000042", name="e-invoice")
def write_credit_note_e_invoice(api: Api, note: CreditNoteHere, *, output_file: XmlFile = None) -> None:
    """Write a credit note to an XML file by EN 16931 (Factur-X, ZUGFeRD)."""
    path = f"/credit-notes/{note}"
    written = api.file(f"{path}/e-invoice")
    wrote(output_file or Path(f"{api.get(path).number}.xml"), written)


@refunds.on_api("refund show RF-000042", name="show")
def show_refund(api: Api, refund: RefundHere) -> Output:
    """Show a refund."""
    return _shown(api, "refund", refund)


@refunds.on_api("refund pdf RF-000042", name="pdf")
def print_refund(api: Api, refund: RefundHere, *, output_file: OutputFile = None) -> None:
    """Write the receipt of a refund to a PDF file, in its customer's language."""
    _printed(api, "refund", refund, output_file)


def _shown(api: Api, kind: str, found: str) -> Output:
    made = api.get(_path(kind, found))
    return Output(made, facts_of(f"{kind.capitalize()} {made.number or ''}".rstrip(), made, made.currency))


def _printed(api: Api, kind: str, found: str, output_file: Path | None) -> None:
    path = _path(kind, found)
    written = api.file(f"{path}/pdf")
    wrote(output_file or Path(f"{api.get(path).number}.pdf"), written)


def _path(kind: str, found: str) -> str:
    return f"/{kind.replace(' ', '-')}s/{found}"
