"""`billflow customer`: who is billed."""

from typing import Annotated

import typer

from billflow.cli import customer_finances, customer_resources, payment_methods, portal, privacy, sponsorships
from billflow.cli.customer_views import CUSTOMERS, described
from billflow.cli.json_objects import given
from billflow.cli.lookup import CustomerHere, PagingHere
from billflow.cli.output import Listing, Output, listed
from billflow.cli.output import show as shown
from billflow.cli.params import AsOf, Reason
from billflow.cli.session import Api, CommandGroup

app = CommandGroup()


@app.on_api("customer create Acme billing@acme.example --default-currency EUR")
def create(
    api: Api,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the customer is called.")],
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="Where its invoices go.")],
    *,
    default_currency: Annotated[
        str | None, typer.Option(help="What it pays in, by its ISO 4217 code; the seller's where left out, or USD.")
    ] = None,
) -> Output:
    """Create a customer on a cloud realm of its own."""
    new = given(name=name, email=email, default_currency=default_currency)
    return described(api.write("POST", "/customers", new))


@app.on_api("customer list --q acme", "customer list --status suspended --json", name="list")
def list_(  # noqa: PLR0913  (each is one filter)
    api: Api,
    *,
    q: Annotated[str | None, typer.Option(help="A part of the name or of the e-mail address.")] = None,
    email: Annotated[str | None, typer.Option(help="The e-mail address.")] = None,
    erp_customer_number: Annotated[str | None, typer.Option(help="The number in your ERP system.")] = None,
    realm: Annotated[str | None, typer.Option(help="The subdomain of its cloud realm.")] = None,
    remote_realm: Annotated[str | None, typer.Option(metavar="UUID", help="What its remote realm reports.")] = None,
    remote_server: Annotated[str | None, typer.Option(metavar="UUID", help="What its server reports.")] = None,
    status: Annotated[str | None, typer.Option(help="active, suspended or inactive.")] = None,
    paging: PagingHere,
) -> Listing:
    """List customers, the newest first."""
    typed = {"q": q, "email": email, "erp_customer_number": erp_customer_number, "status": status}
    remote = {"realm": realm, "remote_realm": remote_realm, "remote_server": remote_server}
    return listed("Customers", api.get("/customers", **typed, **remote, **paging), CUSTOMERS)


@app.on_api("customer show 5f1c")
def show(api: Api, customer: CustomerHere, *, as_of: AsOf = None) -> Output:
    """Show a customer, as it is or was known."""
    return described(api.get(f"/customers/{customer}", as_of=as_of))


@app.on_api("customer suspend 5f1c --reason 'invoice 2026-114 unpaid'")
def suspend(api: Api, customer: CustomerHere, reason: Reason = None) -> Output:
    """Suspend a customer: from now on nothing is charged, and its data is kept."""
    return _turned(api, customer, "suspend", reason)


@app.on_api("customer activate 5f1c")
def activate(api: Api, customer: CustomerHere, reason: Reason = None) -> Output:
    """Let a suspended customer back in; its billing goes on."""
    return _turned(api, customer, "activate", reason)


@app.on_api("customer deactivate 5f1c --reason 'moved away'")
def deactivate(api: Api, customer: CustomerHere, reason: Reason = None) -> Output:
    """Close a customer's account; refused while a plan is live or being bought."""
    return _turned(api, customer, "deactivate", reason)


@app.on_api("customer delete 5f1c")
def delete(api: Api, customer: CustomerHere) -> None:
    """Take a customer out of use; refused with a live plan or an open invoice. What it was billed stays."""
    api.write("DELETE", f"/customers/{customer}")
    shown("Deleted.")


def _turned(api: Api, customer: str, verb: str, reason: str | None) -> Output:
    api.write("POST", f"/customers/{customer}/{verb}", given(reason=reason))
    return described(api.get(f"/customers/{customer}"))


for _group in (customer_resources, customer_finances, privacy, payment_methods, sponsorships):
    app.add_typer(_group.app)
app.add_typer(portal.links)
