"""Another version of billflow, from its wheel."""

import hashlib
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from billflow.domain.errors import InvalidInput

_BUILD = re.compile(r"[0-9][0-9A-Za-z.+!]*")


def downloaded(build: str, folder: Path) -> Path:
    """Get the wheel of a version from where pip gets packages, once, and return its file below *folder*.

    Raises `InvalidInput` where there is none.
    """
    target = folder / f"build-{build}"
    if _BUILD.fullmatch(build) is None:
        raise _no_build(build, "a build id is the version of a package, such as 0.3.0")
    if not target.exists():
        part = target.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        wanted = ("--no-deps", "--only-binary", ":all:", "--dest", str(part), f"billflow=={build}")
        done = subprocess.run(  # noqa: S603  (the command is ours, and the version is one)
            [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", *wanted],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise _no_build(build, (done.stderr.strip().splitlines() or ["pip said nothing"])[-1])
        part.rename(target)
    return next(target.glob("*.whl"))


def _no_build(build: str, why: str) -> InvalidInput:
    message = f"There is no wheel of billflow {build}: {why.removeprefix('ERROR: ').rstrip('.')}. Name one by --wheel."
    return InvalidInput(message, code="no_wheel", field="build")


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
