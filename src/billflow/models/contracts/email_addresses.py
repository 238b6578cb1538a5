"""E-mail addresses: what may be written to, one recipient each."""

from email.errors import MessageError
from email.headerregistry import UniqueAddressHeader
from email.policy import default
from typing import Annotated

from pydantic import AfterValidator, StringConstraints

from billflow.domain.errors import InvalidInput

_ATOM = r"[^\s@()<>\[\]:;,\\.\x22\x00-\x1f\x7f]+"
_PATTERN = rf"^{_ATOM}(\.{_ATOM})*@{_ATOM}(\.{_ATOM})*$"


def checked_email(address: str) -> str:
    """Return *address*, or raise `InvalidInput` unless a mail to it has exactly this recipient."""
    if recipients(address) != [address]:
        raise InvalidInput(
            "That is not one e-mail address, such as kim@example.com; correct it.", code="bad_email", field="email"
        )
    return address


def recipients(header: str) -> list[str]:
    """Return the addresses that a mail's header names, without their display names; none where it can't be read."""
    try:
        parsed = default.header_factory("To", header)
        return [one.addr_spec for one in parsed.addresses] if isinstance(parsed, UniqueAddressHeader) else []
    except (AttributeError, IndexError, ValueError, MessageError):
        # What Python's parser raises depends on how the text is broken.
        return []


Email = Annotated[
    str, StringConstraints(strip_whitespace=True, pattern=_PATTERN, max_length=320), AfterValidator(checked_email)
]
