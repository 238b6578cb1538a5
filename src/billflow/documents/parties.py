"""Who sells and who buys, line by line as they are printed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from stdnum import iban
from stdnum.eu import vat

from billflow.documents.content import DocumentContent
from billflow.models.contracts.customers import Buyer
from billflow.models.contracts.documents import Logo, Seller

_CITY_BEFORE_CODE = frozenset(["AU", "CA", "GB", "IE", "IN", "NZ", "US", "ZA"])
"""Countries that write the postal code behind the city."""

_PROVINCE_AFTER_CITY = frozenset(["IT"])
"""Countries that write the province, of two letters, behind the city."""

_ADDRESS = ("street", "street2", "postal_code", "city", "state", "country")


@dataclass(frozen=True, slots=True, kw_only=True)
class SellerBlock:
    """Who sells: the name, what stands below it, how to pay by bank transfer, and what ends the document."""

    name: str
    lines: tuple[str, ...]
    logo: Logo | None
    bank: tuple[tuple[str, str], ...]
    footer: str | None


def seller_block(seller: Seller, content: DocumentContent) -> SellerBlock:
    """Return the seller as it is printed."""
    return SellerBlock(
        name=seller.name,
        lines=tuple(_seller_lines(seller, content)),
        logo=seller.logo,
        bank=tuple(_bank(seller, content)),
        footer=seller.details.footer if seller.details else None,
    )


def buyer_lines(buyer: Buyer, content: DocumentContent) -> Iterator[str]:
    """Yield the buyer: name, address, e-mail address and tax id."""
    yield buyer.legal_name or buyer.name
    if isinstance(buyer.address, str):
        yield from buyer.address.splitlines()
    else:
        yield from address_lines(buyer.address or {}, content)
    if buyer.email:
        yield buyer.email
    if buyer.tax_id:
        yield _tax_number(
            buyer.tax_id, content.words.vat_number if vat.is_valid(buyer.tax_id) else content.words.tax_id
        )


def address_lines(address: Mapping[str, Any], content: DocumentContent) -> Iterator[str]:
    """Yield an address as its country writes it, the country in the document's language; else whatever it holds."""
    street, street2, code, city, state, country = (str(address.get(part) or "") for part in _ADDRESS)
    named = str(content.locale.territories.get(country.upper(), country))
    if not any((street, code, city)):
        yield from (named if part == country else str(part) for part in address.values() if part)
        return
    yield from filter(None, (street, street2))
    if country in _CITY_BEFORE_CODE:
        yield " ".join(filter(None, (", ".join(filter(None, (city, state))), code)))
    elif country in _PROVINCE_AFTER_CITY:
        yield " ".join(filter(None, (code, city, state)))
    else:
        yield from filter(None, (" ".join(filter(None, (code, city))), state))
    if country:
        yield named


def _seller_lines(seller: Seller, content: DocumentContent) -> Iterator[str]:
    if (details := seller.details) is None:
        return
    yield from address_lines(details.address.model_dump(), content)
    if details.vat_number:
        yield _tax_number(details.vat_number, content.words.vat_number)
    yield from filter(None, (details.registration_number, details.email))


def _tax_number(number: str, label: str) -> str:
    """Return a number behind what it is; a Swiss one says that itself."""
    return number if number.startswith("CHE") else f"{label} {number}"


def _bank(seller: Seller, content: DocumentContent) -> Iterator[tuple[str, str]]:
    if seller.details is None or (bank := seller.details.bank) is None:
        return
    yield content.words.account_holder, bank.account_holder
    yield "IBAN", iban.format(bank.iban)
    if bank.bic:
        yield "BIC", bank.bic
    if bank.bank:
        yield content.words.bank, bank.bank
