"""Who did what, and whether the record of it is whole."""

import json
from datetime import date
from typing import Any

from pydantic import ConfigDict, Field

from billflow.models.contracts.base import Contract, Moment, RequestModel, RequestMoment
from billflow.models.contracts.responses import ListResponse, ResourceResponse, shown_as


class AuditFilter(Contract):
    """Which entries to list, those recorded from `since` on; what is None does not count."""

    actor: str | None = Field(None, max_length=200, examples=["cli:ada"])
    action: str | None = Field(None, max_length=100, examples=["customer.suspended"])
    subject_type: str | None = Field(None, max_length=100, examples=["customer"])
    subject_id: str | None = Field(None, max_length=100)
    since: RequestMoment | None = Field(None, description="Recorded at this moment or later.")


class AuditRecord(Contract):
    """One change: who made it in which request, to what, and the parts that differ before and after.

    `actor_name` is what the actor is called, of an API key its name.
    """

    audit_id: str
    sequence: int
    actor: str
    actor_name: str | None = None
    request_id: str | None
    action: str
    subject_type: str
    subject_id: str
    at: Moment
    recorded_at: Moment
    detail: dict[str, Any] | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class AuditFault(Contract):
    """Where the chain breaks: `position` in it, the entry, and what is wrong with it."""

    position: int | None
    audit_id: str
    problem: str


class AuditRoot(Contract):
    """What was signed of an audit log: the root of the Merkle tree over its links from one position to another.

    `root` is hexadecimal, `public_key` and `signature` are base64; `day` is the UTC day of the newest entry.
    """

    org_id: str
    day: date
    first_position: int
    last_position: int
    root: str
    key_id: str
    public_key: str = ""
    signature: str = ""

    def statement(self) -> bytes:
        """Return what is signed: all but public key and signature, as JSON with sorted keys and no spaces."""
        said = self.model_dump(mode="json", exclude={"public_key", "signature"}) | {"type": "billflow.audit_root"}
        return json.dumps(said, sort_keys=True, separators=(",", ":")).encode()


class AuditVerdict(Contract):
    """What a verification found. Keep `head` elsewhere: a chain that was cut short or rewritten has another one."""

    entries: int
    head: str | None
    faults: tuple[AuditFault, ...]


class AuditEntryResponse(ResourceResponse, AuditRecord):
    """One change; of `before` and `after` only what differs."""

    audit_id: str = shown_as("id", "audit_id")


class AuditEntryList(ListResponse):
    """Changes, the newest first."""

    rows: list[AuditEntryResponse] = shown_as("audit", "rows")


class AuditRootList(ListResponse):
    """What was signed of the audit log, the newest first."""

    rows: list[AuditRoot] = shown_as("roots", "rows")


class SigningKeyRecord(Contract):
    """A public key, 32 bytes of Ed25519 as base64, that checks what was signed under its id."""

    key_id: str
    public_key: str


class SigningKeyList(ListResponse):
    """The public keys, the current one first."""

    rows: list[SigningKeyRecord] = shown_as("signing_keys", "rows")


_EXAMPLE: dict[str, Any] = {
    "org_id": "8a30d2c4-0000-4000-8000-000000000000",
    "day": "2026-07-01",
    "first_position": 1,
    "last_position": 812,
    "root": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "key_id": "first",
    "public_key": "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
    "signature": "5VZDAMNgrHKQhuzMgG6CioSHfx64ce24L/0wb3MSVtC1nzwDGi2Rnp8dPfFWyQ0c3DGk2mYp2dJgVF2mR3Y7Bw==",
}
_MOST_ROOTS = 10_000


class AuditVerification(RequestModel):
    """Roots that were kept elsewhere, to hold the log against; without them it is held against our own."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"roots": [_EXAMPLE]}]})

    roots: tuple[AuditRoot, ...] = Field((), max_length=_MOST_ROOTS)
