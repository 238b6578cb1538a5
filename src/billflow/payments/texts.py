"""The lengths that Stripe's reference sets for the texts we send, and what is done about each before sending.

Sources: https://docs.stripe.com/api ("The maximum length is ... characters" of each parameter; `maxLength` in Stripe's
OpenAPI file), https://docs.stripe.com/api/metadata, and for statements
https://docs.stripe.com/get-started/account/statement-descriptors. The Stripe emulator has them in a table of its own,
which a test compares with this one; another test asks for every text that a request has.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar, cast

from billflow.ports.payments import PaymentsRejected

Params = TypeVar("Params", bound=Mapping[str, object])

MOST = 5000
"""The length of every text for which Stripe's reference has no other: ids, words of a list, addresses."""

DESCRIPTOR = range(5, 23)
"""How many characters the text on a card statement has."""

METADATA_PAIRS, METADATA_KEY, METADATA_VALUE = 50, 40, 500
_NOT_IN_DESCRIPTORS = str.maketrans("", "", "<>\\'\"*")


@dataclass(frozen=True, slots=True)
class Length:
    """The most characters of one text. What only people read is cut; the rest is refused where it is longer."""

    most: int = MOST
    cut: bool = False


_FIXED = Length()
LENGTHS: dict[str, dict[str, Length]] = {
    "customer.create": {"name": Length(256, cut=True), "email": Length(512)},
    "customer.update": {
        "name": Length(256, cut=True),
        "email": Length(512),
        "address.line1": _FIXED,
        "address.line2": _FIXED,
        "address.city": _FIXED,
        "address.postal_code": _FIXED,
        "address.state": _FIXED,
        "address.country": _FIXED,
        "tax_exempt": _FIXED,
    },
    "customer_tax_id.create": {"type": _FIXED, "value": _FIXED},
    "customer_balance_transaction.create": {"currency": _FIXED, "description": Length(350, cut=True)},
    "invoice.create": {
        "customer": _FIXED,
        "currency": _FIXED,
        "collection_method": _FIXED,
        "discounts": _FIXED,
        "pending_invoice_items_behavior": _FIXED,
        "statement_descriptor": Length(22),
    },
    "invoice.update": {},
    # Shorter than Stripe's 5,000: what does not fit into a line of an invoice is of no use to anybody.
    "invoice.add_lines": {"lines.description": Length(500, cut=True)},
    "credit_note.create": {
        "invoice": _FIXED,
        "reason": _FIXED,
        "memo": Length(5000, cut=True),
        "lines.type": _FIXED,
        "lines.description": Length(5000, cut=True),
    },
    "refund.create": {"payment_intent": _FIXED, "reason": _FIXED},
    "checkout.session.create": {"mode": _FIXED, "customer": _FIXED, "currency": _FIXED, "success_url": _FIXED},
    "billing_portal.session.create": {"customer": _FIXED, "return_url": _FIXED},
}
"""Every text of each request but its metadata, by the path of its field; items of lists have no number in it."""


def fitted(operation: str, params: Params) -> Params:
    """Return the request with its texts in Stripe's lengths; raises `PaymentsRejected` for one that can't be cut."""
    return cast("Params", _fit(operation, "", params))


def statement_descriptor(text: str) -> str | None:
    """Return what a card statement may show of *text*: 5 to 22 Latin characters; None where that needs a letter more.

    Accents go, and so does what Stripe refuses there.
    """
    latin = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().translate(_NOT_IN_DESCRIPTORS)
    allowed = " ".join(latin.split())[: DESCRIPTOR.stop - 1].strip()
    fits = len(allowed) in DESCRIPTOR and any(character.isalpha() for character in allowed)
    return allowed if fits else None


def _fit(operation: str, path: str, value: object) -> object:
    if isinstance(value, str):
        return _text(operation, path, value)
    if isinstance(value, dict):
        return {
            name: _metadata(operation, inner) if name == "metadata" else _fit(operation, _below(path, name), inner)
            for name, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return [_fit(operation, path, item) for item in value]
    return value


def _text(operation: str, path: str, text: str) -> str:
    length = LENGTHS[operation].get(path, _FIXED)
    if len(text) <= length.most:
        return text
    if not length.cut:
        raise _too_long(operation, path, length.most)
    return f"{text[: length.most - 1].rstrip()}…"


def _metadata(operation: str, pairs: object) -> object:
    if isinstance(pairs, Mapping):
        if len(pairs) > METADATA_PAIRS:
            raise _too_long(operation, "metadata", METADATA_PAIRS)
        for key, value in pairs.items():
            if len(key) > METADATA_KEY or len(str(value)) > METADATA_VALUE:
                raise _too_long(operation, f"metadata.{key[:METADATA_KEY]}", METADATA_VALUE)
    return pairs


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _too_long(operation: str, path: str, most: int) -> PaymentsRejected:
    return PaymentsRejected(f"Stripe takes at most {most} of {path} in {operation}; make it shorter.", code="too_long")
