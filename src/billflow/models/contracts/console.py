"""The console's sessions: who is signed in, in which role, and the secrets by which a session is known."""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, SecretStr, StringConstraints

from billflow.domain.scopes import ALL_SCOPES, Scope
from billflow.models.contracts.base import Contract, Moment
from billflow.models.contracts.keys import NamespacedKey

LINK_LIFETIME = timedelta(hours=1)
SIGN_IN_LIFETIME = timedelta(minutes=10)
"""How long somebody may take on the page of an OpenID Connect provider."""

SESSION_LIFETIME = timedelta(hours=12)
IDLE_LIFETIME = timedelta(hours=1)
"""How long a session lasts in which nothing is asked."""

ROTATED_AFTER = timedelta(minutes=15)
"""How old a session's secret gets before another one takes its place."""

OVERLAP = timedelta(minutes=1)
"""How long the secret before goes on working: for what was asked at the same time."""

_ID_BYTES, _SECRET_BYTES = 16, 32
_WRITTEN = re.compile(r"[A-Za-z0-9_-]{86}")

LONGEST_PERSON = 600
"""Characters of whom the audit log names: an e-mail address, and the subject that a provider knows it by."""

Person = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_PERSON)]


class ConsoleRole(StrEnum):
    """What somebody may do in the console."""

    VIEWER = "viewer"
    SUPPORT = "support"
    FINANCE = "finance"
    ADMIN = "admin"

    @property
    def scopes(self) -> frozenset[Scope]:
        """Return the scopes of the API that the role has."""
        if self is ConsoleRole.VIEWER:
            return frozenset({Scope.READ})
        return ALL_SCOPES if self is ConsoleRole.ADMIN else ALL_SCOPES - {Scope.ADMIN}


@dataclass(frozen=True)
class SessionToken:
    """A session's secret as a browser shows it, with the ids that it names; nothing in it is believed yet."""

    org_id: str
    session_id: str
    secret: bytes = field(repr=False)

    @classmethod
    def fresh(cls, org_id: str, session_id: str) -> Self:
        """Return a token with a new secret of 256 bits."""
        return cls(org_id, session_id, secrets.token_bytes(_SECRET_BYTES))

    @classmethod
    def read(cls, text: str) -> Self | None:
        """Return what a text says, None where it is no token; each token has one text only."""
        if not _WRITTEN.fullmatch(text):
            return None
        try:
            held = base64.b64decode(f"{text}==", altchars=b"-_", validate=True)
        except binascii.Error:
            return None
        org, session = UUID(bytes=held[:_ID_BYTES]), UUID(bytes=held[_ID_BYTES : 2 * _ID_BYTES])
        token = cls(str(org), str(session), held[2 * _ID_BYTES :])
        return token if token.text() == text else None

    def begun_by(self, browser: bytes) -> Self:
        """Return the token of the session that *browser* begins by this link: the same whenever it does so again."""
        return replace(self, secret=hmac.digest(self.secret, browser, "sha256"))

    def text(self) -> str:
        """Return the token as the browser holds it."""
        held = UUID(self.org_id).bytes + UUID(self.session_id).bytes + self.secret
        return base64.urlsafe_b64encode(held).decode().rstrip("=")

    def digest(self) -> bytes:
        """Return what is stored of the secret."""
        return hashlib.sha256(self.secret).digest()

    def matches(self, digest: bytes | None) -> bool:
        """Tell in constant time whether *digest* is that of the secret."""
        return digest is not None and hmac.compare_digest(digest, self.digest())


class BegunSignIn(Contract):
    """What a browser keeps while somebody is on the page of an OpenID Connect provider; `to` is the page wanted."""

    state: Annotated[str, Field(min_length=32, max_length=100)]
    nonce: Annotated[str, Field(min_length=32, max_length=100)]
    verifier: Annotated[str, Field(min_length=43, max_length=128, repr=False)]
    to: Annotated[str, Field(max_length=2000)]

    @classmethod
    def read(cls, text: str) -> Self | None:
        """Return what a cookie says, None where it is none of ours."""
        try:
            return cls.model_validate_json(base64.urlsafe_b64decode(text))
        except ValueError:
            return None

    def text(self) -> str:
        """Return it as a cookie's value."""
        return base64.urlsafe_b64encode(self.model_dump_json().encode()).decode()

    def is_answered_by(self, state: str) -> bool:
        """Tell in constant time whether an answer with *state* is one to this."""
        return hmac.compare_digest(self.state.encode(), state.encode())


class NewConsoleSession(Contract):
    """Who is to sign in, and in which role."""

    person: Person
    role: ConsoleRole


class ConsoleSessionRecord(NewConsoleSession):
    """A session as it stands; forms carry its `csrf_token`."""

    org_id: str
    session_id: str
    csrf_token: Annotated[str, Field(repr=False)]
    created_at: Moment
    signed_in_at: Moment | None
    rotated_at: Moment | None
    expires_at: Moment
    ended_at: Moment | None

    @property
    def actor(self) -> str:
        """Return who acts, for the audit log."""
        return f"console:{self.person}"


class IssuedLink(Contract):
    """A session that nobody has signed in to yet; this is the only time that `token` is seen."""

    record: ConsoleSessionRecord
    token: SecretStr


@dataclass(frozen=True)
class SignedIn:
    """A session, and the token under which its browser is known from now on where that is another one."""

    record: ConsoleSessionRecord
    token: SessionToken | None = None


class StatedReason(Contract):
    """What somebody asks for and says why: `action` on `subject`, a kind and an id, under the key of the request."""

    org_id: str
    customer_id: str
    subject: tuple[str, str]
    action: str
    key: NamespacedKey
