"""`billflow invoice`: what was billed, and why."""

from pathlib import Path
from typing import Annotated

import typer

from billflow.cli import adjustments, reissues
from billflow.cli.files import XmlFile, wrote
from billflow.cli.invoice_views import adjusted_sentences, described, links_of
from billflow.cli.lookup import CustomerOption, InvoiceHere, PagingHere, PlanOption, org_of
from billflow.cli.output import Output, amount, paged, words
from billflow.cli.plan_views import LISTED_INVOICES
from billflow.cli.session import CommandGroup, Store

app = CommandGroup()


@app.on_database("invoice list --status open", "invoice list --number A1B2-0001 --json", name="list")
async def list_(  # noqa: PLR0913  (each is one filter)
    store: Store,
    *,
    plan: PlanOption = None,
    customer: CustomerOption = None,
    status: Annotated[str | None, typer.Option(help="draft, open, paid, void or uncollectible.")] = None,
    number: Annotated[str | None, typer.Option(help="The number on the invoice.")] = None,
    paging: PagingHere,
) -> Output:
    """List invoices, the newest first."""
    from billflow.models.contracts.records import InvoiceFilter

    wanted = InvoiceFilter.model_validate(
        {"plan_id": plan, "customer_id": customer, "status": status, "number": number}
    )
    return paged("Invoices", await store.queries.invoices.search(await org_of(store), wanted, paging), LISTED_INVOICES)


@app.on_database("invoice show 8a30")
async def show(store: Store, invoice: InvoiceHere) -> Output:
    """Show an invoice with its lines, its adjustments and the attempts to collect it."""
    detail = await store.queries.invoices.get(await org_of(store), invoice)
    return Output(detail, *described(detail))


@app.on_database("invoice explain 8a30", name="explain")
async def explain_(store: Store, invoice: InvoiceHere) -> Output:
    """Say how each line's amount came about, what was credited and refunded, and what is still due."""
    from billflow.models.contracts.explanations import InvoiceExplanation

    detail = await store.queries.invoices.get(await org_of(store), invoice)
    explanation = InvoiceExplanation.of_invoice(detail)
    sentences = [f"{line.n}. {line.sentence}" for line in explanation.lines]
    links = [
        f"It {words(name).removesuffix(' invoice id')} {other}." for name, other in links_of(detail).items() if other
    ]
    together = f"Together: {amount(detail.total, detail.currency)}."
    return Output(explanation, *sentences, together, *adjusted_sentences(detail), *links)


@app.on_database("invoice pdf 8a30", "invoice pdf 8a30 -o march.pdf")
async def pdf(
    store: Store,
    invoice: InvoiceHere,
    *,
    output_file: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file to write; NUMBER.pdf where left out.")
    ] = None,
    html: Annotated[bool, typer.Option("--html", help="Write HTML for an e-mail instead.")] = False,
) -> None:
    """Write an invoice to a file, in its customer's language, with the derivation of each line."""
    org_id, documents = await org_of(store), store.documents
    written = (await documents.html(org_id, invoice)).encode() if html else await documents.pdf(org_id, invoice)
    wrote(output_file or Path(f"{await documents.name(org_id, invoice)}.{'html' if html else 'pdf'}"), written)


@app.on_database("invoice e-invoice 8a30", "invoice e-invoice 8a30 -o march.xml", name="e-invoice")
async def e_invoice(store: Store, invoice: InvoiceHere, *, output_file: XmlFile = None) -> None:
    """Write an invoice to an XML file by EN 16931 (Factur-X, ZUGFeRD)."""
    org_id, documents = await org_of(store), store.documents
    written = await documents.e_invoice(org_id, invoice)
    wrote(output_file or Path(f"{await documents.name(org_id, invoice)}.xml"), written)


app.add_typer(adjustments.app)
app.add_typer(reissues.app)
