"""`billflow customer update, settings, contacts, projects`: what belongs to a customer."""

import json
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from billflow.cli.customer_views import described
from billflow.cli.lookup import CustomerHere, change_here, short
from billflow.cli.output import Columns, Output, Table, whole
from billflow.cli.session import CommandGroup, Store
from billflow.domain.errors import InvalidInput
from billflow.domain.plan import CollectionMethod

app = CommandGroup()
"""Added to `billflow customer`."""

_PartId = Annotated[str | None, typer.Option("--remove", metavar="ID", help="Remove the one of this id.")]

_SETTINGS: Columns = {
    "key": lambda setting: setting.key,
    "value": lambda setting: json.dumps(setting.value, ensure_ascii=False),
}
_CONTACTS: Columns = {
    "id": lambda contact: contact.contact_id,
    "e-mail": lambda contact: contact.email,
    "name": lambda contact: contact.name or "",
    "": lambda contact: "primary" if contact.is_primary else "",
}
_BILLING_ACCOUNTS: Columns = {
    "id": lambda account: account.billing_account_id,
    "name": lambda account: account.name,
    "currency": lambda account: account.currency,
    "collection": lambda account: account.collection_method,
    "": lambda account: "default" if account.is_default else "",
}
_PROJECTS: Columns = {
    "id": lambda project: project.project_id,
    "slug": lambda project: project.slug,
    "name": lambda project: project.name,
    "bills to": lambda project: short(project.billing_account_id),
}


@app.on_database("customer update 5f1c --name 'Acme Inc.' --default-language de-DE")
async def update(  # noqa: PLR0913  (each is one field)
    store: Store,
    customer: CustomerHere,
    *,
    name: Annotated[str | None, typer.Option(help="What it is called.")] = None,
    email: Annotated[str | None, typer.Option(help="Where its invoices go.")] = None,
    erp_customer_number: Annotated[str | None, typer.Option(help="Its number in your ERP system.")] = None,
    default_currency: Annotated[str | None, typer.Option(help="What later billing accounts are in.")] = None,
    default_language: Annotated[str | None, typer.Option(help="A BCP 47 tag such as de-DE.")] = None,
) -> Output:
    """Change a customer; what is left out stays."""
    from billflow.models.contracts.customers import CustomerUpdate

    typed = {
        "name": name,
        "email": email,
        "erp_customer_number": erp_customer_number,
        "default_currency": default_currency,
        "default_language": default_language,
    }
    asked = CustomerUpdate.model_validate({field: value for field, value in typed.items() if value is not None})
    return described(await store.repositories.customers.update(customer, asked, change_here()))


@app.on_database("customer settings 5f1c", "customer settings 5f1c --set features.max_projects=20")
async def settings(
    store: Store,
    customer: CustomerHere,
    *,
    given: Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="A dotted key.")] = None,
    unset: Annotated[list[str] | None, typer.Option("--unset", metavar="KEY", help="Take a setting away.")] = None,
) -> Output:
    """Show a customer's settings, after changing those that are named."""
    from billflow.models.contracts.customer_settings import CustomerSettings

    settings = store.repositories.settings
    if given:
        await settings.merge(customer, CustomerSettings.model_validate(settings_of(given)), change_here())
    for key in unset or ():
        await settings.remove(customer, key, change_here())
    found = await settings.get(customer)
    return Output(found, Table(f"Settings: {len(found.resolved)}", _SETTINGS, found.resolved))


def settings_of(typed: Sequence[str]) -> dict[str, Any]:
    """Read `features.max_projects=20` as nested settings; a value that is no JSON is text. Raises `InvalidInput`."""
    result: dict[str, Any] = {}
    for text in typed:
        key, equals, value = text.partition("=")
        if not key or not equals:
            raise InvalidInput(f"{text!r} sets nothing; write it as features.max_projects=20.", field="set")
        *sections, last = key.split(".")
        place = result
        for section in sections:
            place = place.setdefault(section, {})
        try:
            place[last] = json.loads(value)
        except ValueError:
            place[last] = value
    return result


@app.on_database("customer contacts 5f1c", "customer contacts 5f1c --add einkauf@muster.de --primary")
async def contacts(  # noqa: PLR0913  (each is one field)
    store: Store,
    customer: CustomerHere,
    *,
    add: Annotated[str | None, typer.Option(metavar="EMAIL", help="Add a contact.")] = None,
    name: Annotated[str | None, typer.Option(help="What the new contact is called.")] = None,
    primary: Annotated[bool, typer.Option("--primary", help="Make the new contact the primary one.")] = False,
    remove: _PartId = None,
) -> Output:
    """Show a customer's contacts, after adding or removing one."""
    from billflow.models.contracts.customer_resources import ContactCreate

    contacts = store.repositories.contacts
    if add:
        await contacts.create(customer, ContactCreate(email=add, name=name, is_primary=primary), change_here())
    if remove:
        await contacts.delete(customer, remove, change_here())
    return whole("Contacts", await contacts.list(customer), _CONTACTS)


@app.on_database("customer billing-accounts 5f1c", "customer billing-accounts 5f1c --add Subsidiary --currency EUR")
async def billing_accounts(  # noqa: PLR0913  (each is one field)
    store: Store,
    customer: CustomerHere,
    *,
    add: Annotated[str | None, typer.Option(metavar="NAME", help="Add a billing account.")] = None,
    currency: Annotated[str | None, typer.Option(help="What the new one is in; else the customer's.")] = None,
    invoice_email: Annotated[str | None, typer.Option(help="Where the new one's invoices go.")] = None,
    collection_method: Annotated[
        CollectionMethod, typer.Option(help="How the new one pays.")
    ] = CollectionMethod.CHARGE_AUTOMATICALLY,
    default: Annotated[str | None, typer.Option(metavar="ID", help="Let this one pay for plans from now on.")] = None,
    remove: _PartId = None,
) -> Output:
    """Show a customer's billing accounts, after adding one, removing one or choosing the default one."""
    from billflow.models.contracts.customer_resources import BillingAccountCreate, BillingAccountUpdate

    accounts = store.repositories.billing_accounts
    if add:
        new = BillingAccountCreate(
            name=add, currency=currency, invoice_email=invoice_email, collection_method=collection_method
        )
        await accounts.create(customer, new, change_here())
    if default:
        await accounts.update(customer, default, BillingAccountUpdate(is_default=True), change_here())
    if remove:
        await accounts.delete(customer, remove, change_here())
    return whole("Billing accounts", await accounts.list(customer), _BILLING_ACCOUNTS)


@app.on_database("customer projects 5f1c", "customer projects 5f1c --add 'Sales Department'")
async def projects(
    store: Store,
    customer: CustomerHere,
    *,
    add: Annotated[str | None, typer.Option(metavar="NAME", help="Add a project.")] = None,
    slug: Annotated[str | None, typer.Option(help="The new project's slug.")] = None,
    remove: _PartId = None,
) -> Output:
    """Show a customer's projects, after adding or removing one."""
    from billflow.models.contracts.customer_resources import ProjectCreate

    projects = store.repositories.projects
    if add:
        await projects.create(customer, ProjectCreate(name=add, slug=slug), change_here())
    if remove:
        await projects.delete(customer, remove, change_here())
    return whole("Projects", await projects.list(customer), _PROJECTS)
