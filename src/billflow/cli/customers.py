"""`billflow customer`: who is billed."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from billflow.cli import customer_finances, customer_resources, output, payment_methods, sponsorships
from billflow.cli.customer_views import customer_facts
from billflow.cli.lookup import change_here, customer_ref, org_of, short
from billflow.cli.params import After, AsJson, CustomerId, Limit, Reason, example
from billflow.cli.privacy import erase, export
from billflow.cli.session import on_database, run

if TYPE_CHECKING:
    from billflow.wiring.engine import Engine
    from billflow.wiring.store import Store

app = typer.Typer(
    help="Create, find, change and suspend customers.", epilog=example("customer list"), no_args_is_help=True
)


@app.command(epilog=example("customer create Acme billing@acme.example --currency EUR"))
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the customer is called.")],
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="Where its invoices go.")],
    *,
    currency: Annotated[str, typer.Option(help="What it pays in, by its ISO 4217 code.")] = "USD",
    as_json: AsJson = False,
) -> None:
    """Create a customer on a cloud realm of its own."""

    async def act(store: "Store") -> None:
        from billflow.models.contracts.customers import NewCustomer

        new = NewCustomer(name=name, email=email, default_currency=currency)
        made = await store.repositories.customers.create(await org_of(store), new, change_here())
        customer_facts(made, as_json=as_json)

    on_database(act)


@app.command("list", epilog=example("customer list --name ac", "customer list --status suspended --json"))
def list_(  # noqa: PLR0913  (each is one filter)
    *,
    name: Annotated[str | None, typer.Option(help="How the name begins.")] = None,
    email: Annotated[str | None, typer.Option(help="The e-mail address.")] = None,
    erp_number: Annotated[str | None, typer.Option(help="The number in your ERP system.")] = None,
    realm: Annotated[str | None, typer.Option(help="The subdomain of its cloud realm.")] = None,
    remote_realm: Annotated[str | None, typer.Option(metavar="UUID", help="What its remote realm reports.")] = None,
    remote_server: Annotated[str | None, typer.Option(metavar="UUID", help="What its server reports.")] = None,
    status: Annotated[str | None, typer.Option(help="active, suspended or inactive.")] = None,
    limit: Limit = 50,
    after: After = None,
    as_json: AsJson = False,
) -> None:
    """List customers, the newest first."""

    async def act(store: "Store") -> None:
        from billflow.models.contracts.records import CustomerFilter, Paging

        typed = {"q": name, "email": email, "erp_customer_number": erp_number, "status": status}
        remote = {"realm": realm, "remote_realm": remote_realm, "remote_server": remote_server}
        wanted = CustomerFilter.model_validate(typed | remote)
        page = await store.queries.customers.search(await org_of(store), wanted, Paging(limit=limit, after=after))
        if as_json:
            output.as_json({"customers": page.rows, "total": page.total, "next": page.next})
            return
        rows = [(short(c.customer_id), c.name, c.email, c.status, c.billing_account.currency) for c in page.rows]
        output.table(f"Customers: {page.total}", ("id", "name", "e-mail", "status", "currency"), rows)

    on_database(act)


@app.command(epilog=example("customer show 5f1c"))
def show(customer: CustomerId, *, as_json: AsJson = False) -> None:
    """Show a customer."""

    async def act(store: "Store") -> None:
        ref = await customer_ref(store, customer)
        customer_facts(await store.queries.customers.get(ref.org_id, ref.customer_id), as_json=as_json)

    on_database(act)


@app.command(epilog=example("customer suspend 5f1c --reason 'invoice 2026-114 unpaid'"))
def suspend(customer: CustomerId, *, reason: Reason = None, as_json: AsJson = False) -> None:
    """Suspend a customer: from now on nothing is charged, and its data is kept."""

    async def act(engine: "Engine") -> None:
        ref = await customer_ref(engine, customer)
        customer_facts((await engine.customers.suspend(ref, change_here(reason))).customer, as_json=as_json)

    run(act)


@app.command(epilog=example("customer activate 5f1c"))
def activate(customer: CustomerId, *, reason: Reason = None, as_json: AsJson = False) -> None:
    """Let a suspended customer back in; its billing goes on."""

    async def act(engine: "Engine") -> None:
        ref = await customer_ref(engine, customer)
        customer_facts((await engine.customers.activate(ref, change_here(reason))).customer, as_json=as_json)

    run(act)


@app.command(epilog=example("customer deactivate 5f1c --reason 'moved away'"))
def deactivate(customer: CustomerId, *, reason: Reason = None, as_json: AsJson = False) -> None:
    """Close a customer's account; refused while a plan is live or being bought."""

    async def act(engine: "Engine") -> None:
        ref = await customer_ref(engine, customer)
        customer_facts((await engine.customers.deactivate(ref, change_here(reason))).customer, as_json=as_json)

    run(act)


@app.command(epilog=example("customer delete 5f1c"))
def delete(customer: CustomerId, *, reason: Reason = None) -> None:
    """Take a customer out of use; refused with a live plan or an open invoice. What it was billed stays."""

    async def act(store: "Store") -> None:
        await store.repositories.customers.delete(await customer_ref(store, customer), change_here(reason))
        output.say("Deleted.")

    on_database(act)


def _add(command: Callable[..., None], *examples: str) -> None:
    app.command(epilog=example(*examples))(command)


_add(customer_resources.update, "customer update 5f1c --name 'Acme Inc.' --language de-DE")
_add(customer_resources.settings, "customer settings 5f1c", "customer settings 5f1c --set features.max_projects=20")
_add(customer_resources.contacts, "customer contacts 5f1c", "customer contacts 5f1c --add einkauf@muster.de --primary")
_add(
    customer_resources.billing_accounts,
    "customer billing-accounts 5f1c",
    "customer billing-accounts 5f1c --add Subsidiary --currency EUR",
)
_add(customer_resources.projects, "customer projects 5f1c", "customer projects 5f1c --add 'Sales Department'")
_add(customer_finances.access, "customer access 5f1c --json")
_add(customer_finances.report, "customer report 5f1c")
_add(customer_finances.usage, "customer usage 5f1c --since 2026-01-01")
_add(customer_finances.credit, "customer credit 5f1c 2500 --reason 'outage of 1 March'")
_add(customer_finances.onboard, "customer onboard 5f1c --tier cloud_standard --trial-days 30")
app.add_typer(payment_methods.app)
app.add_typer(sponsorships.app)
_add(export, "customer export 5f1c")
_add(erase, "customer erase 5f1c --reason 'asked for by mail'")
