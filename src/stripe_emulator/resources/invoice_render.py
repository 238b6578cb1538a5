"""The computed members of invoices: lines always, payments and the confirmation secret when expanded."""

from stripe_emulator.engine.expand import includes
from stripe_emulator.engine.render import list_object, render, renders
from stripe_emulator.engine.unit import Unit
from stripe_emulator.invoicing import tax_rates
from stripe_emulator.invoicing.totals import lines_of
from stripe_emulator.storage.query import Query
from stripe_emulator.storage.records import Records
from stripe_emulator.types import Obj

EMBEDDED = 10


@renders("invoice")
def with_lines(records: Records, invoice: Obj) -> None:
    """Embed the first ten lines, and the tax rates as they are now."""
    invoice["default_tax_rates"] = tax_rates.shown(records, invoice["default_tax_rates"])
    if "lines" in invoice and invoice["lines"]["data"]:
        return
    lines = lines_of(records, invoice)
    url = f"/v1/invoices/{invoice['id']}/lines"
    data = [render(records, line) for line in lines[:EMBEDDED]]
    invoice["lines"] = list_object(data, url, has_more=len(lines) > EMBEDDED)


@includes("invoice", "payments")
def payments(unit: Unit, invoice: Obj) -> Obj:
    """Return the invoice's payments; absent unless expanded [assume: includable]."""
    found = unit.select(Query("invoice_payment").where("invoice", invoice["id"]))
    data = [render(unit, payment) for payment in found[:EMBEDDED]]
    url = f"/v1/invoice_payments?invoice={invoice['id']}"
    return list_object(data, url, has_more=len(found) > EMBEDDED)


@includes("invoice", "confirmation_secret")
def confirmation_secret(unit: Unit, invoice: Obj) -> Obj | None:
    """Return the client secret of the default payment; absent unless expanded [assume: includable]."""
    for payment in unit.select(Query("invoice_payment").where("invoice", invoice["id"])):
        if payment["is_default"]:
            intent = unit.get("payment_intent", payment["payment"]["payment_intent"])
            return {"client_secret": intent["client_secret"], "type": "payment_intent"}
    return None
