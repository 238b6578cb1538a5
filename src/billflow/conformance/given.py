"""Typed access to the JSON of a case: whatever is missing or of the wrong type is named by its key."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Never, TypeAlias, TypeVar

from billflow.domain.errors import InvalidInput

Json: TypeAlias = bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"] | None
Answer: TypeAlias = dict[str, Json]

Named = TypeVar("Named", bound=StrEnum)
Choice = TypeVar("Choice")


class MalformedCase(InvalidInput):
    """A case of `billflow conformance` can't be run: a key is missing, of the wrong type, or names something unknown.

    Correct the key that the message names.
    """

    code = "malformed_case"


@dataclass(frozen=True, slots=True)
class Given:
    """One JSON object of a case; `path` says where it stands, for complaints.

    Methods take every name a key may go by, first found wins. They raise `MalformedCase`; those called `maybe_...`
    take a key that is absent or null as None.
    """

    values: Mapping[str, Json]
    path: str = "given"

    def has(self, *names: str) -> bool:
        """Tell whether one of the keys is there and not null."""
        return any(self.values.get(name) is not None for name in names)

    def text(self, *names: str) -> str:
        """Return a string."""
        name, value = self._needed(names)
        return value if isinstance(value, str) else self._wrong(name, "a string")

    def whole(self, *names: str) -> int:
        """Return a whole number."""
        name, value = self._needed(names)
        return value if isinstance(value, int) and not isinstance(value, bool) else self._wrong(name, "a whole number")

    def flag(self, *names: str, default: bool | None = None) -> bool:
        """Return true or false; *default* makes the key optional."""
        if default is not None and not self.has(*names):
            return default
        name, value = self._needed(names)
        return value if isinstance(value, bool) else self._wrong(name, "true or false")

    def moment(self, *names: str) -> datetime:
        """Return an ISO 8601 time with its offset."""
        text = self.text(*names)
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            self._wrong(names[0], "an ISO 8601 time")
        return moment.astimezone(UTC) if moment.tzinfo else self._wrong(names[0], "a time with an offset such as Z")

    def named(self, kind: type[Named], *names: str, default: Named | None = None) -> Named:
        """Return a member of *kind* by its value; *default* makes the key optional."""
        if default is not None and not self.has(*names):
            return default
        text = self.text(*names)
        try:
            return kind(text)
        except ValueError:
            return self._wrong(names[0], f"one of {', '.join(kind)}")

    def choice(self, name: str, choices: Mapping[str, Choice]) -> Choice:
        """Return what a key chooses."""
        text = self.text(name)
        return choices[text] if text in choices else self._wrong(name, f"{' or '.join(choices)}, not {text!r}")

    def part(self, *names: str) -> "Given":
        """Return a nested object."""
        name, value = self._needed(names)
        return Given(value, f"{self.path}.{name}") if isinstance(value, Mapping) else self._wrong(name, "an object")

    def parts(self, *names: str) -> list["Given"]:
        """Return a list of nested objects."""
        name, _ = self._needed(names)
        return [self._element(name, index, value) for index, value in enumerate(self.items(name))]

    def items(self, *names: str) -> Sequence[Json]:
        """Return a list."""
        name, value = self._needed(names)
        return value if isinstance(value, list) else self._wrong(name, "a list")

    def maybe_whole(self, *names: str) -> int | None:
        """Return a whole number, or None."""
        return self.whole(*names) if self.has(*names) else None

    def maybe_text(self, *names: str) -> str | None:
        """Return a string, or None."""
        return self.text(*names) if self.has(*names) else None

    def maybe_moment(self, *names: str) -> datetime | None:
        """Return a time, or None."""
        return self.moment(*names) if self.has(*names) else None

    def maybe_part(self, *names: str) -> "Given | None":
        """Return a nested object, or None."""
        return self.part(*names) if self.has(*names) else None

    def _needed(self, names: Sequence[str]) -> tuple[str, Json]:
        for name in names:
            if self.values.get(name) is not None:
                return name, self.values[name]
        raise MalformedCase(f"{self.path} lacks {names[0]!r}.", field=f"{self.path}.{names[0]}")

    def _element(self, name: str, index: int, value: Json) -> "Given":
        if not isinstance(value, Mapping):
            self._wrong(f"{name}[{index}]", "an object")
        return Given(value, f"{self.path}.{name}[{index}]")

    def _wrong(self, name: str, wanted: str) -> Never:
        raise MalformedCase(f"{self.path}.{name} must be {wanted}.", field=f"{self.path}.{name}")
