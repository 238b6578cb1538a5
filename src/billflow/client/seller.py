"""Calls about who sells."""

from base64 import b64encode
from typing import Any

from billflow.client.calls import Call, get, write
from billflow.models.contracts.seller import SellerResponse

_PATH = "/seller"


def show() -> Call[SellerResponse]:
    """Show who sells, and how far the series of invoice numbers are."""
    return get(_PATH, SellerResponse)


def apply(
    legal_name: str, address: dict[str, str], *, reason: str | None = None, key: str | None = None, **given: Any
) -> Call[SellerResponse]:
    """Issue invoices by this seller from now on; *given* are further fields of `SellerDocument`."""
    body = {"legal_name": legal_name, "address": address, "reason": reason, **given}
    return write("PUT", _PATH, SellerResponse, body, key)


def upload_logo(image: bytes, *, key: str | None = None) -> Call[SellerResponse]:
    """Print this PNG or SVG on invoices that are issued from now on."""
    return write("PUT", f"{_PATH}/logo", SellerResponse, {"image": b64encode(image).decode()}, key)


def remove_logo(*, key: str | None = None) -> Call[SellerResponse]:
    """Print no logo on invoices that are issued from now on."""
    return write("DELETE", f"{_PATH}/logo", SellerResponse, None, key)
