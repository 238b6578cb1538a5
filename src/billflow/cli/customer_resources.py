"""`billflow customer update, settings, contacts, projects`: what belongs to a customer."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from billflow.cli import output
from billflow.cli.customer_views import customer_facts
from billflow.cli.lookup import change_here, customer_ref, short
from billflow.cli.params import AsJson, CustomerId
from billflow.cli.session import on_database
from billflow.domain.errors import InvalidInput
from billflow.domain.plan import CollectionMethod

if TYPE_CHECKING:
    from billflow.wiring.store import Store

_PartId = Annotated[str | None, typer.Option("--remove", metavar="ID", help="Remove the one of this id.")]


def update(  # noqa: PLR0913  (each is one field)
    customer: CustomerId,
    *,
    name: Annotated[str | None, typer.Option(help="What it is called.")] = None,
    email: Annotated[str | None, typer.Option(help="Where its invoices go.")] = None,
    erp_number: Annotated[str | None, typer.Option(help="Its number in your ERP system.")] = None,
    currency: Annotated[str | None, typer.Option(help="What later billing accounts are in.")] = None,
    language: Annotated[str | None, typer.Option(help="A BCP 47 tag such as de-DE.")] = None,
    as_json: AsJson = False,
) -> None:
    """Change a customer; what is left out stays."""

    async def act(store: "Store") -> None:
        from billflow.models.contracts.customers import CustomerChange

        typed = {
            "name": name,
            "email": email,
            "erp_customer_number": erp_number,
            "default_currency": currency,
            "default_language": language,
        }
        asked = CustomerChange.model_validate({field: value for field, value in typed.items() if value is not None})
        ref = await customer_ref(store, customer)
        customer_facts(await store.repositories.customers.update(ref, asked, change_here()), as_json=as_json)

    on_database(act)


def settings(
    customer: CustomerId,
    *,
    given: Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="A dotted key.")] = None,
    unset: Annotated[list[str] | None, typer.Option("--unset", metavar="KEY", help="Take a setting away.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show a customer's settings, after changing those that are named."""

    async def act(store: "Store") -> None:
        from billflow.models.contracts.customer_settings import CustomerSettings

        ref = await customer_ref(store, customer)
        if given:
            asked = CustomerSettings.model_validate(settings_of(given))
            await store.repositories.settings.merge(ref, asked, change_here())
        for key in unset or ():
            await store.repositories.settings.remove(ref, key, change_here())
        found = await store.repositories.settings.get(ref)
        if as_json:
            output.as_json(found)
        else:
            rows = [(one.key, json.dumps(one.value, ensure_ascii=False)) for one in found.resolved]
            output.table(f"Settings: {len(rows)}", ("key", "value"), rows)

    on_database(act)


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


def contacts(  # noqa: PLR0913  (each is one field)
    customer: CustomerId,
    *,
    add: Annotated[str | None, typer.Option(metavar="EMAIL", help="Add a contact.")] = None,
    name: Annotated[str | None, typer.Option(help="What the new contact is called.")] = None,
    primary: Annotated[bool, typer.Option("--primary", help="Make the new contact the primary one.")] = False,
    remove: _PartId = None,
    as_json: AsJson = False,
) -> None:
    """Show a customer's contacts, after adding or removing one."""

    async def act(store: "Store") -> None:
        from billflow.models.contracts.customer_resources import NewContact

        ref, contacts = await customer_ref(store, customer), store.repositories.contacts
        if add:
            await contacts.create(ref, NewContact(email=add, name=name, is_primary=primary), change_here())
        if remove:
            await contacts.delete(ref, remove, change_here())
        found = await contacts.list(ref)
        rows = [(one.contact_id, one.email, one.name or "", "primary" if one.is_primary else "") for one in found]
        _listed("contacts", found, (("id", "e-mail", "name", ""), rows), as_json=as_json)

    on_database(act)


def billing_accounts(  # noqa: PLR0913  (each is one field)
    customer: CustomerId,
    *,
    add: Annotated[str | None, typer.Option(metavar="NAME", help="Add a billing account.")] = None,
    currency: Annotated[str | None, typer.Option(help="What the new one is in; else the customer's.")] = None,
    invoice_email: Annotated[str | None, typer.Option(help="Where the new one's invoices go.")] = None,
    collection_method: Annotated[
        CollectionMethod, typer.Option(help="How the new one pays.")
    ] = CollectionMethod.CHARGE_AUTOMATICALLY,
    default: Annotated[str | None, typer.Option(metavar="ID", help="Let this one pay for plans from now on.")] = None,
    remove: _PartId = None,
    as_json: AsJson = False,
) -> None:
    """Show a customer's billing accounts, after adding one, removing one or choosing the default one."""

    async def act(store: "Store") -> None:
        from billflow.models.contracts.customer_resources import BillingAccountChange, NewBillingAccount

        ref, billing_accounts = await customer_ref(store, customer), store.repositories.billing_accounts
        if add:
            new = NewBillingAccount(
                name=add, currency=currency, invoice_email=invoice_email, collection_method=collection_method
            )
            await billing_accounts.create(ref, new, change_here())
        if default:
            await billing_accounts.update(ref, default, BillingAccountChange(is_default=True), change_here())
        if remove:
            await billing_accounts.delete(ref, remove, change_here())
        found = await billing_accounts.list(ref)
        rows = [
            (one.billing_account_id, one.name, one.currency, one.collection_method, "default" if one.is_default else "")
            for one in found
        ]
        columns = ("id", "name", "currency", "collection", "")
        _listed("billing_accounts", found, (columns, rows), as_json=as_json)

    on_database(act)


def projects(
    customer: CustomerId,
    *,
    add: Annotated[str | None, typer.Option(metavar="NAME", help="Add a project.")] = None,
    slug: Annotated[str | None, typer.Option(help="The new project's slug.")] = None,
    remove: _PartId = None,
    as_json: AsJson = False,
) -> None:
    """Show a customer's projects, after adding or removing one."""

    async def act(store: "Store") -> None:
        from billflow.models.contracts.customer_resources import NewProject

        ref, projects = await customer_ref(store, customer), store.repositories.projects
        if add:
            await projects.create(ref, NewProject(name=add, slug=slug), change_here())
        if remove:
            await projects.delete(ref, remove, change_here())
        found = await projects.list(ref)
        rows = [(one.project_id, one.slug, one.name, short(one.billing_account_id)) for one in found]
        _listed("projects", found, (("id", "slug", "name", "bills to"), rows), as_json=as_json)

    on_database(act)


def _listed(noun: str, found: Sequence[Any], table: tuple[tuple[str, ...], list[Any]], *, as_json: bool) -> None:
    if as_json:
        output.as_json({noun: found, "total": len(found)})
    else:
        output.table(f"{noun.capitalize().replace('_', ' ')}: {len(found)}", *table)
