"""The user's own folders for what is kept between commands, as the XDG base directories are named."""

import os
from pathlib import Path


def state_folder() -> Path:
    """Return where what runs now is written down."""
    return _folder("XDG_STATE_HOME", ".local/state")


def config_folder() -> Path:
    """Return where profiles are kept."""
    return _folder("XDG_CONFIG_HOME", ".config")


def write_private(file: Path, text: str) -> None:
    """Write a file whole or not at all, which its owner alone may read."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = file.with_suffix(f".{os.getpid()}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
        opened.write(text)
    partial.replace(file)


def _folder(variable: str, usual: str) -> Path:
    return Path(os.environ.get(variable) or Path("~", usual).expanduser()) / "billflow"
