"""Invoices: create, retrieve, update, delete, list."""

from stripe_emulator.engine import fields
from stripe_emulator.engine.expand import deleted
from stripe_emulator.engine.lists import page
from stripe_emulator.engine.operations import Args, operation
from stripe_emulator.engine.unit import Unit
from stripe_emulator.errors import invalid
from stripe_emulator.invoicing import automatic_tax, items, tax_rates, totals
from stripe_emulator.invoicing.new import new_invoice, schedule_finalization
from stripe_emulator.resources.invoice_rules import check_create, check_terms, check_update
from stripe_emulator.storage.query import Query
from stripe_emulator.types import Obj

DAY = 86_400
AUTO_FINALIZE_AFTER = 3_600
COPIED = (
    "account_tax_ids",
    "custom_fields",
    "default_source",
    "description",
    "footer",
    "number",
    "on_behalf_of",
    "statement_descriptor",
    "automatically_finalizes_at",
    "effective_at",
)
# [assume] which texts stay editable once the invoice is final.
EDITABLE = {
    "metadata",
    "auto_advance",
    "default_payment_method",
    "default_source",
    "description",
    "footer",
    "custom_fields",
    "payment_settings",
    "statement_descriptor",
    "account_tax_ids",
    "expand",
}


@operation("invoice.create", check_create)
def create(unit: Unit, args: Args) -> Obj:
    """Create a draft, empty or with the customer's pending items of its currency."""
    params = args.params
    customer = unit.get("customer", params["customer"], "customer")
    currency = params.get("currency") or customer.get("currency") or "usd"
    invoice = new_invoice(unit, customer, currency, params.get("collection_method") or "charge_automatically")
    invoice["auto_advance"] = bool(params.get("auto_advance"))
    unit.add(invoice)
    _apply(unit, invoice, params)
    if params.get("pending_invoice_items_behavior") == "include":
        _take_pending(unit, invoice)
    totals.recompute(unit, invoice)
    unit.flush()
    unit.complete(invoice)
    unit.emit("invoice.created", invoice)
    schedule_finalization(unit, invoice)
    return invoice


@operation("invoice.retrieve")
def retrieve(unit: Unit, args: Args) -> Obj:
    """Return an invoice."""
    return unit.get("invoice", args.id)


@operation("invoice.update", check_update)
def update(unit: Unit, args: Args) -> Obj:
    """Change a draft freely, a final invoice in its texts and metadata only."""
    invoice = unit.get("invoice", args.id)
    if invoice["status"] != "draft" and not set(args.params) <= EDITABLE:
        items.require_draft(invoice)
    if args.params.get("collection_method"):
        invoice["collection_method"] = args.params["collection_method"]
        if invoice["collection_method"] == "charge_automatically":
            invoice["due_date"] = None
    check_terms(invoice, args.params)
    if args.params.get("auto_advance") is not None:
        _set_auto_advance(unit, invoice, on=args.params["auto_advance"])
    _apply(unit, invoice, args.params)
    if not {"automatic_tax", "default_tax_rates"}.isdisjoint(args.params):
        totals.recompute(unit, invoice)
    unit.changed("invoice.updated", invoice)
    return invoice


@operation("invoice.delete")
def delete(unit: Unit, args: Args) -> Obj:
    """Delete a draft for good."""
    invoice = unit.get("invoice", args.id)
    items.require_draft(invoice)
    unit.emit("invoice.deleted", invoice)
    items.drop_all(unit, invoice)
    unit.remove(invoice)
    return deleted(invoice)


@operation("invoice.list")
def list_invoices(unit: Unit, args: Args) -> Obj:
    """List invoices by customer, status, collection method, creation and due date."""
    query = Query("invoice")
    for name in ("customer", "status", "collection_method"):
        if args.params.get(name):
            query.where(name, args.params[name])
    for name in ("created", "due_date"):
        if args.params.get(name) is not None:
            query.between(name, args.params[name])
    if args.params.get("subscription"):
        query.where("parent.subscription_details.subscription", args.params["subscription"])
    return page(unit, args, query)


def _apply(unit: Unit, invoice: Obj, params: Obj) -> None:
    fields.copy(invoice, params, COPIED)
    fields.merge_metadata(invoice, params)
    automatic_tax.enable(invoice, params.get("automatic_tax"))
    if "default_tax_rates" in params:
        held, wanted = invoice["default_tax_rates"], params["default_tax_rates"]
        invoice["default_tax_rates"] = tax_rates.named(unit, wanted, "default_tax_rates", held)
    if params.get("days_until_due") is not None:
        invoice["due_date"] = invoice["created"] + params["days_until_due"] * DAY
    if params.get("due_date") is not None:
        invoice["due_date"] = params["due_date"]
    if "default_payment_method" in params:
        invoice["default_payment_method"] = _own_method(unit, invoice, params["default_payment_method"])
    settings = params.get("payment_settings") or {}
    for name in ("payment_method_types", "default_mandate"):
        if name in settings:
            invoice["payment_settings"][name] = settings[name]
    if invoice["auto_advance"] and invoice["status"] == "draft" and invoice["automatically_finalizes_at"] is None:
        # [assume] one hour from creation until the webhooks say otherwise.
        invoice["automatically_finalizes_at"] = invoice["created"] + AUTO_FINALIZE_AFTER


def _own_method(unit: Unit, invoice: Obj, method_id: str | None) -> str | None:
    if method_id is None:
        return None
    method = unit.get("payment_method", method_id, "default_payment_method")
    if method["customer"] != invoice["customer"]:
        raise invalid(
            "The default payment method must belong to the customer of the invoice.",
            code="resource_missing",
            param="default_payment_method",
        )
    return method_id


def _set_auto_advance(unit: Unit, invoice: Obj, *, on: bool) -> None:
    was_on, invoice["auto_advance"] = invoice["auto_advance"], on
    if invoice["status"] == "draft" and not on:
        invoice["automatically_finalizes_at"] = None
    if on and not was_on and invoice["status"] == "draft":
        at = unit.now(invoice["test_clock"]) + AUTO_FINALIZE_AFTER
        invoice["automatically_finalizes_at"] = at
        schedule_finalization(unit, invoice)


def _take_pending(unit: Unit, invoice: Obj) -> None:
    query = Query("invoiceitem").where("customer", invoice["customer"]).where("invoice", None)
    pending = unit.select(query.where("currency", invoice["currency"]))[: items.MAX_LINES]
    for item in pending:
        items.put_on(unit, invoice, item)
