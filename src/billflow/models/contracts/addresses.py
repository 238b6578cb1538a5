"""Where a customer is and what it speaks: addresses and languages, checked against Unicode's locale data."""

from functools import cache
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, StringConstraints

from billflow.domain.errors import InvalidInput
from billflow.models.contracts.base import Contract

_NO_COUNTRIES = frozenset(["AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "XK", "ZZ"])
"""Codes that locale data names, but ISO 3166-1 does not assign to a country."""

_ALPHA_2 = 2


@cache
def countries() -> frozenset[str]:
    """Return the ISO 3166-1 alpha-2 codes."""
    from babel import Locale

    named = map(str, Locale("en").territories)
    return frozenset(code for code in named if len(code) == _ALPHA_2 and code.isalpha()) - _NO_COUNTRIES


def checked_country(code: str) -> str:
    """Return *code* in upper case, or raise `InvalidInput` where it is no ISO 3166-1 country."""
    if code.upper() not in countries():
        raise InvalidInput(
            f"{code!r} is no ISO 3166-1 country; use two letters such as DE.", code="unknown_country", field="country"
        )
    return code.upper()


def checked_language(tag: str) -> str:
    """Return a BCP 47 tag in its usual spelling, such as de-DE; raises `InvalidInput` for a language nobody knows."""
    from babel import Locale, UnknownLocaleError
    from babel.core import parse_locale

    try:
        Locale.parse(tag, sep="-")
        language, territory, script, *_ = parse_locale(tag, sep="-")
    except (ValueError, UnknownLocaleError):
        raise InvalidInput(
            f"{tag!r} is no known language; use a BCP 47 tag such as en-US.", code="unknown_language", field="language"
        ) from None
    return "-".join(part for part in (language, script, territory) if part)


Country = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2), AfterValidator(checked_country)]
Language = Annotated[str, StringConstraints(strip_whitespace=True, max_length=35), AfterValidator(checked_language)]
AddressLine = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


class Address(Contract):
    """A postal address; every part may be left out, and `country` is an ISO 3166-1 alpha-2 code."""

    model_config = ConfigDict(extra="forbid")

    street: AddressLine | None = None
    street2: AddressLine | None = None
    city: AddressLine | None = None
    postal_code: AddressLine | None = None
    state: AddressLine | None = None
    country: Country | None = None
