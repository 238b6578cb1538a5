"""The user as whom PostgreSQL runs: ourselves, or another where we are root, as whom it refuses to run."""

import os
import pwd
import shlex
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from billflow.dev.errors import FolderNotOurs, NoSuchUser

USUAL = "nobody"
_OR_A_SERVER = "or set DATABASE_URL to a server of yours."


@dataclass(frozen=True)
class User:
    """A user by its ids; `name` is for messages."""

    uid: int
    gid: int
    name: str

    def can(self, test: str, *paths: Path) -> bool:
        """Tell, as root, whether the shell's *test*, such as `-r` or `-x`, holds for each path when this user asks."""
        script = f'for path; do test {test} "$path" || exit 1; done'
        return self._runs("/bin/sh", "-c", script, "sh", *map(str, paths))

    def is_open_to_root(self) -> bool:
        """Tell whether root can become this user; in a container that maps few ids it can't."""
        return self._runs("/bin/sh", "-c", ":")

    def _runs(self, *command: str) -> bool:
        try:
            subprocess.run(  # noqa: S603  (the shell, with a script of ours)
                command,
                user=self.uid,
                group=self.gid,
                extra_groups=[],
                cwd="/",
                check=True,
                stdin=subprocess.DEVNULL,
                capture_output=True,
            )
        except (OSError, subprocess.SubprocessError):
            return False
        return True


def owner_of(path: Path) -> User:
    """Return who owns a path; its name is the number where the system knows none."""
    found = path.stat()
    entry = _entry(found.st_uid)
    return _user(entry) if entry else User(found.st_uid, found.st_gid, str(found.st_uid))


def user_for_existing(data: Path) -> User | None:
    """Return as whom root serves the cluster in *data*: its owner; None where we aren't root and own it ourselves.

    Raises `FolderNotOurs` where another user owns it, and `NoSuchUser` where root does and there is none to give it to.
    """
    owner = owner_of(data)
    if os.geteuid() != 0:
        if owner.uid != os.geteuid():
            raise not_ours(data, data.parent)
        return None
    if owner.uid == 0:
        raise FolderNotOurs(
            f"{data} belongs to root, as whom PostgreSQL refuses to run; "
            f"give it to another user: chown -R {_someone().name} {shlex.quote(str(data))}"
        )
    return owner


def user_for_new(folder: Path) -> User | None:
    """Return as whom root serves a new cluster in *folder*; None where we aren't root and serve it ourselves.

    It is the owner of the folder where that isn't root, so that the owner can go on alone, and else `nobody` or any
    other user. Raises `NoSuchUser`, also where our own user has no name, which PostgreSQL asks for.
    """
    owner = _entry(folder.stat().st_uid)
    if os.geteuid() == 0:
        return _someone(*ordinary_users([owner] if owner else []))
    if _entry(os.geteuid()) is None:
        raise NoSuchUser(
            f"PostgreSQL asks for the name of its user, and the system knows none for {os.geteuid()}; "
            f"add it to /etc/passwd, start billflow as another user, {_OR_A_SERVER}"
        )
    return None


def _someone(*preferred: User) -> User:
    for user in [*preferred, *ordinary_users(pwd.getpwall())]:
        if user.is_open_to_root():
            return user
    raise NoSuchUser(
        "PostgreSQL refuses to run as root, and there is no other user that root can become; "
        f"create one with `useradd --system postgres`, start billflow as one, {_OR_A_SERVER}"
    )


def ordinary_users(entries: Iterable[pwd.struct_passwd]) -> list[User]:
    """Return who of the passwd file isn't root: `nobody` first, the others in their order."""
    return sorted(map(_user, (entry for entry in entries if entry.pw_uid != 0)), key=lambda user: user.name != USUAL)


def _entry(uid: int) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwuid(uid)
    except KeyError:
        return None


def _user(entry: pwd.struct_passwd) -> User:
    return User(entry.pw_uid, entry.pw_gid, entry.pw_name)


def not_ours(path: Path, folder: Path) -> FolderNotOurs:
    """Return the refusal of *path*, of the data folder *folder* or above it, to a user who may not write there."""
    found = next(one for one in (path, *path.parents) if os.path.lexists(one))
    owner = owner_of(found)
    as_owner = f"start billflow as {owner.name}, " if owner.uid != os.geteuid() else ""
    anew = f"begin anew with `sudo rm -rf {shlex.quote(str(folder))}`, " if found.is_relative_to(folder) else ""
    return FolderNotOurs(
        f"You may not write to {found}, which belongs to {owner.name}; {as_owner}{anew}"
        "or set BILLFLOW_DATA_DIR to a folder of yours."
    )
