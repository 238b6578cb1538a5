"""Customers: create, retrieve, update, delete, list."""

import string

from stripe_emulator.engine import balance, fields
from stripe_emulator.engine.expand import deleted, includes
from stripe_emulator.engine.lists import page
from stripe_emulator.engine.operations import Args, operation
from stripe_emulator.engine.render import list_object
from stripe_emulator.engine.unit import Unit
from stripe_emulator.errors import invalid
from stripe_emulator.payments.methods import attach_to
from stripe_emulator.storage.query import Query
from stripe_emulator.subscriptions.life import ENDED, end
from stripe_emulator.types import Obj

PLAIN = ("business_name", "description", "email", "individual_name", "name", "phone")
ALWAYS_TEXT = ("business_name", "individual_name")
ADDRESS = ("city", "country", "line1", "line2", "postal_code", "state")
SETTINGS = ("custom_fields", "default_payment_method", "footer", "rendering_options")
PREFIX_ALPHABET = string.ascii_uppercase + string.digits


@operation("customer.create")
def create(unit: Unit, args: Args) -> Obj:
    """Create a customer, with its payment method and opening balance when given."""
    params = args.params
    test_clock = params.get("test_clock")
    if test_clock:
        unit.get("test_helpers.test_clock", test_clock, "test_clock")
    customer = unit.blank("customer", test_clock)
    customer.update(address=None, currency=None, delinquent=False, discount=None, name=None, phone=None)
    customer.update(preferred_locales=[], tax_exempt="none", test_clock=test_clock, next_invoice_sequence=1)
    customer["invoice_prefix"] = unit.services.ids.text(8, PREFIX_ALPHABET)
    unit.add(customer)
    if params.get("payment_method"):
        attach_to(unit, customer, params["payment_method"])
    _apply(unit, customer, params)
    if params.get("balance"):
        balance.set_to(unit, customer, params["balance"], "initial")
    unit.save(customer)
    unit.complete(customer)
    unit.emit("customer.created", customer)
    return customer


@operation("customer.retrieve")
def retrieve(unit: Unit, args: Args) -> Obj:
    """Return a customer, or the note that it was deleted."""
    gone = unit.find_deleted(args.id, "customer")
    return deleted(gone) if gone else unit.get("customer", args.id)


@operation("customer.update")
def update(unit: Unit, args: Args) -> Obj:
    """Change the given members of a customer; a new `balance` is an adjustment."""
    customer = unit.get("customer", args.id)
    _apply(unit, customer, args.params)
    target = args.params.get("balance")
    if target is not None and target != customer["balance"]:
        balance.set_to(unit, customer, target, "adjustment")
    unit.changed("customer.updated", customer)
    return customer


@operation("customer.delete")
def delete(unit: Unit, args: Args) -> Obj:
    """Delete a customer: it can be retrieved still, and nothing else done with it; its payment methods are detached.

    Its invoices stay as they are [assume]: an open one can be voided, written off or paid elsewhere, but neither paid
    nor sent. Its balance can't be read or changed any more [assume].
    """
    customer = unit.get("customer", args.id)
    for method in unit.select(Query("payment_method").where("customer", customer["id"])):
        method["customer"] = None
        unit.save(method)
    for tax_id in unit.select(Query("tax_id").where("customer", customer["id"])):
        unit.remove(tax_id)
    for subscription in unit.select(Query("subscription").where("customer", customer["id"])):
        if subscription["status"] not in ENDED:
            end(unit, subscription, unit.now(customer.get("test_clock")))
    unit.remove(customer)
    unit.emit("customer.deleted", customer)
    return deleted(customer)


@operation("customer.list")
def list_customers(unit: Unit, args: Args) -> Obj:
    """List customers by e-mail, creation and test clock."""
    query = Query("customer")
    for name in ("email", "test_clock"):
        if args.params.get(name):
            query.where(name, args.params[name])
    if args.params.get("created") is not None:
        query.between("created", args.params["created"])
    if "test_clock" not in args.params:
        query.where("test_clock", None)
    return page(unit, args, query)


def _apply(unit: Unit, customer: Obj, params: Obj) -> None:
    fields.copy(customer, params, PLAIN)
    for name in ALWAYS_TEXT:
        if name in customer and customer[name] is None:
            del customer[name]
    fields.copy(customer, params, ("preferred_locales", "tax_exempt", "invoice_prefix", "next_invoice_sequence"))
    customer["tax_exempt"] = customer["tax_exempt"] or "none"
    fields.merge_metadata(customer, params)
    if "address" in params:
        customer["address"] = fields.merge_object(customer["address"], params["address"], ADDRESS)
    if "shipping" in params:
        customer["shipping"] = _shipping(params["shipping"])
    if "invoice_settings" in params:
        _apply_settings(unit, customer, params["invoice_settings"] or {})


def _shipping(given: Obj | None) -> Obj | None:
    if given is None:
        return None
    address = fields.merge_object(None, given["address"] or {}, ADDRESS)
    return {"name": given["name"], "phone": given.get("phone"), "address": address}


def _apply_settings(unit: Unit, customer: Obj, settings: Obj) -> None:
    method_id = settings.get("default_payment_method")
    if method_id:
        method = unit.get("payment_method", method_id, "invoice_settings[default_payment_method]")
        if method["customer"] != customer["id"]:
            raise invalid(
                f"The customer does not have a payment method with the ID {method_id}. "
                "The payment method must be attached to the customer.",
                code="resource_missing",
                param="invoice_settings[default_payment_method]",
            )
    known = {name: value for name, value in settings.items() if name in SETTINGS}
    customer["invoice_settings"] = {**customer["invoice_settings"], **known}


@includes("customer", "sources")
def nothing_simulated(_: Unit, customer: Obj) -> Obj:
    """Return an empty list: the emulator keeps no sources."""
    return list_object([], f"/v1/customers/{customer['id']}")
