"""Calls about who sells."""

from base64 import b64encode

from billflow.client.calls import Call, get, plain, write
from billflow.models.contracts.seller import SellerDocument, SellerResponse

_PATH = "/seller"


def show() -> Call[SellerResponse]:
    """Show who sells, and how far the series of invoice numbers are."""
    return get(_PATH, SellerResponse)


def apply(seller: SellerDocument, *, reason: str | None = None, key: str | None = None) -> Call[SellerResponse]:
    """Issue invoices by this seller from now on; those that are issued stay as they are, and so does the logo."""
    return write("PUT", _PATH, SellerResponse, {**plain(seller), "reason": reason}, key)


def logo() -> Call[bytes]:
    """Return the logo that is printed on invoices, a PNG or SVG; raises `NotFound` where there is none."""
    return get(f"{_PATH}/logo", bytes)


def upload_logo(image: bytes, *, key: str | None = None) -> Call[SellerResponse]:
    """Print this PNG or SVG on invoices that are issued from now on."""
    return write("PUT", f"{_PATH}/logo", SellerResponse, {"image": b64encode(image).decode()}, key)


def remove_logo(*, key: str | None = None) -> Call[SellerResponse]:
    """Print no logo on invoices that are issued from now on."""
    return write("DELETE", f"{_PATH}/logo", SellerResponse, None, key)
