"""Check and convert the leaves of a parameter tree."""

import re
from collections.abc import Callable
from typing import Any

from stripe_emulator.errors import invalid

MAX_STRING = 5000
MAX_METADATA_KEY = 40
MAX_METADATA_VALUE = 500
INT64 = 2**63
INTEGER = re.compile(r"-?\d{1,19}\Z")
DECIMAL = re.compile(r"-?(\d{1,18}(\.\d{0,12})?|\.\d{1,12})\Z")


def string(value: Any, path: str) -> str | None:
    """Return text of at most 5,000 characters; the empty text means unset."""
    if not isinstance(value, str):
        raise invalid("Invalid string", param=path)
    if len(value) > MAX_STRING:
        raise invalid(f"Invalid string: must be at most {MAX_STRING} characters", param=path)
    return value or None


def integer(value: Any, path: str) -> int:
    """Return a 64-bit integer."""
    if not isinstance(value, str) or not INTEGER.match(value) or abs(int(value)) >= INT64:
        raise invalid(f"Invalid integer: {value}", code="parameter_invalid_integer", param=path)
    return int(value)


def boolean(value: Any, path: str) -> bool:
    """Return the truth of the words `true` and `false`."""
    if value not in ("true", "false"):
        raise invalid(f"Invalid boolean: {value}", param=path)
    return bool(value == "true")


def decimal(value: Any, path: str) -> str:
    """Return a decimal number as the text it came in, at most 12 places."""
    if not isinstance(value, str) or not DECIMAL.match(value):
        raise invalid(f"Invalid decimal: {value}; must have at most 12 decimal places", param=path)
    return value


def number(value: Any, path: str) -> float:
    """Return a number with a fraction."""
    return float(decimal(value, path))


def anything(value: Any, path: str) -> Any:
    """Return the value as it came: the contract leaves it open."""
    del path
    return value


def enumeration(values: list[str | None]) -> Callable[[Any, str], Any]:
    """Return the check that a value is one of a closed list."""
    allowed = frozenset(values)
    listed = ", ".join(sorted(value for value in allowed if value))

    def check(value: Any, path: str) -> str | None:
        if not isinstance(value, str) or value not in allowed:
            name = path.rsplit("[", 1)[-1].rstrip("]")
            raise invalid(f"Invalid {name}: must be one of {listed}", param=path)
        return value or None

    return check


def map_entry(name: str, value: Any, path: str) -> str | None:
    """Return one metadata value; None removes the key. Limits are Stripe's documented ones."""
    param = f"{path}[{name}]"
    if not isinstance(value, str):
        raise invalid("Metadata values must be strings.", param=param)
    if len(name) > MAX_METADATA_KEY:
        raise invalid(f"Metadata keys can be at most {MAX_METADATA_KEY} characters: {name}", param=param)
    if len(value) > MAX_METADATA_VALUE:
        raise invalid(f"Metadata values can be at most {MAX_METADATA_VALUE} characters.", param=param)
    return value or None


BY_NAME: dict[str, Callable[[Any, str], Any]] = {
    "string": string,
    "integer": integer,
    "boolean": boolean,
    "decimal": decimal,
    "number": number,
    "any": anything,
    "object": anything,
}
