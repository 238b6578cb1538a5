"""API keys: what one may do with them, how they are written, and what is stored of them."""

import base64
import binascii
import hashlib
import re
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, SecretStr

from billflow.domain.scopes import Scope
from billflow.models.contracts.base import Contract, Moment

LONGEST_RATE = 10_000
_ID_BYTES, _SECRET_BYTES = 16, 32
_WRITTEN = re.compile(r"bf_(live|test)_([A-Za-z0-9_-]{86})")


class Mode(StrEnum):
    """Whether real money moves."""

    LIVE = "live"
    TEST = "test"


@dataclass(frozen=True)
class PresentedKey:
    """A key as a caller shows it: it names its organization itself, and nothing in it is believed yet."""

    mode: Mode
    org_id: str
    key_id: str
    secret: bytes = field(repr=False)

    @classmethod
    def fresh(cls, mode: Mode, org_id: str, key_id: str) -> Self:
        """Return a key with a new secret of 256 bits."""
        return cls(mode, org_id, key_id, secrets.token_bytes(_SECRET_BYTES))

    @classmethod
    def read(cls, text: str) -> Self | None:
        """Return what a text such as `bf_test_…` says, None where it is no key; each key has one text only."""
        written = _WRITTEN.fullmatch(text)
        if written is None:
            return None
        try:
            held = base64.b64decode(f"{written[2]}==", altchars=b"-_", validate=True)
        except binascii.Error:
            return None
        org, key = UUID(bytes=held[:_ID_BYTES]), UUID(bytes=held[_ID_BYTES : 2 * _ID_BYTES])
        presented = cls(Mode(written[1]), str(org), str(key), held[2 * _ID_BYTES :])
        return presented if presented.text().get_secret_value() == text else None

    def text(self) -> SecretStr:
        """Return the key as its holder writes it."""
        held = UUID(self.org_id).bytes + UUID(self.key_id).bytes + self.secret
        return SecretStr(f"bf_{self.mode}_{base64.urlsafe_b64encode(held).decode().rstrip('=')}")

    def digest(self) -> bytes:
        """Return what is stored of the secret; with 256 bits of chance in it nothing slower is needed."""
        return hashlib.sha256(self.secret).digest()


class NewApiKey(Contract):
    """A key to make; `rate_limit` is in requests per second, None is the server's own limit."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    mode: Mode
    scopes: Annotated[frozenset[Scope], Field(min_length=1)]
    expires_at: Moment | None = None
    rate_limit: Annotated[int, Field(ge=1, le=LONGEST_RATE)] | None = None


class ApiKeyRecord(NewApiKey):
    """A key as it is stored: everything but its secret."""

    org_id: str
    key_id: str
    created_at: Moment
    revoked_at: Moment | None
    last_used_at: Moment | None

    def is_valid(self, at: datetime) -> bool:
        """Tell whether the key opens anything at a moment."""
        return self.revoked_at is None and (self.expires_at is None or at < self.expires_at)


class IssuedKey(Contract):
    """A new key; this is the only time that `text` is seen."""

    record: ApiKeyRecord
    text: SecretStr


class Claim(Contract):
    """A write under an idempotency key: `fingerprint` tells whether it is the same write, `holder` who is at it."""

    key: str
    fingerprint: bytes
    holder: str


class IdempotentResponse(Contract):
    """The first answer to a write, as it was sent, and the ids that it is about."""

    status: int
    headers: dict[str, str]
    body: bytes
    subjects: frozenset[str] = frozenset()


class ClaimState(StrEnum):
    """How a claim turned out."""

    MINE = "mine"
    RUNNING = "running"
    OTHER_WRITE = "other_write"


class WaitingWork(Contract):
    """What all organizations together wait for: numbers and moments, no content.

    `plans_on_hold` counts the plans that need attention by the code that says why.
    """

    plans_on_hold: dict[str, int]
    unsent_invoices: int
    oldest_unsent_invoice: Moment | None
    oldest_open_webhook: Moment | None
    foreign_stripe_events: int

    @property
    def plans_needing_attention(self) -> int:
        """Return how many plans are on hold."""
        return sum(self.plans_on_hold.values())
