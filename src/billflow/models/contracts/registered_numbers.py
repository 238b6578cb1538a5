"""Numbers that somebody assigns and that check themselves: bank accounts, banks and VAT numbers."""

import re
from typing import Annotated

from pydantic import AfterValidator, StringConstraints

from billflow.domain.errors import InvalidInput

_VAT_PREFIXES = {"EL": "GR", "XI": "GB"}
"""Prefixes of VAT numbers that are no code of a country: Greece, and Northern Ireland."""

_VAT_AREAS = {"IM": "GB", "LI": "CH", "MC": "FR"}
"""Countries whose sellers have VAT numbers of another."""

_PREFIXED = frozenset(["CH", "GB", "NO"])
"""Countries outside the Union that write their code before the number."""

_PREFIX = 2

_UNION_NUMBER = re.compile(
    r"(?P<country>AT|BE|BG|CY|CZ|DE|DK|EE|EL|ES|FI|FR|HR|HU|IE|IT|LT|LU|LV|MT|NL|PL|PT|RO|SE|SI|SK|XI)[0-9A-Z+*]{5,13}"
)
_FEWEST_DIGITS = 5


def checked_iban(number: str) -> str:
    """Return an IBAN without spaces, or raise `InvalidInput`."""
    from stdnum import exceptions, iban

    try:
        return str(iban.validate(number))
    except exceptions.ValidationError:
        raise InvalidInput(
            f"{number!r} is no IBAN; copy it from a bank statement, such as DE89 3704 0044 0532 0130 00.",
            code="invalid_iban",
        ) from None


def checked_bic(number: str) -> str:
    """Return a BIC in capitals, or raise `InvalidInput`."""
    from stdnum import bic, exceptions

    try:
        return str(bic.validate(number))
    except exceptions.ValidationError:
        raise InvalidInput(
            f"{number!r} is no BIC; use the 8 or 11 characters that the bank names, or leave it out.",
            code="invalid_bic",
        ) from None


def checked_vat_number(number: str, country: str) -> str:
    """Return the VAT number of a seller in *country*, in the Union with its prefix; raises `InvalidInput`.

    Where nobody says how a country's numbers are made, any number that is not another country's is taken.
    """
    from stdnum import exceptions

    owner = _owner(number)
    if owner not in (None, _VAT_AREAS.get(country, country)):
        raise InvalidInput(
            f"{number!r} is of {owner}, but address.country is {country}; correct one of them.",
            code="vat_number_of_another_country",
        )
    try:
        return _validated(number, _VAT_AREAS.get(country, country))
    except exceptions.ValidationError:
        raise InvalidInput(
            f"{number!r} is no VAT number of {country}; copy it from what the tax office wrote, or leave it out.",
            code="invalid_vat_number",
        ) from None


def union_vat_number(number: object) -> str | None:
    """Return a VAT number of the Union without spaces, None for what is none by its form and digits."""
    from stdnum.eu import vat

    return str(vat.compact(str(number))) if number and vat.is_valid(str(number)) else None


def check_tax_id(tax_id: str, country: str | None) -> None:
    """Refuse a customer's tax id that says it is a VAT number of the Union, but is none, or not of its *country*.

    Any other text is taken: countries have tax numbers of many kinds. Raises `InvalidInput`.
    """
    found = _UNION_NUMBER.fullmatch(re.sub(r"[\s.-]", "", tax_id.upper()))
    if found is None or sum(letter.isdigit() for letter in tax_id) < _FEWEST_DIGITS:
        return
    owner = _VAT_PREFIXES.get(found["country"], found["country"])
    if union_vat_number(tax_id) is None:
        raise InvalidInput(
            f"{tax_id!r} is no VAT number of {owner}; copy it from what the customer's tax office wrote.",
            code="invalid_vat_number",
            field="settings.company.tax_id",
        )
    if country is not None and owner != _VAT_AREAS.get(country, country):
        raise InvalidInput(
            f"{tax_id!r} is of {owner}, but the customer's address is in {country}; correct one of them.",
            code="vat_number_of_another_country",
            field="settings.company.tax_id",
        )


def _owner(number: str) -> str | None:
    """Return the country whose VAT number it is by its prefix, None where it has none."""
    from stdnum.eu import vat

    prefix = number.strip()[:_PREFIX].upper()
    if vat.is_valid(number) or prefix in _PREFIXED:
        return _VAT_PREFIXES.get(prefix, prefix)
    return None


def _validated(number: str, country: str) -> str:
    import stdnum
    from stdnum.ch import uid
    from stdnum.eu import vat

    if vat.is_valid(number):
        return str(vat.validate(number))
    if country.lower() in vat.MEMBER_STATES:
        return str(vat.validate(f"{'EL' if country == 'GR' else country}{number}"))
    rules = stdnum.get_cc_module(country, "vat")
    # A Swiss number is printed with and without the three letters of the tax behind it.
    if rules is not None and not (country == "CH" and uid.is_valid(number)):
        rules.validate(number)
    return number


Iban = Annotated[str, StringConstraints(strip_whitespace=True, max_length=50), AfterValidator(checked_iban)]
Bic = Annotated[str, StringConstraints(strip_whitespace=True, max_length=20), AfterValidator(checked_bic)]
