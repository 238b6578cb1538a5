"""Seller and buyer of an e-invoice, by the terms of EN 16931."""

from collections.abc import Mapping
from typing import Any

from billflow.models.contracts.customers import Buyer
from billflow.models.contracts.e_invoices import structured
from billflow.models.contracts.registered_numbers import union_vat_number
from billflow.models.contracts.seller import SellerDocument

_E_MAIL = "EM"
"""The scheme of electronic addresses that are e-mail addresses."""

_NOT_IN_XML = dict.fromkeys([*range(9), 11, 12, *range(14, 32), 0xFFFE, 0xFFFF])

Party = dict[str, Any]


def seller_party(seller: SellerDocument, *, with_vat_number: bool) -> Party:
    """Return who sells.

    Where nothing is subject to tax the norm forbids VAT numbers, and the seller's only number is its identifier.
    """
    only_number = None if with_vat_number or seller.registration_number else seller.vat_number
    vat_number = (seller.vat_number or "") if with_vat_number else ""
    is_prefixed = _is_prefixed(vat_number, seller.address.country)
    return _party(
        seller.legal_name,
        seller.address.model_dump(),
        seller.email,
        legal_identifier=seller.registration_number,
        legal_info=seller.footer,
        vat_identifier=vat_number if is_prefixed else None,
        tax_identifier=None if is_prefixed else vat_number,
        identifiers={None: only_number} if only_number else {},
    )


def buyer_party(buyer: Buyer, *, with_vat_number: bool) -> Party:
    """Return who buys; the customer number is its identifier, and its tax id is said where it is a VAT number."""
    number, address = buyer.erp_customer_number, structured(buyer.address) or {}
    vat_number = union_vat_number(buyer.tax_id) or buyer.tax_id or ""
    is_prefixed = _is_prefixed(vat_number, str(address.get("country")).upper())
    return _party(
        buyer.legal_name or buyer.name,
        address,
        buyer.email,
        vat_identifier=vat_number if with_vat_number and is_prefixed else None,
        identifiers={None: number} if number else {},
    )


def _is_prefixed(number: str, country: str) -> bool:
    """Tell whether a VAT number says its country, as the norm wants it (BR-CO-09)."""
    return number[:2] == country or union_vat_number(number) is not None


def text(written: str) -> str:
    """Return a text without the characters that XML can't hold."""
    return written.translate(_NOT_IN_XML)


def _party(name: str, address: Mapping[str, Any], email: str | None, **more: Any) -> Party:
    parts = {
        "name": name,
        "addr_l1": address.get("street"),
        "addr_l2": address.get("street2"),
        "postcode": address.get("postal_code"),
        "city": address.get("city"),
        "country_subdivision": address.get("state"),
        "country_code": str(address.get("country")).upper(),
        **more,
    }
    if email:
        parts |= {"einvoicing_addr": email, "einvoicing_addr_schemeid": _E_MAIL}
    return {name: text(part) if isinstance(part, str) else part for name, part in parts.items() if part}
