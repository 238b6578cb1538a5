"""What people write in files, TOML or JSON; what is wrong is one sentence with the place and the way out."""

import json
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from billflow.domain.errors import BillingError, InvalidInput
from billflow.models.contracts.validation import field_refusal

Content = TypeVar("Content", bound=BaseModel)

_WHOLE = "must be a whole number, in minor units where it is a price"
_IN_FILES = {"int_type": _WHOLE, "int_from_float": _WHOLE, "string_type": "must be a text in quotes"}
"""What is said of a file in other words than of a request."""


@dataclass(frozen=True)
class FileFormat(Generic[Content]):
    """How a file becomes a *model*: a fault is a *refusal* of *field*, calls it *noun*, and points to docs/*page*.

    *shown* are the fields that `show --json` adds, so that what it prints can be applied.
    """

    model: type[Content]
    noun: str
    field: str
    refusal: Callable[..., InvalidInput]
    page: str
    shown: frozenset[str] = frozenset()

    def parse(self, data: Mapping[str, Any]) -> Content:
        """Read what a file holds; raises `InvalidInput`."""
        try:
            return self.model.model_validate_json(json.dumps(data, default=str), strict=True)
        except ValidationError as error:
            raise self.first_fault(error) from None

    def from_toml(self, text: str) -> Content:
        """Read the text of a file in TOML; raises `InvalidInput`."""
        try:
            data = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise self.refusal(f"The {self.noun} is no TOML: {error}.", field=self.field) from None
        return self.parse(data)

    def from_json(self, text: str) -> Content:
        """Read what `show --json` prints; raises `InvalidInput`."""
        try:
            data = json.loads(text)
        except json.JSONDecodeError as error:
            raise self.refusal(f"The {self.noun} is no JSON: {error}.", field=self.field) from None
        if isinstance(data, dict):
            data = {name: value for name, value in data.items() if name not in self.shown}
        return self.parse(data)

    def read(self, file: Path) -> Content:
        """Read a file in TOML, or in JSON where its name ends in .json; raises `InvalidInput`."""
        try:
            text = file.read_text(encoding="utf-8")
        except OSError as error:
            raise InvalidInput(f"{file} can't be read: {error.strerror}.", field="file") from None
        except UnicodeDecodeError as error:
            raise InvalidInput(f"{file} is no text in UTF-8: {error}.", field="file") from None
        return self.from_json(text) if file.suffix == ".json" else self.from_toml(text)

    def fault(self, place: str, sentence: str) -> InvalidInput:
        """Return what is wrong at a place."""
        return self.refusal(f"{place} {sentence}.", field=place)

    def first_fault(self, error: ValidationError) -> InvalidInput:
        """Return what is wrong first: one sentence with place and way out."""
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"] if part != "[key]")
        cause = first.get("ctx", {}).get("error")
        if isinstance(cause, BillingError):
            named = cause.field or ""
            place = place if place.endswith(named) else ".".join(filter(None, (place, named)))
            return self.refusal(f"{place}: {cause.message}", field=place)
        if first["type"] in _IN_FILES:
            return self.fault(place, _IN_FILES[first["type"]])
        said = field_refusal(first, place).message
        return self.refusal(said.replace("/docs", f"docs/{self.page}"), field=place)
