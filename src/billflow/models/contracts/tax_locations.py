"""What Stripe Tax goes by: where a customer is, and its tax number, as Stripe names the kinds of them."""

from typing import Any

from billflow.models.contracts.addresses import Address
from billflow.models.contracts.base import Contract
from billflow.models.contracts.registered_numbers import union_vat_number

Json = dict[str, Any]

_TYPES = {"AU": "au_abn", "CH": "ch_vat", "GB": "gb_vat", "NO": "no_vat", "NZ": "nz_gst", "US": "us_ein"}
"""What Stripe calls the tax numbers of businesses outside the Union, by country."""

_UNION = "eu_vat"
TAX_ID_TYPES = frozenset([_UNION, *_TYPES.values()])
"""The kinds of tax numbers that we bring to Stripe."""


class TaxLocation(Contract):
    """A customer's address, its tax number of a kind that Stripe knows, if any, and exemption."""

    address: Address
    tax_id_type: str | None = None
    tax_id: str | None = None
    is_exempt: bool = False


def tax_location(billing_address: Json | None, settings: Json, *, is_exempt: bool) -> TaxLocation:
    """Return what Stripe Tax goes by: the same address and number that decide by rates of one's own."""
    company = settings.get("company") or {}
    place = billing_address or company.get("address")
    parts = place if isinstance(place, dict) else {}
    # What was stored before addresses were checked is for Stripe to take or refuse.
    known: Json = {name: str(parts[name]) for name in Address.model_fields if parts.get(name)}
    address = Address.model_construct(**known)
    number, kind = company.get("tax_id"), _TYPES.get(address.country or "")
    if union := union_vat_number(number):
        number, kind = union, _UNION
    if not number or kind is None:
        return TaxLocation(address=address, is_exempt=is_exempt)
    return TaxLocation(address=address, tax_id_type=kind, tax_id=str(number), is_exempt=is_exempt)
