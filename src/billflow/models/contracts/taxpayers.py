"""What of a customer decides on its tax: where it is, and the VAT number of the Union that it has, if any."""

from typing import Any

from billflow.domain.tax.policy import Taxpayer
from billflow.models.contracts.registered_numbers import check_tax_id, union_vat_number

Json = dict[str, Any]


def taxpayer(billing_address: Json | None, settings: Json, *, is_exempt: bool) -> Taxpayer:
    """Return what decides on the tax of a customer: its billing address, or else that of its company."""
    company = settings.get("company") or {}
    address = billing_address or company.get("address")
    place = address if isinstance(address, dict) else {}
    return Taxpayer(
        country=_code(place.get("country")),
        region=_code(place.get("state")),
        postal_code=_code(place.get("postal_code")),
        vat_number=union_vat_number(company.get("tax_id")),
        is_exempt=is_exempt,
    )


def _code(text: object) -> str | None:
    return str(text).strip().upper() or None if text else None


def check_taxpayer(billing_address: Json | None, settings: Json) -> None:
    """Refuse a tax id that says it is a VAT number, but is none, or of another country than the customer.

    Raises `InvalidInput`.
    """
    who = taxpayer(billing_address, settings, is_exempt=False)
    if tax_id := (settings.get("company") or {}).get("tax_id"):
        check_tax_id(str(tax_id), who.country)
