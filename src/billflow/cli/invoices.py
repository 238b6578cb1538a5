"""`billflow invoice`: what was billed, and why."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from billflow.cli import adjustments
from billflow.cli.lookup import found, org_of
from billflow.cli.params import After, AsJson, InvoiceId, Limit, example
from billflow.cli.session import on_database
from billflow.domain.errors import InvalidInput

if TYPE_CHECKING:
    from billflow.wiring.store import Store

app = typer.Typer(help="Look at invoices and their every cent.", epilog=example("invoice list"), no_args_is_help=True)


@app.command("list", epilog=example("invoice list --status open", "invoice list --plan 0192f3 --json"))
def list_(  # noqa: PLR0913  (each is one filter)
    *,
    plan: Annotated[str | None, typer.Option(help="A plan's id, or enough of its beginning.")] = None,
    customer: Annotated[str | None, typer.Option(help="A customer's id, or enough of its beginning.")] = None,
    status: Annotated[str | None, typer.Option(help="draft, open, paid, void or uncollectible.")] = None,
    limit: Limit = 50,
    after: After = None,
    as_json: AsJson = False,
) -> None:
    """List invoices, the newest first."""

    async def act(store: "Store") -> None:
        from billflow.cli.plan_views import invoice_rows, paged
        from billflow.models.contracts.records import InvoiceFilter, Paging

        wanted = InvoiceFilter.model_validate(
            {
                "plan_id": await found(store, "plan", plan) if plan else None,
                "customer_id": await found(store, "customer", customer) if customer else None,
                "status": status,
            }
        )
        page = await store.queries.invoices.search(await org_of(store), wanted, Paging(limit=limit, after=after))
        paged("Invoices", page, invoice_rows(page.rows), noun="invoices", as_json=as_json)

    on_database(act)


@app.command(epilog=example("invoice show 8a30"))
def show(invoice: InvoiceId, *, as_json: AsJson = False) -> None:
    """Show an invoice with its lines and the attempts to collect it."""

    async def act(store: "Store") -> None:
        from billflow.cli import output
        from billflow.cli.invoice_views import described

        detail = await store.queries.invoices.get(await org_of(store), await found(store, "invoice", invoice))
        if as_json:
            output.as_json(detail)
        else:
            described(detail)

    on_database(act)


@app.command(epilog=example("invoice explain 8a30"))
def explain(invoice: InvoiceId, *, as_json: AsJson = False) -> None:
    """Say how each line's amount came about: price, quantity, period, fraction and rounding."""

    async def act(store: "Store") -> None:
        from billflow.cli import output
        from billflow.cli.invoice_views import explained, explanations

        detail = await store.queries.invoices.get(await org_of(store), await found(store, "invoice", invoice))
        if as_json:
            output.as_json({"invoice_id": detail.invoice_id, "lines": explanations(detail), "total": detail.total})
        else:
            explained(detail)

    on_database(act)


@app.command(epilog=example("invoice pdf 8a30", "invoice pdf 8a30 -o march.pdf"))
def pdf(
    invoice: InvoiceId,
    *,
    output_file: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file to write; invoice-NUMBER.pdf where left out.")
    ] = None,
    html: Annotated[bool, typer.Option("--html", help="Write HTML for an e-mail instead.")] = False,
) -> None:
    """Write an invoice to a file, in its customer's language, with the derivation of each line."""

    async def act(store: "Store") -> None:
        from billflow.cli import output

        org_id, invoice_id = await org_of(store), await found(store, "invoice", invoice)
        documents = store.documents
        written = (
            (await documents.html(org_id, invoice_id)).encode() if html else await documents.pdf(org_id, invoice_id)
        )
        number = (await store.queries.invoices.get(org_id, invoice_id)).number
        target = output_file or Path(f"invoice-{number or invoice_id}.{'html' if html else 'pdf'}")
        _write(target, written)
        output.say(f"Wrote {target}.")

    on_database(act)


app.add_typer(adjustments.app)


def _write(target: Path, content: bytes) -> None:
    try:
        target.write_bytes(content)
    except OSError as error:
        raise InvalidInput(
            f"{target} can't be written ({error.strerror}); name another file with --output.", code="cannot_write"
        ) from None
