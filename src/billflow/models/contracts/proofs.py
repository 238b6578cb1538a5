"""The proof of an invoice: the facts it was made from, and that the audit log has named it since."""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from pydantic import Field

from billflow.models.contracts.audit import AuditRoot
from billflow.models.contracts.responses import ResponseModel

FORMAT = "billflow.proof/1"
SECTIONS = (
    "invoice",
    "lines",
    "others",
    "ledger",
    "observations",
    "items",
    "catalog",
    "taxes",
    "coupon",
    "stripe",
    "audit",
)


class ProvenEntry(ResponseModel):
    """An entry of the audit log as the text that was hashed, and the way from its link to a signed root.

    Hashes are hexadecimal; `path` are those beside the way, the lowest first.
    """

    position: int
    prev_hash: str
    content: str
    path: list[str]
    root: AuditRoot


class InvoiceProof(ResponseModel):
    """An invoice with all it was made from, for `billflow-verify`; amounts in minor units of its currency.

    `invoice` and `lines` are what the invoice's digest in the audit log is over; `others` are invoices, each with its
    lines, that this one is a part with, was issued in place of, or adjusts lines of. `ledger` are the entries that the
    lines bill with those before them, `observations` the seats that were known then, `catalog` and `taxes` the versions
    that held. `digests` are the SHA-256 of each section as JSON with sorted keys and no spaces; they are signed.
    """

    format: str = Field(FORMAT, examples=[FORMAT])
    org_id: str
    invoice: dict[str, Any]
    lines: list[dict[str, Any]]
    others: list[dict[str, Any]]
    ledger: list[dict[str, Any]]
    observations: list[dict[str, Any]]
    items: list[dict[str, Any]]
    catalog: dict[str, Any] | None
    taxes: dict[str, Any] | None
    coupon: dict[str, Any] | None
    stripe: dict[str, Any]
    audit: list[ProvenEntry]
    digests: dict[str, str]
    key_id: str
    public_key: str
    signature: str


def canonical(value: object) -> bytes:
    """Return *value* as JSON with sorted keys and no spaces."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def statement(proof: Mapping[str, Any]) -> bytes:
    """Return what is signed of a proof: its digests, and whose it is."""
    said = {name: proof[name] for name in ("format", "org_id", "digests", "key_id")}
    return canonical({"type": "billflow.invoice_proof", **said})


def digests_of(sections: Mapping[str, Any]) -> dict[str, str]:
    """Return the digest of each section."""
    return {name: sha256(canonical(sections[name])).hexdigest() for name in SECTIONS}
