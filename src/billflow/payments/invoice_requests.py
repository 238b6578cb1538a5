"""What is asked of Stripe for each invoice, whose answers are read only as far as they are needed.

Stripe's client parses all of an answer, formats it for a log and makes an object of each part, a dozen and more for an
invoice, which takes longer than all else it does. So what nobody reads is left out before, and what is read is not
made such an object. Whoever needs more asks by the client's own methods.
"""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, Final, cast
from urllib.parse import quote

import stripe

from billflow.payments.client_session import reading_only

FIELDS: Final = (
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
)
"""What an invoice is read by that is on its way."""

OF_MONEY: Final = ("id", "status", "amount_paid")
"""What it is read by when it was to be paid."""

TAX, LINES = "automatic_tax", "lines"
"""What more is read of a draft, in parts of its own."""

_MORE: Mapping[str, tuple[str, ...]] = {"add_lines": (*FIELDS, TAX), "pay": OF_MONEY, "send": OF_MONEY}


async def create(
    client: stripe.StripeClient, params: stripe.params.InvoiceCreateParams, options: stripe.RequestOptions
) -> stripe.Invoice:
    """Make a draft; the answer has its lines."""
    return await _post(client, "/v1/invoices", params, options, (*FIELDS, TAX, LINES))


async def act(
    client: stripe.StripeClient,
    stripe_invoice_id: str,
    what: str,
    params: Mapping[str, object],
    options: stripe.RequestOptions,
) -> stripe.Invoice:
    """Do *what* Stripe's address of it names to an invoice: `add_lines`, `finalize`, `pay` or `send`."""
    path = f"/v1/invoices/{quote(stripe_invoice_id)}/{what}"
    return await _post(client, path, params, options, _MORE.get(what, FIELDS))


async def _post(
    client: stripe.StripeClient,
    path: str,
    params: Mapping[str, Any],
    options: stripe.RequestOptions,
    fields: tuple[str, ...],
) -> stripe.Invoice:
    with reading_only(fields):
        answer: stripe.StripeResponse = await client.raw_request_async("post", path, **params, **options)
    held = cast("dict[str, Any]", answer.data)
    if TAX in held:
        held[TAX] = SimpleNamespace(**held[TAX])
    if LINES in held:
        held[LINES] = client.deserialize(held[LINES], api_mode="V1")
    return cast("stripe.Invoice", SimpleNamespace(**held, last_response=answer))
