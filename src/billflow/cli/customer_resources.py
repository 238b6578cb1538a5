"""`billflow customer update, settings, contacts, projects`: what belongs to a customer."""

import json
from collections.abc import Sequence
from typing import Annotated, Any
from urllib.parse import quote

import typer

from billflow.cli.customer_views import described
from billflow.cli.json_objects import given
from billflow.cli.lookup import CustomerHere, short
from billflow.cli.output import Columns, Listing, Output, Table, listed
from billflow.cli.session import Api, CommandGroup
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
    "id": lambda contact: contact.id,
    "e-mail": lambda contact: contact.email,
    "name~": lambda contact: contact.name or "",
    "": lambda contact: "primary" if contact.is_primary else "",
}
_BILLING_ACCOUNTS: Columns = {
    "id": lambda account: account.id,
    "name~": lambda account: account.name,
    "currency": lambda account: account.currency,
    "collection": lambda account: account.collection_method,
    "": lambda account: "default" if account.is_default else "",
}
_PROJECTS: Columns = {
    "id": lambda project: project.id,
    "slug": lambda project: project.slug,
    "name~": lambda project: project.name,
    "bills to": lambda project: short(project.billing_account_id),
}


@app.on_api("customer update 5f1c --name 'Acme Inc.' --default-language de-DE")
def update(  # noqa: PLR0913  (each is one field)
    api: Api,
    customer: CustomerHere,
    *,
    name: Annotated[str | None, typer.Option(help="What it is called.")] = None,
    email: Annotated[str | None, typer.Option(help="Where its invoices go.")] = None,
    erp_customer_number: Annotated[str | None, typer.Option(help="Its number in your ERP system.")] = None,
    default_currency: Annotated[str | None, typer.Option(help="What later billing accounts are in.")] = None,
    default_language: Annotated[str | None, typer.Option(help="A BCP 47 tag such as de-DE.")] = None,
) -> Output:
    """Change a customer; what is left out stays."""
    changes = given(
        name=name,
        email=email,
        erp_customer_number=erp_customer_number,
        default_currency=default_currency,
        default_language=default_language,
    )
    return described(api.write("PATCH", f"/customers/{customer}", changes))


@app.on_api("customer settings 5f1c", "customer settings 5f1c --set features.max_projects=20")
def settings(
    api: Api,
    customer: CustomerHere,
    *,
    set_: Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="A dotted key.")] = None,
    unset: Annotated[list[str] | None, typer.Option("--unset", metavar="KEY", help="Take a setting away.")] = None,
) -> Output:
    """Show a customer's settings, after changing those that are named."""
    path = f"/customers/{customer}/settings"
    if set_:
        api.write("PUT", path, settings_of(set_))
    for key in unset or ():
        api.write("DELETE", f"{path}/{quote(key, safe='')}")
    found = api.get(path, resolved=True)
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


@app.on_api("customer contacts 5f1c", "customer contacts 5f1c --add einkauf@muster.de --primary")
def contacts(  # noqa: PLR0913  (each is one field)
    api: Api,
    customer: CustomerHere,
    *,
    add: Annotated[str | None, typer.Option(metavar="EMAIL", help="Add a contact.")] = None,
    name: Annotated[str | None, typer.Option(help="What the new contact is called.")] = None,
    primary: Annotated[bool, typer.Option("--primary", help="Make the new contact the primary one.")] = False,
    remove: _PartId = None,
) -> Listing:
    """Show a customer's contacts, after adding or removing one."""
    path = f"/customers/{customer}/contacts"
    if add:
        api.write("POST", path, given(email=add, name=name, is_primary=primary))
    if remove:
        api.write("DELETE", f"{path}/{remove}")
    return listed("Contacts", api.all(path), _CONTACTS)


@app.on_api("customer billing-accounts 5f1c", "customer billing-accounts 5f1c --add Subsidiary --currency EUR")
def billing_accounts(  # noqa: PLR0913  (each is one field)
    api: Api,
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
) -> Listing:
    """Show a customer's billing accounts, after adding one, removing one or choosing the default one."""
    path = f"/customers/{customer}/billing-accounts"
    if add:
        terms = given(currency=currency, invoice_email=invoice_email, collection_method=collection_method)
        api.write("POST", path, {"name": add, **terms})
    if default:
        api.write("PATCH", f"{path}/{default}", {"is_default": True})
    if remove:
        api.write("DELETE", f"{path}/{remove}")
    return listed("Billing accounts", api.all(path), _BILLING_ACCOUNTS)


@app.on_api("customer projects 5f1c", "customer projects 5f1c --add 'Sales Department'")
def projects(
    api: Api,
    customer: CustomerHere,
    *,
    add: Annotated[str | None, typer.Option(metavar="NAME", help="Add a project.")] = None,
    slug: Annotated[str | None, typer.Option(help="The new project's slug.")] = None,
    remove: _PartId = None,
) -> Listing:
    """Show a customer's projects, after adding or removing one."""
    path = f"/customers/{customer}/projects"
    if add:
        api.write("POST", path, given(name=add, slug=slug))
    if remove:
        api.write("DELETE", f"{path}/{remove}")
    return listed("Projects", api.all(path), _PROJECTS)
