"""How pydantic says what is wrong, by its own list of messages: what nobody outside is to read."""

import re
from collections.abc import Mapping
from typing import Any

from pydantic_core import _pydantic_core

KNOWN: Mapping[str, Any] = {one["type"]: one for one in _pydantic_core.list_all_errors()}
"""Every type of error with its message, and an example."""

SAID_TO_PROGRAMMERS = (
    "Value error,",
    "Input should",
    "type=",
    "validation error",
    "errors.pydantic.dev",
    "input_value",
)


def said_by_pydantic(text: str) -> list[str]:
    """Return the messages of pydantic's that a text holds."""
    return [one for one in (*_MESSAGES, *SAID_TO_PROGRAMMERS) if re.search(one, text)]


def _pattern(message: str) -> str:
    """Return what a message looks like in a text, whatever it is about."""
    return ".*".join(map(re.escape, re.split(r"\{\w+\}", message)))


_MESSAGES = sorted({_pattern(one["message_template_python"]) for one in KNOWN.values()})
