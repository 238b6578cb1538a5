"""Another version of billflow, from its wheel."""

import hashlib
import shutil
import zipfile
from pathlib import Path

from billflow.domain.errors import InvalidInput


def unpacked(wheel: Path, folder: Path) -> Path:
    """Unpack a wheel below *folder*, once, and return where it can be imported from; its name tells its content.

    It is run with the libraries of this environment. Raises `InvalidInput` for what is no wheel of billflow.
    """
    try:
        content = hashlib.sha256(wheel.read_bytes()).hexdigest()
        target = folder / f"wheel-{content[:16]}"
        if not target.exists():
            part = target.with_suffix(".part")
            shutil.rmtree(part, ignore_errors=True)
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(part)
            part.rename(target)
    except (OSError, zipfile.BadZipFile) as error:
        raise InvalidInput(f"{wheel} can't be read as a wheel: {error}.", code="no_wheel", field="wheel") from None
    if not (target / "billflow" / "__init__.py").exists():
        raise InvalidInput(f"{wheel} is no wheel of billflow; name one.", code="no_wheel", field="wheel")
    return target
