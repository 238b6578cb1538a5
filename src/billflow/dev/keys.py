"""The keys of a stack on one machine: made once, kept in the data folder, for their owner's eyes only."""

import os
from pathlib import Path

from pydantic import SecretStr

from billflow.models.keyring import Key
from billflow.settings import Settings

NAME = "encryption.keys"
SIGNING = "signing.keys"


def with_keys(settings: Settings, folder: Path) -> Settings:
    """Return *settings* with the folder's keys where they name none; Temporal's payloads then stay readable."""
    found: dict[str, object] = {}
    if settings.encryption_keys is None:
        kept = SecretStr(_kept(folder / NAME))
        found |= {"encryption_keys": kept, "encrypt_payloads": bool(settings.encrypt_payloads)}
    if settings.signing_keys is None:
        found["signing_keys"] = SecretStr(_kept(folder / SIGNING))
    return settings.model_copy(update=found)


def _kept(file: Path) -> str:
    if not file.exists():
        partial = file.with_suffix(".new")
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
            opened.write(Key.fresh("dev").text())
        partial.replace(file)
    return file.read_text(encoding="utf-8").strip()
