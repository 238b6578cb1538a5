"""The tax ids of customers: create, retrieve, delete, list."""

import re

from stripe_emulator.engine.expand import deleted, includes
from stripe_emulator.engine.lists import page
from stripe_emulator.engine.operations import Args, operation
from stripe_emulator.engine.render import list_object, render
from stripe_emulator.engine.unit import Unit
from stripe_emulator.errors import invalid, missing_resource
from stripe_emulator.invoicing.automatic_tax import tax_ids_of
from stripe_emulator.storage.query import Query
from stripe_emulator.types import Obj

KIND = "tax_id"
_FORMS = {
    "eu_vat": r"[A-Z]{2}[0-9A-Z+*]{2,12}",
    "gb_vat": r"(GB)?(\d{9}|\d{12})",
    "ch_vat": r"CHE[-.\d]{9,13} (MWST|TVA|IVA)",
}
"""How the numbers of a type are written [assume]; those of other types are taken as they are."""


def check(params: Obj) -> None:
    """Raise StripeError `tax_id_invalid` for a number that isn't written like one of its type."""
    form = _FORMS.get(params["type"])
    if form and not re.fullmatch(form, params["value"]):
        raise invalid(f"Invalid value for {params['type']}.", code="tax_id_invalid", param="value")


@operation("customer_tax_id.create", check)
def create(unit: Unit, args: Args) -> Obj:
    """Add a tax id to a customer; nobody verifies it here."""
    customer = unit.get("customer", args.id, "customer")
    made = unit.blank(KIND, customer["test_clock"])
    made.update(customer=customer["id"], type=args.params["type"], value=args.params["value"])
    made["owner"] = {"type": "customer", "customer": customer["id"]}
    made["country"] = _country(made)
    made["verification"] = {"status": "unavailable", "verified_address": None, "verified_name": None}
    unit.add(made)
    unit.emit("customer.tax_id.created", made)
    return made


@operation("customer_tax_id.retrieve")
def retrieve(unit: Unit, args: Args) -> Obj:
    """Return a tax id of the customer."""
    return _of_customer(unit, args)


@operation("customer_tax_id.delete")
def delete(unit: Unit, args: Args) -> Obj:
    """Take a tax id off a customer; final invoices keep it."""
    found = _of_customer(unit, args)
    unit.remove(found)
    unit.emit("customer.tax_id.deleted", found)
    return deleted(found)


@operation("customer_tax_id.list")
def list_tax_ids(unit: Unit, args: Args) -> Obj:
    """List the tax ids of a customer."""
    customer = unit.get("customer", args.id, "customer")
    return page(unit, args, Query(KIND).where("customer", customer["id"]))


@includes("customer", "tax_ids")
def of_customer(unit: Unit, customer: Obj) -> Obj:
    """Return the customer's tax ids."""
    shown = [render(unit, one) for one in tax_ids_of(unit, customer)]
    return list_object(shown, f"/v1/customers/{customer['id']}/tax_ids")


def _of_customer(unit: Unit, args: Args) -> Obj:
    found = unit.get(KIND, args.ids[1])
    if found["customer"] != args.id:
        raise missing_resource(KIND, args.ids[1])
    return found


def _country(tax_id: Obj) -> str | None:
    """Return the country that a number names, or its type."""
    kind = str(tax_id["type"])
    if kind == "eu_vat":
        prefix = str(tax_id["value"])[:2]
        return {"EL": "GR", "XI": "GB"}.get(prefix, prefix)
    return None if kind.startswith("eu_") else kind[:2].upper()
