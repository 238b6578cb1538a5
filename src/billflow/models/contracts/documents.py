"""What an invoice on paper needs beside the invoice: who sells."""

from billflow.models.contracts.base import Contract
from billflow.models.contracts.seller import SellerDocument

MOST_LOGO_BYTES = 256 * 1024


class Logo(Contract):
    """A picture to print: PNG or SVG, as `checked_logo` lets it pass."""

    media_type: str
    content: bytes


class Seller(Contract):
    """Who sells: a version of the seller, or the organization's name alone where it had applied none."""

    name: str
    details: SellerDocument | None = None
    logo: Logo | None = None
