"""Signing keys: the newest signs, by Ed25519, and whoever has its public key can check that."""

import base64
from dataclasses import dataclass
from typing import Self

from billflow.domain.errors import Refused
from billflow.models.keyring import Key, read_keys


@dataclass(frozen=True)
class SigningKeys:
    """The keys of one process, the current one first."""

    keys: tuple[Key, ...]

    @classmethod
    def read(cls, text: str) -> Self:
        """Read `id:base64,…`; raises `InvalidInput` that repeats nothing of it."""
        return cls(read_keys(text, "signing"))

    @property
    def current(self) -> Key:
        """Return the key that signs."""
        return self.keys[0]

    def sign(self, message: bytes) -> str:
        """Return the signature by the current key, as base64."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return base64.b64encode(Ed25519PrivateKey.from_private_bytes(self.current.secret).sign(message)).decode()

    def public_keys(self) -> dict[str, str]:
        """Return what checks signatures, 32 bytes as base64, by the ids of the keys."""
        return {key.key_id: public_key_of(key) for key in self.keys}


def checked(keys: SigningKeys | None) -> SigningKeys:
    """Return *keys*; raises `Refused` where there are none."""
    if keys is None:
        message = "There is no signing key; make one with `billflow keys create-signing`, for BILLFLOW_SIGNING_KEYS."
        raise Refused(message, code="no_signing_key")
    return keys


def public_key_of(key: Key) -> str:
    """Return the public key of a signing key, 32 bytes as base64."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return base64.b64encode(Ed25519PrivateKey.from_private_bytes(key.secret).public_key().public_bytes_raw()).decode()


def is_signed(message: bytes, signature: str, public_key: str) -> bool:
    """Tell whether *signature* is that of *message* by the key of *public_key*, both as base64."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key, validate=True))
        key.verify(base64.b64decode(signature, validate=True), message)
    except (InvalidSignature, ValueError):
        return False
    return True
