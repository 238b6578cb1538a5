"""`billflow customer`: who is billed."""

from typing import Annotated

import typer

from billflow.cli import customer_finances, customer_resources, payment_methods, privacy, sponsorships
from billflow.cli.customer_views import CUSTOMERS, described
from billflow.cli.lookup import CustomerHere, PagingHere, change_here, org_of
from billflow.cli.output import Output, paged
from billflow.cli.output import show as shown
from billflow.cli.params import Reason
from billflow.cli.session import CommandGroup, Engine, Store

app = CommandGroup()


@app.on_database("customer create Acme billing@acme.example --default-currency EUR")
async def create(
    store: Store,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the customer is called.")],
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="Where its invoices go.")],
    *,
    default_currency: Annotated[
        str | None, typer.Option(help="What it pays in, by its ISO 4217 code; the seller's where left out, or USD.")
    ] = None,
) -> Output:
    """Create a customer on a cloud realm of its own."""
    from billflow.models.contracts.customers import NewCustomer

    new = NewCustomer.model_validate(
        {"name": name, "email": email, **({"default_currency": default_currency} if default_currency else {})}
    )
    return described(await store.repositories.customers.create(await org_of(store), new, change_here()))


@app.on_database("customer list --q acme", "customer list --status suspended --json", name="list")
async def list_(  # noqa: PLR0913  (each is one filter)
    store: Store,
    *,
    q: Annotated[str | None, typer.Option(help="A part of the name or of the e-mail address.")] = None,
    email: Annotated[str | None, typer.Option(help="The e-mail address.")] = None,
    erp_customer_number: Annotated[str | None, typer.Option(help="The number in your ERP system.")] = None,
    realm: Annotated[str | None, typer.Option(help="The subdomain of its cloud realm.")] = None,
    remote_realm: Annotated[str | None, typer.Option(metavar="UUID", help="What its remote realm reports.")] = None,
    remote_server: Annotated[str | None, typer.Option(metavar="UUID", help="What its server reports.")] = None,
    status: Annotated[str | None, typer.Option(help="active, suspended or inactive.")] = None,
    paging: PagingHere,
) -> Output:
    """List customers, the newest first."""
    from billflow.models.contracts.records import CustomerFilter

    typed = {"q": q, "email": email, "erp_customer_number": erp_customer_number, "status": status}
    remote = {"realm": realm, "remote_realm": remote_realm, "remote_server": remote_server}
    wanted = CustomerFilter.model_validate(typed | remote)
    return paged("Customers", await store.queries.customers.search(await org_of(store), wanted, paging), CUSTOMERS)


@app.on_database("customer show 5f1c")
async def show(store: Store, customer: CustomerHere) -> Output:
    """Show a customer."""
    return described(await store.queries.customers.get(customer.org_id, customer.customer_id))


@app.on_engine("customer suspend 5f1c --reason 'invoice 2026-114 unpaid'")
async def suspend(engine: Engine, customer: CustomerHere, reason: Reason = None) -> Output:
    """Suspend a customer: from now on nothing is charged, and its data is kept."""
    return described((await engine.customers.suspend(customer, change_here(reason))).customer)


@app.on_engine("customer activate 5f1c")
async def activate(engine: Engine, customer: CustomerHere, reason: Reason = None) -> Output:
    """Let a suspended customer back in; its billing goes on."""
    return described((await engine.customers.activate(customer, change_here(reason))).customer)


@app.on_engine("customer deactivate 5f1c --reason 'moved away'")
async def deactivate(engine: Engine, customer: CustomerHere, reason: Reason = None) -> Output:
    """Close a customer's account; refused while a plan is live or being bought."""
    return described((await engine.customers.deactivate(customer, change_here(reason))).customer)


@app.on_database("customer delete 5f1c")
async def delete(store: Store, customer: CustomerHere, reason: Reason = None) -> None:
    """Take a customer out of use; refused with a live plan or an open invoice. What it was billed stays."""
    await store.repositories.customers.delete(customer, change_here(reason))
    shown("Deleted.")


for _group in (customer_resources, customer_finances, privacy, payment_methods, sponsorships):
    app.add_typer(_group.app)
