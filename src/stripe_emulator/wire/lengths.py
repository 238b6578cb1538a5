"""The lengths and forms of parameters that Stripe's reference names and the SDKs' types leave out.

Sources: "The maximum length is ... characters" on https://docs.stripe.com/api, `maxLength` in Stripe's OpenAPI file,
and https://docs.stripe.com/get-started/account/statement-descriptors. Every other text has 5,000 characters, and
metadata has its own limits (`scalars`).
"""

import re
from typing import Any

from stripe_emulator.errors import invalid
from stripe_emulator.types import Obj
from stripe_emulator.wire.scalars import MAX_STRING

_CUSTOM_FIELDS = {"custom_fields.name": 40, "custom_fields.value": 140}
_CUSTOMER = {
    "name": 256,
    "email": 512,
    "phone": 20,
    "business_name": 150,
    "individual_name": 150,
    "shipping.phone": 20,
    **{f"invoice_settings.{path}": length for path, length in _CUSTOM_FIELDS.items()},
}
_INVOICE = {"description": 1500, "statement_descriptor": 22, **_CUSTOM_FIELDS}
LENGTHS: dict[str, dict[str, int]] = {
    "customer.create": _CUSTOMER,
    "customer.update": _CUSTOMER,
    "customer_balance_transaction.create": {"description": 350},
    "customer_balance_transaction.update": {"description": 350},
    "invoice.create": _INVOICE,
    "invoice.update": _INVOICE,
}
"""The most characters of each text, by operation and the path of its parameter."""

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\Z")
_PREFIX = re.compile(r"[A-Z0-9]{1,12}\Z")
_DESCRIPTOR = re.compile(r"(?=.*[A-Za-z])[^<>\\'\"*\u0080-\U0010ffff]{5,22}\Z")


def check(operation_id: str, params: Obj) -> None:
    """Raise StripeError for a text that is too long, or not of the form that its parameter has."""
    _walk(LENGTHS.get(operation_id, {}), params, "", "")
    if operation_id in ("customer.create", "customer.update"):
        # [assume] how strict Stripe is with addresses.
        _form(params, "email", _EMAIL, "Invalid email address", code="email_invalid")
        _form(params, "invoice_prefix", _PREFIX, "The prefix must be 1-12 uppercase letters or numbers")
    if operation_id in ("invoice.create", "invoice.update"):
        form = "The statement descriptor must have 5 to 22 Latin characters, one letter, and none of < > \\ ' \" *"
        _form(params, "statement_descriptor", _DESCRIPTOR, form)


def length_of(operation_id: str, path: str) -> int:
    """Return the most characters of a text."""
    return LENGTHS.get(operation_id, {}).get(path, MAX_STRING)


def _walk(lengths: dict[str, int], value: Any, path: str, param: str) -> None:
    if isinstance(value, dict):
        for name, inner in value.items():
            below = f"{path}.{name}" if path else name
            _walk(lengths, inner, below, f"{param}[{name}]" if param else name)
    elif isinstance(value, list):
        for n, item in enumerate(value):
            _walk(lengths, item, path, f"{param}[{n}]")
    elif isinstance(value, str) and len(value) > lengths.get(path, MAX_STRING):
        raise invalid(f"Invalid string: must be at most {lengths[path]} characters", param=param)


def _form(params: Obj, name: str, form: re.Pattern[str], message: str, code: str | None = None) -> None:
    if params.get(name) is not None and not form.match(params[name]):
        raise invalid(f"{message}: {params[name]}", code=code, param=name)
