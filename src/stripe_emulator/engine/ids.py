"""Stripe's ids: a prefix per kind and 24 letters and digits, all from one seed."""

import random
import string

from stripe_emulator.storage.database import Database

ALPHABET = string.ascii_letters + string.digits
LENGTH = 24
PREFIXES = {
    "billing_portal.configuration": "bpc",
    "billing_portal.session": "bps",
    "charge": "ch",
    "checkout.session": "cs_test",
    "coupon": "coupon",
    "credit_note": "cn",
    "credit_note_line_item": "cnli",
    "customer": "cus",
    "customer_balance_transaction": "cbtxn",
    "discount": "di",
    "event": "evt",
    "invoice": "in",
    "invoice_payment": "inpay",
    "invoiceitem": "ii",
    "line_item": "il",
    "payment_intent": "pi",
    "payment_method": "pm",
    "price": "price",
    "product": "prod",
    "refund": "re",
    "request": "req",
    "setup_intent": "seti",
    "subscription": "sub",
    "subscription_item": "si",
    "subscription_schedule": "sub_sched",
    "tax_id": "txi",
    "tax_rate": "txr",
    "test_helpers.test_clock": "clock",
    "webhook_endpoint": "we",
}


class Ids:
    """A source of ids and other random text; each start of the server on a database goes on with new ones."""

    def __init__(self, db: Database, seed: int) -> None:
        run = db.setting("runs", 0) + 1
        db.set_setting("runs", run)
        self.random = random.Random(f"{seed}:{run}")  # noqa: S311 - repeatable on purpose

    def new(self, kind: str) -> str:
        """Return a fresh id for an object of this kind."""
        return f"{PREFIXES[kind]}_{self.text(LENGTH)}"

    def text(self, length: int, alphabet: str = ALPHABET) -> str:
        """Return random characters."""
        return "".join(self.random.choices(alphabet, k=length))
