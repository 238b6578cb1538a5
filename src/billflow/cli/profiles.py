"""Profiles: which API commands ask, and by which key, kept in a file that its user alone may read."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from billflow.cli.folders import config_folder, write_private
from billflow.domain.errors import InvalidInput, NotFound
from billflow.errors import CommandFailed


@dataclass(frozen=True, slots=True)
class Profile:
    """Where an API answers, and a key for it."""

    url: str
    key: str = field(repr=False)


@dataclass(slots=True)
class Profiles:
    """The profiles of a user by their names, and the name of the one in use."""

    named: dict[str, Profile] = field(default_factory=dict)
    in_use: str | None = None

    def get(self, name: str) -> Profile:
        """Return a profile; raises `NotFound`, naming those there are."""
        if name not in self.named:
            known = f"there are {', '.join(sorted(self.named))}" if self.named else "`billflow login` makes one"
            raise NotFound(f"There is no profile {name!r}; {known}.", field="profile")
        return self.named[name]

    def remove(self, name: str) -> None:
        """Forget a profile and its key; raises `NotFound`."""
        self.get(name)
        del self.named[name]
        self.in_use = None if self.in_use == name else self.in_use

    def save(self) -> None:
        """Write the file; raises `CommandFailed` where that can't be."""
        data = {"in_use": self.in_use, "profiles": {name: asdict(one) for name, one in self.named.items()}}
        try:
            write_private(file_of_profiles(), json.dumps(data, indent=2) + "\n")
        except OSError as error:
            raise CommandFailed(
                f"{file_of_profiles()} can't be written ({error.strerror}); set XDG_CONFIG_HOME to a folder of yours.",
                code="cannot_write",
            ) from None


def file_of_profiles() -> Path:
    """Return the file that holds them."""
    return config_folder() / "profiles.json"


def load_profiles() -> Profiles:
    """Read the file, nothing where there is none; raises `InvalidInput` for one that is broken or open to others."""
    file = file_of_profiles()
    try:
        mode, text = file.stat().st_mode, file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Profiles()
    except OSError as error:
        raise InvalidInput(f"{file} can't be read: {error.strerror}.", code="cannot_read") from None
    if mode & 0o077:
        raise InvalidInput(f"Others can read the keys in {file}; run chmod 600 {file}.", code="profiles_exposed")
    try:
        data = json.loads(text)
        return Profiles({name: Profile(**one) for name, one in data["profiles"].items()}, data["in_use"])
    except (ValueError, KeyError, TypeError, AttributeError):
        raise InvalidInput(
            f"{file} is no file of profiles; remove it, then `billflow login` again.", code="broken_profiles"
        ) from None
