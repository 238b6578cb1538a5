"""Keep personal data out of logs, whoever writes the line: known fields, e-mail addresses, values of database rows."""

import re
from typing import Any

from structlog.typing import EventDict, WrappedLogger

from billflow.models.personal_fields import PERSONAL

HIDDEN = "[hidden]"

FIELDS = PERSONAL | {
    "address",
    "bcc",
    "body",
    "cc",
    "contact",
    "contacts",
    "customer_name",
    "legal_name",
    "parameters",
    "params",
    "phone",
    "recipient",
    "recipients",
    "tax_id",
    "vat_id",
}
"""The fields of log lines that are dropped, at any depth."""

_EMAIL = re.compile(r"[^\s@<>\"'(),;:=\[\]{}]+@[^\s@<>\"'(),;:=\[\]{}]+\.[^\s@<>\"'(),;:=\[\]{}]+")
_ROW_VALUES = re.compile(r"^(\s*(?:DETAIL|CONTEXT):).*(?:\n(?!\[SQL|Traceback|\S+Error|  File).+)*", re.MULTILINE)
"""What PostgreSQL adds to its errors: the values of the row at fault."""


def without_personal_data(_: WrappedLogger, __: str, line: EventDict) -> EventDict:
    """Return a log line without known personal fields, e-mail addresses and values of database rows."""
    return {name: _clean(value) for name, value in line.items() if name not in FIELDS}


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return _clean_text(value)
    if isinstance(value, dict):
        return {_clean(name): _clean(held) for name, held in value.items() if name not in FIELDS}
    return [_clean(held) for held in value] if isinstance(value, list | tuple) else value


def _clean_text(text: str) -> str:
    if "DETAIL:" in text or "CONTEXT:" in text:
        text = _ROW_VALUES.sub(rf"\1 {HIDDEN}", text)
    return _EMAIL.sub(HIDDEN, text) if "@" in text else text
