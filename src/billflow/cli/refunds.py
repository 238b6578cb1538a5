"""`billflow credit-note` and `billflow refund`: what was credited and refunded, as documents."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from billflow.cli.files import OutputFile, XmlFile, wrote
from billflow.cli.lookup import begun, id_of, org_of
from billflow.cli.output import FactList, Output, amount, time, words
from billflow.cli.session import CommandGroup, Store
from billflow.domain.document_numbers import AdjustmentNoun

if TYPE_CHECKING:
    from billflow.models.contracts.adjustments import AdjustmentRef

credit_notes = CommandGroup()
refunds = CommandGroup()

CreditNoteHere = Annotated[str, id_of("credit note"), begun("credit note")]
RefundHere = Annotated[str, id_of("refund"), begun("refund")]


@credit_notes.on_database("credit-note show CN-000042", name="show")
async def show_credit_note(store: Store, note: CreditNoteHere) -> Output:
    """Show a credit note: what it is over, and where its money went."""
    return await _shown(store, "credit_note", note)


@credit_notes.on_database("credit-note pdf CN-000042", name="pdf")
async def print_credit_note(store: Store, note: CreditNoteHere, *, output_file: OutputFile = None) -> None:
    """Write a credit note to a PDF file, in its customer's language."""
    await _printed(store, "credit_note", note, output_file)


@credit_notes.on_database("credit-note e-invoice CN-000042", name="e-invoice")
async def write_credit_note_e_invoice(store: Store, note: CreditNoteHere, *, output_file: XmlFile = None) -> None:
    """Write a credit note to an XML file by EN 16931 (Factur-X, ZUGFeRD)."""
    number, xml = await store.documents.credit_note_e_invoice(await _ref(store, "credit_note", note))
    wrote(output_file or Path(f"{number}.xml"), xml)


@refunds.on_database("refund show RF-000042", name="show")
async def show_refund(store: Store, refund: RefundHere) -> Output:
    """Show a refund."""
    return await _shown(store, "refund", refund)


@refunds.on_database("refund pdf RF-000042", name="pdf")
async def print_refund(store: Store, refund: RefundHere, *, output_file: OutputFile = None) -> None:
    """Write the receipt of a refund to a PDF file, in its customer's language."""
    await _printed(store, "refund", refund, output_file)


async def _ref(store: Store, kind: AdjustmentNoun, found: str) -> "AdjustmentRef":
    from billflow.models.contracts.adjustments import AdjustmentRef

    return AdjustmentRef(org_id=await org_of(store), kind=kind, adjustment_id=found)


async def _shown(store: Store, kind: AdjustmentNoun, found: str) -> Output:
    made = await store.repositories.adjustments.get(await _ref(store, kind, found))
    told = {name: value for name, value in made.model_dump(mode="json").items() if value and isinstance(value, str)}
    parts = {name: getattr(made, name, 0) for name in ("amount", "before_payment", "refund_amount", "balance_amount")}
    amounts = {words(name): amount(part, made.currency) for name, part in parts.items() if part}
    told |= {name: words(told[name]) for name in ("status", "reason") if name in told}
    facts = {words(name): value for name, value in told.items()} | {"at": time(made.at)} | amounts
    return Output(made, FactList(f"{words(kind).capitalize()} {made.number or ''}".rstrip(), facts))


async def _printed(store: Store, kind: AdjustmentNoun, found: str, output_file: Path | None) -> None:
    number, pdf = await store.documents.adjustment_pdf(await _ref(store, kind, found))
    wrote(output_file or Path(f"{number}.pdf"), pdf)
