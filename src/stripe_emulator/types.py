"""The one alias for JSON objects, which are open by nature."""

from typing import Any, TypeAlias

Obj: TypeAlias = dict[str, Any]
