"""`billflow customer`: who is billed."""

from typing import TYPE_CHECKING, Annotated

import typer

from billflow.cli import output
from billflow.cli.finding import found, now, org_of, short
from billflow.cli.params import After, AsJson, CustomerId, Limit, Reason, example
from billflow.cli.session import actor, run

if TYPE_CHECKING:
    from billflow.models.contracts.customers import CustomerChange, CustomerRecord
    from billflow.wiring import Engine

app = typer.Typer(help="Create, find and suspend customers.", epilog=example("customer list"), no_args_is_help=True)


@app.command(epilog=example("customer create Acme billing@acme.example --currency EUR"))
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the customer is called.")],
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="Where its invoices go.")],
    *,
    currency: Annotated[str, typer.Option(help="What it pays in, by its ISO 4217 code.")] = "USD",
    as_json: AsJson = False,
) -> None:
    """Create a customer on a cloud realm of its own."""

    async def act(engine: "Engine") -> None:
        from billflow.models.contracts.customers import NewCustomer

        new = NewCustomer(name=name, email=email, default_currency=currency)
        _show(await engine.registry.create_customer(await org_of(engine), new, _change()), as_json=as_json)

    run(act)


@app.command("list", epilog=example("customer list --name ac", "customer list --status suspended --json"))
def list_(  # noqa: PLR0913  (each is one filter)
    *,
    name: Annotated[str | None, typer.Option(help="How the name begins.")] = None,
    email: Annotated[str | None, typer.Option(help="The e-mail address.")] = None,
    status: Annotated[str | None, typer.Option(help="active, suspended or inactive.")] = None,
    limit: Limit = 50,
    after: After = None,
    as_json: AsJson = False,
) -> None:
    """List customers, the newest first."""

    async def act(engine: "Engine") -> None:
        from billflow.models.contracts.records import CustomerFilter, Paging

        wanted = CustomerFilter.model_validate({"q": name, "email": email, "status": status})
        page = await engine.archive.customers(await org_of(engine), wanted, Paging(limit=limit, after=after))
        if as_json:
            output.as_json({"customers": page.rows, "total": page.total, "next": page.next})
            return
        rows = [(short(c.customer_id), c.name, c.email, c.status, c.billing_account.currency) for c in page.rows]
        output.table(f"Customers: {page.total}", ("id", "name", "e-mail", "status", "currency"), rows)

    run(act)


@app.command(epilog=example("customer show 5f1c"))
def show(customer: CustomerId, *, as_json: AsJson = False) -> None:
    """Show a customer."""

    async def act(engine: "Engine") -> None:
        customer_id = await found(engine, "customer", customer)
        _show(await engine.archive.customer(await org_of(engine), customer_id), as_json=as_json)

    run(act)


@app.command(epilog=example("customer suspend 5f1c --reason 'invoice 2026-114 unpaid'"))
def suspend(customer: CustomerId, *, reason: Reason = None, as_json: AsJson = False) -> None:
    """Suspend a customer: from now on nothing is charged, and its data is kept."""

    async def act(engine: "Engine") -> None:
        org_id, customer_id = await org_of(engine), await found(engine, "customer", customer)
        changed = await engine.registry.suspend(org_id, customer_id, _change(reason))
        await engine.billing.customer_changed(org_id, customer_id)
        _show(changed, as_json=as_json)

    run(act)


@app.command(epilog=example("customer activate 5f1c"))
def activate(customer: CustomerId, *, reason: Reason = None, as_json: AsJson = False) -> None:
    """Let a suspended customer back in; its billing goes on."""

    async def act(engine: "Engine") -> None:
        org_id, customer_id = await org_of(engine), await found(engine, "customer", customer)
        changed = await engine.registry.activate(org_id, customer_id, _change(reason))
        await engine.billing.customer_changed(org_id, customer_id)
        _show(changed, as_json=as_json)

    run(act)


def _change(reason: str | None = None) -> "CustomerChange":
    from billflow.models.contracts.customers import CustomerChange

    return CustomerChange(actor=actor(), at=now(), reason=reason)


def _show(customer: "CustomerRecord", *, as_json: bool) -> None:
    if as_json:
        output.as_json(customer)
        return
    shown = {
        "id": customer.customer_id,
        "e-mail": customer.email,
        "status": customer.status,
        "suspended at": output.time(customer.suspended_at) if customer.suspended_at else None,
        "deployment": f"{customer.deployment.kind} {customer.deployment.name}",
        "pays": f"{customer.billing_account.currency}, {output.words(customer.billing_account.collection_method)}",
        "Stripe": customer.billing_account.stripe_customer_id,
        "created": output.time(customer.created_at),
    }
    output.facts(customer.name, shown)
