"""The API's answers as commands read them: JSON whose fields are attributes, and no contract."""

import json
from collections.abc import Mapping
from typing import Any


class JsonObject(dict[str, Any]):
    """An object in the API's JSON."""

    def __getattr__(self, name: str) -> Any:
        """Return a field, None where the answer leaves it out."""
        if name.startswith("_"):
            raise AttributeError
        return self.get(name)


def read(content: bytes) -> Any:
    """Return what a body says, None where it is empty."""
    return json.loads(content, object_hook=JsonObject) if content else None


def rows_of(answer: Mapping[str, Any]) -> list[Any]:
    """Return the rows of a list."""
    return next(held for held in answer.values() if isinstance(held, list))


def given(**fields: object) -> dict[str, object]:
    """Return the fields of a body that were typed."""
    return {name: value for name, value in fields.items() if value is not None}
