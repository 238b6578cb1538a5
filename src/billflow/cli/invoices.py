"""`billflow invoice`: what was billed, and why."""

from pathlib import Path
from typing import Annotated

import typer

from billflow.cli import adjustments, reissues
from billflow.cli.files import XmlFile, wrote
from billflow.cli.invoice_views import described, sums_of
from billflow.cli.json_objects import read
from billflow.cli.lookup import CustomerOption, InvoiceHere, PagingHere, PlanOption
from billflow.cli.output import Listing, Output, amount, listed, words, write_json
from billflow.cli.params import AsOf
from billflow.cli.plan_views import LISTED_INVOICES
from billflow.cli.session import Api, CommandGroup

app = CommandGroup()


@app.on_api("invoice list --status open", "invoice list --number A1B2-0001 --json", name="list")
def list_(  # noqa: PLR0913  (each is one filter)
    api: Api,
    *,
    plan: PlanOption = None,
    customer: CustomerOption = None,
    status: Annotated[str | None, typer.Option(help="draft, open, paid, void or uncollectible.")] = None,
    number: Annotated[str | None, typer.Option(help="The number on the invoice.")] = None,
    as_of: AsOf = None,
    paging: PagingHere,
) -> Listing:
    """List invoices, the newest first."""
    wanted = {"plan_id": plan, "customer_id": customer, "status": status, "number": number}
    return listed("Invoices", api.get("/invoices", **wanted, as_of=as_of, **paging), LISTED_INVOICES)


@app.on_api("invoice show 8a30", "invoice show 8a30 --as-of 2027-01-31T12:00:00Z")
def show(api: Api, invoice: InvoiceHere, *, as_of: AsOf = None) -> Output:
    """Show an invoice with its lines, its adjustments and the attempts to collect it, as they are or were known."""
    detail = api.get(f"/invoices/{invoice}", as_of=as_of)
    return Output(detail, *described(detail))


@app.on_api("invoice explain 8a30", name="explain")
def explain_(api: Api, invoice: InvoiceHere, *, as_of: AsOf = None) -> Output:
    """Say how each line's amount came about, what was credited and refunded, and what is still due."""
    explained = api.get(f"/invoices/{invoice}/explain", as_of=as_of)
    sentences = [f"{line.n}. {line.sentence}" for line in explained.lines]
    together = f"Together: {amount(explained.total, explained.currency)}."
    adjusted = [one.sentence for one in explained.adjustments]
    links = [
        f"It {words(name).removesuffix(' invoice id')} {explained[name]}."
        for name in ("replaces_invoice_id", "replaced_by_invoice_id")
        if explained[name]
    ]
    return Output(explained, *sentences, together, *adjusted, sums_of(explained), *links)


@app.on_api("invoice proof 8a30", "invoice proof 8a30 -o proof.json")
def proof(
    api: Api,
    invoice: InvoiceHere,
    *,
    output_file: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file to write; printed where left out.")
    ] = None,
) -> None:
    """Prove an invoice: print all it was made from, with the audit log's entries up to a signed root, as JSON.

    `billflow-verify` checks it without billflow and without its database.
    """
    written = api.file(f"/invoices/{invoice}/proof")
    if output_file is None:
        write_json(read(written))
    else:
        wrote(output_file, written)


@app.on_api("invoice pdf 8a30", "invoice pdf 8a30 -o march.pdf")
def pdf(
    api: Api,
    invoice: InvoiceHere,
    *,
    output_file: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file to write; NUMBER.pdf where left out.")
    ] = None,
    html: Annotated[bool, typer.Option("--html", help="Write HTML for an e-mail instead.")] = False,
    as_of: AsOf = None,
) -> None:
    """Write an invoice to a file, in its customer's language, with the derivation of each line."""
    kind = "html" if html else "pdf"
    written = api.file(f"/invoices/{invoice}/{kind}", as_of=as_of)
    wrote(output_file or Path(f"{api.get(f'/invoices/{invoice}').number or invoice}.{kind}"), written)


@app.on_api("invoice e-invoice 8a30", "invoice e-invoice 8a30 -o march.xml", name="e-invoice")
def e_invoice(api: Api, invoice: InvoiceHere, *, output_file: XmlFile = None) -> None:
    """Write an invoice to an XML file by EN 16931 (Factur-X, ZUGFeRD)."""
    written = api.file(f"/invoices/{invoice}/e-invoice")
    wrote(output_file or Path(f"{api.get(f'/invoices/{invoice}').number or invoice}.xml"), written)


app.add_typer(adjustments.app)
app.add_typer(reissues.app)
