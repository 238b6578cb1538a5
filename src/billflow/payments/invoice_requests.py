"""What is asked of Stripe for each invoice, whose answers are read only as far as they are needed.

Stripe's client makes an object of each part of an answer, a dozen and more for an invoice, which takes longer than all
else it does; so what nobody reads is left out before. Whoever needs more asks by the client's own methods.
"""

from collections.abc import Mapping
from typing import Any, Final, cast
from urllib.parse import quote

import stripe

FIELDS: Final = (
    "object",
    "id",
    "customer",
    "status",
    "currency",
    "number",
    "hosted_invoice_url",
    "subtotal",
    "total",
    "amount_due",
    "amount_paid",
    "starting_balance",
    "ending_balance",
    "automatic_tax",
)
"""What an invoice is read by that is on its way."""

OF_MONEY: Final = ("object", "id", "status", "amount_paid")
"""What it is read by when it was to be paid."""

LINES: Final = "lines"


async def create(
    client: stripe.StripeClient, params: stripe.params.InvoiceCreateParams, options: stripe.RequestOptions
) -> stripe.Invoice:
    """Make a draft; the answer has its lines."""
    return await _post(client, "/v1/invoices", params, options, *FIELDS, LINES)


async def act(
    client: stripe.StripeClient,
    stripe_invoice_id: str,
    what: str,
    params: Mapping[str, object],
    options: stripe.RequestOptions,
) -> stripe.Invoice:
    """Do *what* Stripe's address of it names to an invoice: `add_lines`, `finalize`, `pay` or `send`."""
    fields = OF_MONEY if what in ("pay", "send") else FIELDS
    return await _post(client, f"/v1/invoices/{quote(stripe_invoice_id)}/{what}", params, options, *fields)


async def _post(
    client: stripe.StripeClient, path: str, params: Mapping[str, Any], options: stripe.RequestOptions, *fields: str
) -> stripe.Invoice:
    answer: stripe.StripeResponse = await client.raw_request_async("post", path, **params, **options)
    held = cast("dict[str, object]", answer.data)
    answer.data = {name: held[name] for name in fields if name in held}
    return cast("stripe.Invoice", client.deserialize(answer, api_mode="V1"))
