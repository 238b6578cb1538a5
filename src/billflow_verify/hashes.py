"""Digests, Merkle paths (RFC 6962) and signatures (Ed25519)."""

import base64
import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from hashlib import sha256
from types import MappingProxyType
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def canonical(value: object) -> bytes:
    """Return *value* as JSON with sorted keys and no spaces, which is what is hashed and signed."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def digest(value: object) -> str:
    """Return the SHA-256 of *value* as canonical JSON, in hexadecimal."""
    return sha256(canonical(value)).hexdigest()


@lru_cache(maxsize=1024)
def parsed(content: str) -> Mapping[str, Any]:
    """Return an entry of the audit log; raises `ValueError` where its text is no JSON."""
    entry: dict[str, Any] = json.loads(content)
    return MappingProxyType(entry)


def link_hash(prev_hash: str, content: str) -> bytes:
    """Return the hash of a link of the audit log: over the hash before it and the entry's text."""
    return sha256(bytes.fromhex(prev_hash) + content.encode()).digest()


def root_by_path(leaf: bytes, index: int, size: int, path: Sequence[str]) -> str | None:
    """Return the root that *path* leads to from the leaf at *index* of *size*, None where it is no such path."""
    if not 0 <= index < size:
        return None
    found, last, rest = sha256(b"\0" + leaf).digest(), size - 1, [bytes.fromhex(one) for one in path]
    while last:
        if index % 2 or index < last:
            if not rest:
                return None
            beside = rest.pop(0)
            found = sha256(b"\1" + (beside + found if index % 2 else found + beside)).digest()
        index, last = index // 2, last // 2
    return None if rest else found.hex()


@lru_cache(maxsize=1024)
def is_signed(message: bytes, signature: str, public_key: str) -> bool:
    """Tell whether *signature* is that of *message* by the key of *public_key*, both as base64."""
    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key, validate=True))
        key.verify(base64.b64decode(signature, validate=True), message)
    except (InvalidSignature, ValueError):
        return False
    return True


def is_key(public_key: str) -> bool:
    """Tell whether a text is a public key at all: 32 bytes of Ed25519 as base64."""
    try:
        Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key, validate=True))
    except ValueError:
        return False
    return True
