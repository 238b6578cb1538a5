"""Temporal's payloads, encrypted before they leave the process: the server and its UI see sizes, not content."""

from collections.abc import Sequence
from typing import Final

from temporalio.api.common.v1 import Payload
from temporalio.converter import PayloadCodec

from billflow.models.keyring import Keyring

ENCODING: Final = b"binary/encrypted"
KEY_ID: Final = "encryption-key-id"
_PURPOSE: Final = "temporal payload"


class EncryptionCodec(PayloadCodec):
    """Encrypts by the current key; what carries another encoding passes through, such as histories from before."""

    def __init__(self, keyring: Keyring) -> None:
        self.keyring = keyring

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Encrypt each payload whole, its metadata included."""
        return [self._sealed(payload) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Decrypt what we encrypted; raises `CannotDecrypt`."""
        return [self._opened(payload) for payload in payloads]

    def _sealed(self, payload: Payload) -> Payload:
        metadata = {"encoding": ENCODING, KEY_ID: self.keyring.current.key_id.encode()}
        return Payload(metadata=metadata, data=self.keyring.seal(payload.SerializeToString(), _PURPOSE))

    def _opened(self, payload: Payload) -> Payload:
        if payload.metadata.get("encoding") != ENCODING:
            return payload
        key_id = payload.metadata[KEY_ID].decode()
        return Payload.FromString(self.keyring.open(key_id, payload.data, _PURPOSE))
