"""What follows from a delivery: a draft's hour until it finalises starts when `invoice.created` arrived."""

import json

from stripe_emulator.engine.services import Services
from stripe_emulator.engine.unit import Origin, Unit
from stripe_emulator.storage import outbox
from stripe_emulator.webhooks.queue import Delivery

HOUR = 3_600


def after_delivery(services: Services, delivery: Delivery) -> None:
    """Note on the invoice that all its endpoints know of it, and plan its finalisation."""
    if delivery.type != "invoice.created" or outbox.pending(services.db, delivery.event_id):
        return
    with services.db.transaction():
        unit = Unit(services, delivery.account, Origin())
        invoice = unit.find(json.loads(delivery.body)["data"]["object"]["id"], "invoice")
        if invoice is None or invoice["status"] != "draft":
            return
        now = unit.now(invoice["test_clock"])
        invoice["webhooks_delivered_at"] = now
        if invoice["auto_advance"] and invoice["automatically_finalizes_at"] is not None:
            invoice["automatically_finalizes_at"] = now + HOUR
            unit.later("invoice.finalize", invoice, now + HOUR)
        unit.save(invoice)
        unit.flush()
