"""What the audit log says of an invoice as it was made: its digest, and the ledger entries behind it."""

import hashlib
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from pydantic_core import to_jsonable_python

from billflow.domain.invoicing.draft import NOT_TAXED
from billflow.domain.ledger import LedgerEntry
from billflow.models.tables import InvoiceLineRow, InvoiceRow, LicenseLedger
from billflow.models.tables.base import Json

_OF_INVOICE = ("id", "plan_id", "customer_id", "kind", "currency", "issued_at", "automatic_tax")
_OF_LINE = (
    "kind",
    "description",
    "quantity",
    "unit_amount",
    "amount",
    "period_start",
    "period_end",
    "derivation",
    "tax",
    "applied_tax",
)


_OF_LEDGER = ("seq", "event_time", "is_renewal", "licenses", "licenses_at_next_renewal", "add_on", "price")
_AS_ISSUED = ("number", "status", "total", "tax")


def named_in_audit(invoice: InvoiceRow, lines: Iterable[InvoiceLineRow]) -> Json:
    """Return how the audit log names an invoice: by its id, and the digest of what it bills."""
    return {"invoice_id": str(invoice.id), "digest": digest_of(invoice, lines)}


def named_with_tax(invoice: InvoiceRow, lines: Iterable[InvoiceLineRow]) -> Json:
    """Return how the audit log names an invoice once Stripe has taxed it: by the digest of all its lines."""
    return {"invoice_id": str(invoice.id), "digest": digest_of(invoice, lines, with_tax=True), "with_tax": True}


def digest_of(invoice: InvoiceRow, lines: Iterable[InvoiceLineRow], *, with_tax: bool = False) -> str:
    """Return the SHA-256, in hexadecimal, of an invoice with its *lines* in order, as canonical JSON.

    Left out is what is written later: how it is paid, and unless *with_tax* the tax that Stripe computes (rules 37.5).
    """
    is_later = invoice.automatic_tax and not with_tax
    kept = [line for line in lines if not (is_later and line.kind in NOT_TAXED)]
    later = {"tax"} if is_later else set()
    content = canonical_fields(invoice, _OF_INVOICE) | {
        "lines": [canonical_fields(line, [name for name in _OF_LINE if name not in later]) for line in kept]
    }
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def invoice_facts(invoice: InvoiceRow) -> dict[str, Any]:
    """Return what an invoice's digest is over beside its lines, and how it stands."""
    return canonical_fields(invoice, (*_OF_INVOICE, *_AS_ISSUED))


def line_facts(line: InvoiceLineRow) -> dict[str, Any]:
    """Return what an invoice's digest is over of a line."""
    return canonical_fields(line, _OF_LINE)


def ledger_facts(entry: LedgerEntry | LicenseLedger) -> dict[str, Any]:
    """Return what a ledger entry says, as the audit log has it."""
    return canonical_fields(entry, _OF_LEDGER)


def canonical_fields(row: object, names: Iterable[str]) -> dict[str, Any]:
    """Return fields of a row as they are hashed: as JSON has them, moments in UTC."""
    values = {name: getattr(row, name) for name in names}
    return {name: to_jsonable_python(_in_utc(value)) for name, value in values.items()}


def _in_utc(value: object) -> object:
    return value.astimezone(UTC) if isinstance(value, datetime) else value
