"""Write `.env` for docker-compose.yml with fresh passwords and keys: `python scripts/compose_secrets.py`.

What is there already stays: a key that is lost can't be made again.
"""

import base64
import os
import secrets
import sys
from collections.abc import Callable
from pathlib import Path

MADE: dict[str, Callable[[], str]] = {
    "POSTGRES_PASSWORD": lambda: secrets.token_urlsafe(24),
    "BILLFLOW_DATABASE_PASSWORD": lambda: secrets.token_urlsafe(24),
    "TEMPORAL_DATABASE_PASSWORD": lambda: secrets.token_urlsafe(24),
    "GRAFANA_PASSWORD": lambda: secrets.token_urlsafe(24),
    "BILLFLOW_ENCRYPTION_KEYS": lambda: f"first:{base64.b64encode(secrets.token_bytes(32)).decode()}",
    "BILLFLOW_SIGNING_KEYS": lambda: f"first:{base64.b64encode(secrets.token_bytes(32)).decode()}",
}


def main(folder: Path) -> None:
    """Add what is missing to the file, which only its owner may read."""
    path = folder / ".env"
    written = path.read_text("utf-8") if path.exists() else ""
    named = {line.partition("=")[0].strip() for line in written.splitlines()}
    missing = [f"{name}={make()}" for name, make in MADE.items() if name not in named]
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.fchmod(descriptor, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write("\n" * bool(written and not written.endswith("\n")))
        file.writelines(f"{line}\n" for line in missing)
    print(f"{path} has {len(MADE)} secrets, {len(missing)} of them new.")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path())
