"""Keys under which something happens once, each in the namespace of whoever gives it (decision 0064)."""

import hashlib
from enum import StrEnum
from typing import NewType

NamespacedKey = NewType("NamespacedKey", str)
"""A key that `KeyNamespace.key` made; the type checker takes no other text for one."""


class KeyNamespace(StrEnum):
    """Who gives keys. A key begins with its namespace, so no client can take one that billflow gives by itself."""

    BATCH = "batch"
    CLIENT = "client"
    COLLECTION = "collection"
    CONSOLE = "console"
    CREDIT_NOTE = "credit-note"
    IMPORT = "import"
    OFFER = "offer"
    ONBOARDING = "onboarding"
    PORTAL = "portal"
    PRICING = "pricing"
    REISSUE = "reissue"
    SENT_INVOICE = "sent-invoice"
    SPONSORSHIP = "sponsorship"
    STRIPE = "stripe"
    WITHDRAWAL = "withdraw"

    def key(self, *names: str) -> NamespacedKey:
        """Return the key of that name in this namespace."""
        return NamespacedKey("/".join((self, *names)))

    def name_of(self, key: str) -> str | None:
        """Return what a key of this namespace names, None for one of another."""
        namespace, _, name = key.partition("/")
        return name if namespace == self else None


def import_key(external_id: str) -> NamespacedKey:
    """Return the key of what is imported once: a digest, for what another system calls a thing may name a person."""
    return KeyNamespace.IMPORT.key(hashlib.sha256(external_id.encode()).hexdigest())
