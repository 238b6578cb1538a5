"""What comes in and what goes out, free of any web framework."""

import json
from dataclasses import dataclass, field

from stripe_emulator.types import Obj

API_VERSION = "2026-10-28.endive"


@dataclass(frozen=True, slots=True)
class RawRequest:
    """A request as read off the socket; header names are lower case."""

    method: str
    path: str
    query: str
    body: str
    headers: dict[str, str]


@dataclass(slots=True)
class Response:
    """An answer: `body` is the encoded JSON, `effect` names what befalls it on the way out."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    effect: str = ""


def encode(body: Obj) -> bytes:
    """Return JSON in UTF-8 without blanks."""
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
