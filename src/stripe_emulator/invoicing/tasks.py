"""The tasks that fall due for invoices and payments."""

from stripe_emulator.engine.due import task
from stripe_emulator.engine.unit import Unit
from stripe_emulator.errors import StripeError
from stripe_emulator.invoicing.advance import DAY, after_finalization
from stripe_emulator.invoicing.finalize import finalize
from stripe_emulator.invoicing.pay import collect, default_method
from stripe_emulator.invoicing.payment_results import intent_failed, intent_succeeded, payments_of
from stripe_emulator.payments import intents
from stripe_emulator.storage import outbox
from stripe_emulator.types import Obj

HOUR = 3_600
GIVE_UP_WAITING = 72 * HOUR
HARD_DECLINES = {"lost_card", "stolen_card", "authentication_required"}


@task("invoice.finalize", "invoice")
def finalize_automatically(unit: Unit, invoice: Obj) -> None:
    """Finalise a draft an hour after its webhooks were delivered, at the latest after 72 hours of trying."""
    now = unit.now()
    planned = invoice["automatically_finalizes_at"]
    if invoice["status"] != "draft" or not invoice["auto_advance"] or planned is None or planned > now:
        return
    waited = now - invoice["created"]
    if _undelivered(unit, invoice) and waited < GIVE_UP_WAITING:
        invoice["automatically_finalizes_at"] = min(now + HOUR, invoice["created"] + GIVE_UP_WAITING)
        unit.save(invoice)
        unit.later("invoice.finalize", invoice, invoice["automatically_finalizes_at"])
        return
    try:
        finalize(unit, invoice)
    except StripeError as error:
        invoice["last_finalization_error"] = {"type": error.kind, "message": error.message}
        unit.save(invoice)
        unit.emit("invoice.finalization_failed", invoice)
        return
    after_finalization(unit, invoice)


def _undelivered(unit: Unit, invoice: Obj) -> bool:
    sql = """SELECT id FROM objects WHERE account = ? AND kind = 'event' AND status = 'invoice.created'
        AND invoice = ?"""
    row = unit.db.execute(sql, (unit.account, invoice["id"])).fetchone()
    return row is not None and outbox.pending(unit.db, row[0]) > 0


@task("invoice.collect", "invoice")
def collect_automatically(unit: Unit, invoice: Obj) -> None:
    """Charge the default payment method; a refusal is tried again on the configured days."""
    if invoice["status"] != "open" or not invoice["auto_advance"] or invoice["next_payment_attempt"] is None:
        return
    if invoice["next_payment_attempt"] > unit.now():
        return
    method = default_method(unit, invoice)
    refused = None
    if method is not None:
        try:
            collect(unit, invoice, method, off_session=True, automatic=True)
        except StripeError as error:
            refused = error
    if invoice["status"] == "open" and (method is None or refused is not None):
        hard = refused is not None and refused.details.get("decline_code") in HARD_DECLINES
        _retry(unit, invoice, hard=hard)


def _retry(unit: Unit, invoice: Obj, *, hard: bool) -> None:
    days = unit.services.settings.retry_days
    done = max(invoice["attempt_count"], 1)
    invoice["next_payment_attempt"] = None
    if done <= len(days) and not hard:
        invoice["next_payment_attempt"] = unit.now() + days[done - 1] * DAY
        unit.later("invoice.collect", invoice, invoice["next_payment_attempt"])
    unit.changed("invoice.updated", invoice)


@task("invoice.will_be_due", "invoice")
def announce_due_date(unit: Unit, invoice: Obj) -> None:
    """Say that an open invoice will be due soon."""
    if invoice["status"] == "open":
        unit.emit("invoice.will_be_due", invoice)


@task("invoice.overdue", "invoice")
def announce_overdue(unit: Unit, invoice: Obj) -> None:
    """Say that an open invoice is past its due date."""
    if invoice["status"] == "open":
        unit.emit("invoice.overdue", invoice)


@task("payment_intent.complete", "payment_intent")
def complete_debit(unit: Unit, intent: Obj) -> None:
    """Let the bank answer a debit that was processing, and bring the answer to the invoice."""
    charge = unit.find(intent["latest_charge"], "charge")
    if intent["status"] != "processing" or charge is None:
        return
    if intents.complete(unit, intent, charge):
        intent_succeeded(unit, intent)
        return
    for payment in payments_of(unit, intent):
        intent_failed(unit, unit.get("invoice", payment["invoice"]))
