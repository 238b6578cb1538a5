"""Encryption keys: the newest seals, all of them open, and what is sealed says by which key."""

import base64
import binascii
import re
import secrets
from dataclasses import dataclass, field
from typing import Self

from billflow.domain.errors import InvalidInput
from billflow.errors import InternalError

KEY_BYTES = 32
_NONCE_BYTES = 12
_WRITTEN = re.compile(r"([A-Za-z0-9_-]{1,40}):([A-Za-z0-9+/_=-]+)")


class CannotDecrypt(InternalError):
    """What is encrypted can't be decrypted: its key is missing, or it was changed or moved.

    Add the key to `BILLFLOW_ENCRYPTION_KEYS`; what was changed comes back from a backup only.
    """

    code = "cannot_open"


@dataclass(frozen=True)
class Key:
    """One key, of AES-256-GCM or of Ed25519, and the id under which what it sealed or signed names it."""

    key_id: str
    secret: bytes = field(repr=False)

    @classmethod
    def fresh(cls, key_id: str) -> Self:
        """Make a key by chance."""
        return cls(key_id, secrets.token_bytes(KEY_BYTES))

    def text(self) -> str:
        """Return the key as `BILLFLOW_ENCRYPTION_KEYS` and `BILLFLOW_SIGNING_KEYS` write it."""
        return f"{self.key_id}:{base64.b64encode(self.secret).decode()}"


@dataclass(frozen=True)
class Keyring:
    """The keys of one process, the current one first."""

    keys: tuple[Key, ...]

    @classmethod
    def read(cls, text: str) -> Self:
        """Read `id:base64,…`; raises `InvalidInput` that repeats nothing of it."""
        return cls(read_keys(text, "encryption"))

    @property
    def current(self) -> Key:
        """Return the key that seals."""
        return self.keys[0]

    def seal(self, plain: bytes, purpose: str) -> bytes:
        """Encrypt by the current key; it opens for the same *purpose* only."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + AESGCM(self.current.secret).encrypt(nonce, plain, purpose.encode())

    def open(self, key_id: str, sealed: bytes, purpose: str) -> bytes:
        """Decrypt what the key of that id sealed; raises `CannotDecrypt`."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        key = next((key for key in self.keys if key.key_id == key_id), None)
        if key is None:
            raise CannotDecrypt(f"The encryption key {key_id!r} is missing; add it to BILLFLOW_ENCRYPTION_KEYS.")
        try:
            return AESGCM(key.secret).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], purpose.encode())
        except (InvalidTag, ValueError):
            raise CannotDecrypt(
                f"What the key {key_id!r} sealed can't be opened: it was changed, or moved; restore it."
            ) from None

    def seal_text(self, plain: str, purpose: str) -> str:
        """Encrypt a text as `id:base64`."""
        return f"{self.current.key_id}:{base64.b64encode(self.seal(plain.encode(), purpose)).decode()}"

    def open_text(self, sealed: str, purpose: str) -> str:
        """Decrypt what `seal_text` returned; raises `CannotDecrypt`."""
        key_id, _, body = sealed.partition(":")
        try:
            return self.open(key_id, base64.b64decode(body, validate=True), purpose).decode()
        except binascii.Error:
            raise CannotDecrypt("An encrypted text is damaged; restore it from a backup.") from None


def read_keys(text: str, kind: str) -> tuple[Key, ...]:
    """Read keys of one *kind*, `id:base64,…`; raises `InvalidInput` that repeats nothing of it."""
    keys = [_key(part.strip(), f"{kind} key {place}") for place, part in enumerate(text.split(","), 1)]
    if len({key.key_id for key in keys}) != len(keys):
        raise InvalidInput(f"Two {kind} keys have the same id; give each its own.", code="bad_encryption_key")
    return tuple(keys)


def _key(written: str, which: str) -> Key:
    parts = _WRITTEN.fullmatch(written)
    try:
        secret = base64.b64decode(parts[2], altchars=b"-_" if re.search("[-_]", parts[2]) else None) if parts else b""
    except binascii.Error:
        secret = b""
    if parts is None or len(secret) != KEY_BYTES:
        raise InvalidInput(
            f"{which.capitalize()} must look like id:base64, with {KEY_BYTES} bytes in the base64.",
            code="bad_encryption_key",
        )
    return Key(parts[1], secret)
