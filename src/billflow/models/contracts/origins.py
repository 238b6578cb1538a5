"""Origins: scheme, host and port of pages, by which a browser tells whose they are."""

from ipaddress import ip_address
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, StringConstraints

from billflow.domain.errors import InvalidInput


def checked_origin(text: str) -> str:
    """Return *text*, or raise `InvalidInput` where it is no origin over TLS or of this machine.

    It is written as a browser writes it in the header `Origin`, so that equal origins are equal texts.
    """
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise _no_origin(text) from None
    written = f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{f':{port}' if port is not None else ''}"
    usual = {"https": 443, "http": 80}.get(parts.scheme)
    if not _is_host(host) or written != text or port in (0, usual) or not _is_safe(parts.scheme, host):
        raise _no_origin(text)
    return text


def _is_host(host: str) -> bool:
    return bool(host) and host.isascii() and all(one.isalnum() or one in "-.:" for one in host)


def _is_safe(scheme: str, host: str) -> bool:
    if scheme != "http":
        return scheme == "https"
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _no_origin(text: str) -> InvalidInput:
    message = f"{text!r} is no origin of pages over TLS; write it as https://app.example, with nothing behind it."
    return InvalidInput(message, code="bad_origin", field="origin")


Origin = Annotated[str, StringConstraints(max_length=300), AfterValidator(checked_origin)]
